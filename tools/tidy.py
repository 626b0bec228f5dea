#!/usr/bin/python3
"""Runs clang-tidy over the sources of the programs, as many at a time as there are cores. Not over those of the tests:
GoogleTest's macros and headers make that dear, and the tests themselves run under sanitizers.

A file that was clean is not looked at again until what the compiler sees of it changes, comments included, or
the checks do. What is known to be clean is kept below $XDG_CACHE_HOME/listenq/tidy for 30 days.

usage: tidy.py BUILD_FOLDER (with compile_commands.json)
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT_SECONDS = 30 * 24 * 3600


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "listenq" / "tidy"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.stat().st_mtime < time.time() - KEPT_SECONDS:
            entry.unlink()
    return folder


def commands(build):
    """(file, compile command) of each source that is ours, no test and not generated."""
    others = {build, ROOT / "tests"}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if file.suffix == ".cc" and others.isdisjoint(file.parents):
            yield file, shlex.split(entry["command"])


def output_of(command, folder):
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def key(file, command, build, version):
    """Names what clang-tidy would see, wherever the tree lies."""
    stop = command.index("-o")
    preprocess = command[:stop] + ["-E", "-P", "-C", str(file)]
    config = output_of(["clang-tidy", "--dump-config", "-p", str(build), str(file)], ROOT)
    seen = b"\0".join([version, config, shlex.join(command).encode(), output_of(preprocess, build)])
    return hashlib.sha256(seen.replace(str(ROOT).encode(), b"")).hexdigest()


def check(file, command, build, version, cache):
    """What clang-tidy found; "" for nothing."""
    clean = cache / key(file, command, build, version)
    if clean.exists():
        clean.touch()
        return ""
    run = subprocess.run(
        ["clang-tidy", "--quiet", "-p", str(build), str(file)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode == 0:
        clean.touch()
        return ""
    return run.stdout or run.stderr


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    version = output_of(["clang-tidy", "--version"], ROOT)
    cache = cache_folder()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(check, *entry, build, version, cache) for entry in commands(build)]
        found = [run.result() for run in runs]
    dirty = [text for text in found if text]
    print(*dirty, sep="\n", end="")
    print(f"clang-tidy: {len(found)} files, {len(dirty)} with findings")
    sys.exit(1 if dirty or not found else 0)


if __name__ == "__main__":
    main()
