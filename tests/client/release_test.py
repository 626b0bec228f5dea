#!/usr/bin/python3
"""The archives of the kubectl plugin and their krew manifest, as deploy/kubectl/release makes them."""

import hashlib
import pathlib
import re
import subprocess
import tarfile
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "deploy/kubectl/release"
URL = "https://example.org/v0"
PROGRAM = b"\x7fELF, or so"


def make(folder):
    program = pathlib.Path(folder) / "listenq"
    program.write_bytes(PROGRAM)
    out = pathlib.Path(folder) / "out"
    subprocess.run([RELEASE, out, URL, f"amd64={program}"], check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in out.iterdir()}


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lqt-release-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.files = make(folder.name)
        self.manifest = yaml.safe_load(self.files["listenq.yaml"])

    def test_the_manifest_is_krews(self):
        self.assertEqual(self.manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2")
        self.assertEqual((self.manifest["kind"], self.manifest["metadata"]), ("Plugin", {"name": "listenq"}))
        version = re.search(r"project\(listenq VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        self.assertEqual(self.manifest["spec"]["version"], f"v{version}")
        platforms = [tuple(each["selector"]["matchLabels"].values()) for each in self.manifest["spec"]["platforms"]]
        self.assertEqual(platforms, [("linux", "amd64"), ("darwin", "amd64"), ("darwin", "arm64")])

    def test_each_platform_names_an_archive_by_its_checksum(self):
        for platform in self.manifest["spec"]["platforms"]:
            place, _, name = platform["uri"].rpartition("/")
            self.assertEqual(place, URL)
            self.assertEqual(platform["sha256"], hashlib.sha256(self.files[name]).hexdigest())
            self.assertEqual(platform["bin"], "kubectl-listenq")

    def test_an_archive_has_what_the_manifest_takes_from_it(self):
        programs = {"linux": PROGRAM, "darwin": (ROOT / "deploy/kubectl/kubectl-listenq").read_bytes()}
        for platform in self.manifest["spec"]["platforms"]:
            path = pathlib.Path(self.folder) / "out" / platform["uri"].rpartition("/")[2]
            with tarfile.open(path) as archive:
                self.assertEqual(sorted(archive.getnames()), sorted(each["from"] for each in platform["files"]))
                member = archive.getmember(platform["bin"])
                self.assertEqual(member.mode, 0o755)
                program = programs[platform["selector"]["matchLabels"]["os"]]
                self.assertEqual(archive.extractfile(member).read(), program)

    def test_the_same_input_gives_the_same_bytes(self):
        with tempfile.TemporaryDirectory(prefix="lqt-release-") as other:
            self.assertEqual(make(other), self.files)

    def test_a_program_that_is_not_there_is_named(self):
        result = subprocess.run([RELEASE, self.folder, URL, "amd64=/nonexistent/listenq"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (1, "release: open /nonexistent/listenq: no such file\n"))


if __name__ == "__main__":
    unittest.main()
