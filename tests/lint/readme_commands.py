#!/usr/bin/python3
"""Fails unless the README's table of commands names exactly the commands that `listenq --help` lists.

usage: readme_commands.py LISTENQ README
"""

import re
import subprocess
import sys


def section(lines, heading):
    """The lines below `heading`, up to the next line that starts like a heading of the same kind."""
    start = lines.index(heading) + 1
    rest = lines[start:]
    ends = [i for i, line in enumerate(rest) if line.startswith("## ") or re.match(r"\S.*:$", line)]
    return rest[: ends[0]] if ends else rest


def commands_of_help(program):
    lines = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout.splitlines()
    found = (re.match(r"  ([a-z][a-z-]*)\b", line) for line in section(lines, "Commands:"))
    return {match.group(1) for match in found if match}


def commands_of_readme(path):
    with open(path) as file:
        lines = file.read().splitlines()
    found = (re.match(r"\| `listenq ([a-z][a-z-]*)", line) for line in section(lines, "## Commands"))
    return {match.group(1) for match in found if match}


def main():
    program, readme = sys.argv[1:]
    in_help, in_readme = commands_of_help(program), commands_of_readme(readme)
    if not in_help:
        sys.exit(f"{program} --help lists no commands")
    for name in sorted(in_help - in_readme):
        print(f"{readme}: the table of commands lacks {name}")
    for name in sorted(in_readme - in_help):
        print(f"{readme}: the table of commands has {name}, which {program} does not know")
    sys.exit(0 if in_help == in_readme else 1)


if __name__ == "__main__":
    main()
