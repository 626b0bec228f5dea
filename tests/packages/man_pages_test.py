#!/usr/bin/python3
"""Whether the man page of a program names every command and flag of its --help, and formats without a complaint.

usage: man_pages_test.py PROGRAM SECTION
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def output_of(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def words_of(program, *command):
    """The flags and commands that a help has, those of its commands included."""
    text = output_of(program, *command, "--help")
    words = set(re.findall(r"(?:^|[\s,])(--?[a-z][a-z-]*)", text))
    commands = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.MULTILINE)
    for name in re.findall(r"^  ([a-z][a-z-]*)", commands.group(1) if commands else "", re.MULTILINE):
        words |= {name} | words_of(program, *command, name)
    return words


def main():
    program, section = sys.argv[1:]
    page = output_of(ROOT / "tools/man_page", program, section)
    plain = page.replace("\\-", "-")
    words = words_of(program)
    missing = sorted(word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", plain))
    if len(words) < 5 or missing:
        sys.exit(f"the man page of {program} lacks, of {len(words)} words: {missing}")
    formatted = subprocess.run(["groff", "-Kutf8", "-Tutf8", "-man", "-ww"], input=page, text=True, check=True,
                               capture_output=True)
    if formatted.stderr:
        sys.exit(formatted.stderr)


if __name__ == "__main__":
    main()
