#!/usr/bin/python3
"""Prints which tests of a ctest run were skipped and why, by the tests' own messages, the same reason once.

usage: skipped_tests.py JUNIT_FILE (from `ctest --output-junit`)
"""

import collections
import re
import sys
import xml.etree.ElementTree


def reason_of(output):
    """The text that GTEST_SKIP() << ... printed: what stands between "Skipped" and the closing line; or after "skipped: "."""
    match = re.search(r"Skipped\n(.*?)\n*\[  SKIPPED \]", output, re.DOTALL) or re.search(r"^skipped: (.*)$", output, re.MULTILINE)
    text = " ".join(match.group(1).split()) if match else ""
    return text or "no reason given"


def skipped_by_reason(path):
    by_reason = collections.defaultdict(list)
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            by_reason[reason_of(case.findtext("system-out") or "")].append(case.get("name"))
    return by_reason


def main():
    by_reason = skipped_by_reason(sys.argv[1])
    if not by_reason:
        print("No test was skipped.")
        return
    count = sum(map(len, by_reason.values()))
    print(f"Skipped: {count} test{'' if count == 1 else 's'}")
    for reason, names in sorted(by_reason.items()):
        print(f"  {reason}")
        for name in sorted(names):
            print(f"    {name}")


if __name__ == "__main__":
    main()
