#!/usr/bin/python3
"""Every flag that the chart gives is one of the program's.

usage: flags_test.py LISTENQ-AGENT LISTENQ-AGGREGATOR LISTENQ
"""

import re
import subprocess
import sys
import unittest

import chart

PROGRAMS = {}


def flags_of(*command):
    text = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"(--[a-z][a-z-]*)", text))


class Flags(unittest.TestCase):
    def check(self, container, known):
        self.assertTrue(known)
        for what, objects in chart.all_renderings():
            for _, spec in chart.pod_specs(objects):
                for each in spec["containers"]:
                    if each["name"] == container:
                        given = {arg.partition("=")[0] for arg in each["args"] if arg.startswith("--")}
                        self.assertTrue(given)
                        self.assertEqual(given - known, set(), what)

    def test_agents(self):
        self.check("agent", flags_of(PROGRAMS["agent"]))

    def test_fronts_and_aggregators(self):
        known = flags_of(PROGRAMS["aggregator"])
        self.check("front", known)
        self.check("aggregator", known)

    def test_tests(self):
        self.check("nodes", flags_of(PROGRAMS["cli"], "nodes"))


if __name__ == "__main__":
    PROGRAMS.update(zip(("agent", "aggregator", "cli"), sys.argv[1:4]))
    chart.main()
