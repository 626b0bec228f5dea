#!/usr/bin/python3
"""values.yaml: every key has a comment, is in the schema and is used; what is mistyped is refused."""

import json
import re
import unittest

import yaml

import chart


def schema():
    return json.loads((chart.CHART / "values.schema.json").read_text())


def objects_of(node, path=()):
    """(path, node) of each part of a schema that has properties."""
    if "properties" in node:
        yield path, node
        for key, child in node["properties"].items():
            yield from objects_of(child, (*path, key))
    if "items" in node:
        yield from objects_of(node["items"], (*path, "[]"))


def own_keys(node, path=()):
    """The chart's own keys: those of the schema down to where Kubernetes' begin."""
    for key, child in node.get("properties", {}).items():
        if (*path, key) == ("global",):
            continue  # Helm's
        yield (*path, key)
        if not child.get("type") == "array":
            yield from own_keys(child, (*path, key))


def keys_with_lines(node, path=()):
    """(path, line) of each key of a YAML mapping, by its position in the file."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line
            yield from keys_with_lines(value, (*path, key.value))


def value_at(values, path):
    for key in path:
        values = values[key]
    return values


class Values(unittest.TestCase):
    def setUp(self):
        self.text = (chart.CHART / "values.yaml").read_text()
        self.values = yaml.safe_load(self.text)

    def test_every_key_has_a_comment_above(self):
        lines = self.text.splitlines()
        at = dict(keys_with_lines(yaml.compose(self.text)))
        for path in own_keys(schema()):
            with self.subTest(".".join(path)):
                if path not in at:
                    self.assertEqual(value_at(self.values, path[:-1]), {}, "a key that values.yaml leaves out")
                    continue  # of a value that is empty by default; its comment names them
                self.assertRegex(lines[at[path] - 1], r"^ *# \S")

    def test_every_key_is_in_the_schema(self):
        known = set(own_keys(schema()))
        for path, _ in keys_with_lines(yaml.compose(self.text)):
            covered = any(path[: len(key)] == key and not self.has_own_keys(key) for key in known)
            self.assertTrue(path in known or covered, path)

    def has_own_keys(self, path):
        node = schema()
        for key in path:
            node = node["properties"][key]
        return "properties" in node

    def test_schema_takes_nothing_unknown(self):
        for path, node in objects_of(schema()):
            self.assertIs(node.get("additionalProperties"), False, path)

    def test_every_key_is_used(self):
        templates = "\n".join(path.read_text() for path in (chart.CHART / "templates").rglob("*") if path.is_file())
        for path in own_keys(schema()):
            # Looked up by (printf "%sName" …): tls_test.py has them.
            if path[:2] != ("tls", "existingSecret"):
                self.assertRegex(templates, r"[.\"]" + re.escape(path[-1]) + r"\b", path)

    def test_mistyped_values_are_refused_by_name(self):
        wrong = {
            "agent.logLevl=info": "Additional property logLevl is not allowed",
            "agent.logLevel=loud": "agent.logLevel must be one of",
            "processes=maybe": "processes: Invalid type. Expected: boolean",
            "tls.method=hlm": "tls.method must be one of",
            "runtime.preset=docker": "runtime.preset must be one of",
            "agent.netnsFolder=run/netns": "agent.netnsFolder: Does not match pattern",
            "aggregator.peerTimeout=2": "aggregator.peerTimeout: Invalid type",
            "networkPolicy.apiServerPorts={https}": "networkPolicy.apiServerPorts.0: Invalid type",
            "image.agent.digest=sha256:1": "image.agent.digest: Does not match pattern",
            "tls.helm.certDays=0": "tls.helm.certDays: Must be greater than or equal to 1",
        }
        for setting, words in wrong.items():
            with self.subTest(setting):
                self.assertIn(words, chart.refusal(sets=[setting]))

    def test_what_belongs_together_is_asked_for_by_name(self):
        wrong = {
            ("runtime.preset=custom",): "set runtime.folder",
            ("runtime.preset=custom", "runtime.folder=/run/x"): "set runtime.socket",
            ("tls.method=existingSecret", "tls.existingSecret.aggregator=a"): "set tls.existingSecret.front",
            ("tls.method=existingSecret", "tls.existingSecret.front=a"): "set tls.existingSecret.aggregator",
        }
        for settings, words in wrong.items():
            with self.subTest(settings):
                self.assertIn(words, chart.refusal(sets=settings))

    def test_named_in_the_docs_are_there(self):
        text = (chart.ROOT / "docs" / "kubernetes.md").read_text()
        known = set(own_keys(schema()))
        sections = {path[0] for path in known}
        named = {tuple(name.split(".")) for name in re.findall(r"`([a-z]\w*(?:\.\w+)+)", text)}
        named = {path for path in named if path[0] in sections}
        self.assertGreater(len(named), 20)
        files = {("tls", "crt"), ("tls", "key")}
        self.assertEqual(named - known - files, set())

    def test_defaults_pass_their_own_schema(self):
        self.assertTrue(chart.render())
        self.assertEqual(value_at(self.values, ("image", "tag")), "")


if __name__ == "__main__":
    chart.main()
