#!/usr/bin/python3
"""Tests the images that build.sh wrote: what they say, what is in them, and that they run.

usage: image_test.py FOLDER   (with listenq-agent.tar, listenq-aggregator.tar, listenq-cli.tar and listenq)

They run twice: each program in the image's own root folder, and all of them as containers of a containerd of the
test's own, where an agent reads, a front and an aggregator ask, and a client shows. All of it has a network of its
own. Ends with 77, and says why, where the machine lacks what that needs.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import archive  # noqa: E402
import containers  # noqa: E402
import names  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
NONROOT = "65532:65532"
PROGRAMS = {
    "agent": {"listenq-agent"},
    "aggregator": {"listenq-aggregator", "listenq", "kubectl-listenq"},
    "cli": {"listenq", "kubectl-listenq"},
}
ENTRY = {"agent": "listenq-agent", "aggregator": "listenq-aggregator", "cli": "listenq"}
USER = {"agent": "0:0", "aggregator": NONROOT, "cli": NONROOT}
# What is in them beside programs and libraries.
DATA = {"etc/passwd", "etc/group", "etc/nsswitch.conf", "usr/lib/locale/C.utf8/LC_CTYPE"}
DATA_FOLDERS = ("usr/share/doc/", "var/lib/dpkg/status.d/")


def project_version():
    line = next(l for l in (ROOT / "CMakeLists.txt").read_text().splitlines() if l.startswith("project("))
    return line.split("VERSION ")[1].split()[0]


def mib(size):
    return f"{size / 2**20:.1f} MiB"


class Images:
    """The images, their root folders unpacked, and the client as a file."""

    def __init__(self, archives, folder):
        self.by_name = {}
        self.client = archives / "listenq"
        for name in PROGRAMS:
            image = archive.read(archives / f"listenq-{name}.tar")
            image.unpack(folder / name)
            self.by_name[name] = image
            print(f"listenq-{name}: {mib(image.compressed_size)} compressed, {mib(image.unpacked_size())} unpacked")

    def items(self):
        return self.by_name.items()


def run_in(root, *command, user="0:0"):
    """What a program prints that runs in a root folder, its user being no other than the image's."""
    done = subprocess.run(["/usr/sbin/chroot", f"--userspec={user}", root, *command], env={"PATH": "/usr/bin"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def loaded_libraries(root, program):
    """The libraries that the image's own loader finds for a program; none for a static one."""
    headers = subprocess.run(["readelf", "--program-headers", root / "usr/bin" / program], check=True,
                             capture_output=True, text=True).stdout
    if "interpreter: " not in headers:
        return set()
    loader = headers.split("interpreter: ")[1].split("]")[0]
    code, out, errors = run_in(root, loader, "--list", f"/usr/bin/{program}")
    assert code == 0 and "not found" not in out, out + errors
    words = {word for line in out.splitlines() for word in line.split() if word.startswith("/")}
    return {word.lstrip("/") for word in words} | {loader.lstrip("/")}


class ImageTest(unittest.TestCase):
    images = None

    def test_says_what_it_is(self):
        for name, image in self.images.items():
            with self.subTest(name):
                labels = image.config["Labels"]
                self.assertEqual(image.reference, f"localhost/listenq-{name}:{project_version()}")
                self.assertEqual(image.config["Entrypoint"], [f"/usr/bin/{ENTRY[name]}"])
                self.assertEqual(image.config["User"], USER[name])
                self.assertNotIn("Cmd", image.config)
                self.assertEqual(labels["org.opencontainers.image.title"], f"listenq-{name}")
                self.assertEqual(labels["org.opencontainers.image.version"], project_version())
                self.assertEqual(labels["org.opencontainers.image.licenses"], "Apache-2.0")
                self.assertTrue(labels["org.opencontainers.image.description"])

    def test_holds_programs_their_libraries_and_no_more(self):
        for name, image in self.images.items():
            with self.subTest(name):
                wanted = {f"usr/bin/{program}" for program in PROGRAMS[name]}
                for program in PROGRAMS[name]:
                    wanted |= loaded_libraries(image.root, program)
                found = {path for path in image.files() if path not in DATA and not path.startswith(DATA_FOLDERS)}
                self.assertEqual(found, wanted)
                executable = {path for path in image.files() if os.access(image.root / path, os.X_OK)}
                self.assertLessEqual(executable, wanted)

    def test_nobody_but_root_writes(self):
        for name, image in self.images.items():
            for path in image.root.rglob("*"):
                status = path.lstat()
                if path.is_symlink() or path == image.root / "home/nonroot":
                    continue
                self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o7022), (0, 0, 0), f"{name}: {path}")

    def test_licences_of_libraries_are_there(self):
        for name, image in self.images.items():
            packages = {path.name for path in image.root.glob("var/lib/dpkg/status.d/*")}
            papers = {path.parent.name for path in image.root.glob("usr/share/doc/*/copyright")}
            self.assertEqual(packages, papers, name)
            self.assertEqual((image.root / "usr/share/doc/listenq/LICENSE").read_bytes(), (ROOT / "LICENSE").read_bytes())

    def test_the_client_is_for_any_linux(self):
        root = self.images.by_name["cli"].root
        self.assertEqual(loaded_libraries(root, "listenq"), set())
        self.assertEqual(self.images.client.read_bytes(), (root / "usr/bin/listenq").read_bytes())

    def test_runs_in_its_own_root(self):
        for name, image in self.images.items():
            for program in PROGRAMS[name]:
                with self.subTest(f"{name}: {program}"):
                    version = "version" if program.endswith("listenq") else "--version"
                    code, out, errors = run_in(image.root, f"/usr/bin/{program}", version, user=USER[name])
                    self.assertEqual((code, errors), (0, ""))
                    self.assertIn(project_version(), out)
                    code, out, errors = run_in(image.root, f"/usr/bin/{program}", "--help", user=USER[name])
                    self.assertEqual((code, errors), (0, ""))
                    self.assertIn("Usage:", out)


class ContainersTest(unittest.TestCase):
    """agent <- front <- aggregator <- client, each in a container of its image."""

    images = None
    folder = None

    @classmethod
    def setUpClass(cls):
        cls.dns = names.Server({"lqt-front.test": "127.0.0.1"})
        cls.addClassCleanup(cls.dns.close)
        cls.machine = containers.Machine(cls.folder)
        cls.addClassCleanup(cls.machine.close)
        for _, image in cls.images.items():
            cls.machine.import_image(image.path)
        cls.start()

    @classmethod
    def program(cls, image):
        """An image's name and its entry point, which ctr leaves out where there are arguments."""
        return cls.images.by_name[image].reference, cls.images.by_name[image].config["Entrypoint"]

    @classmethod
    def start(cls):
        image, entry = cls.program("agent")
        cls.machine.start(image, "agent", *entry, "--node-name", "lqt-node", "--cri-endpoint", "off",
                          capabilities=["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"])
        image, entry = cls.program("aggregator")
        cls.machine.start(image, "front", *entry, "--listen", "127.0.0.1:7444", "--metrics", ":9465")
        cls.machine.start(image, "aggregator", *entry, "--listen", "127.0.0.1:7445",
                          "--peers", "dns:///lqt-front.test:7444", "--insecure")

    def ask(self, *arguments):
        image, entry = self.program("cli")
        return self.machine.run(image, "client", *entry, *arguments)

    def assert_shows(self, command, text):
        self.assertTrue(containers.wait_until(lambda: text in command()), f"no {text!r} in: {command()}\n{self.machine.logs()}")

    def test_the_entry_point_runs(self):
        self.assertIn("Usage: listenq", self.machine.run(self.program("cli")[0], "client"))

    def test_a_client_shows_what_an_agent_reads(self):
        self.assert_shows(lambda: self.ask("listeners", "--server", "127.0.0.1:7444"), ":7445")

    def test_localhost_is_found(self):
        self.assert_shows(lambda: self.ask("nodes", "--server", "localhost:7444"), "lqt-node")

    def test_a_name_is_found_by_the_client(self):
        self.assert_shows(lambda: self.ask("nodes", "--server", "lqt-front.test:7444", "--insecure"), "lqt-node")

    def test_a_name_is_found_by_the_aggregator(self):
        self.assert_shows(lambda: self.ask("nodes", "--server", "127.0.0.1:7445"), "lqt-node")

    def test_the_aggregator_has_a_client(self):
        self.assert_shows(lambda: self.machine.execute("aggregator", "/usr/bin/listenq", "nodes", "--server",
                                                       "127.0.0.1:7444"), "lqt-node")

    def test_users_are_the_images(self):
        self.assertEqual(self.machine.uid_of("agent"), 0)
        self.assertEqual(self.machine.uid_of("front"), 65532)
        self.assertEqual(self.machine.uid_of("aggregator"), 65532)

    def test_front_becomes_ready(self):
        self.assert_shows(lambda: containers.http_status("http://127.0.0.1:9465/readyz"), "200")


def skip(reason):
    """In GoogleTest's words, which tools/skipped_tests.py reads."""
    print(f"Skipped\n{reason}\n[  SKIPPED ] image")
    sys.exit(77)


def run_in_namespaces_of_its_own(folder):
    """A network nobody else uses; mounts and processes that end with the test, however it ends."""
    return subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork",
                           "--kill-child", "--mount-proc", sys.executable, *sys.argv],
                          env={**os.environ, "LISTENQ_IMAGE_FOLDER": folder}, check=False).returncode


def run_tests(folder):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # There runc and containerd's shims keep what a test that was killed would leave.
    subprocess.run(["mount", "-t", "tmpfs", "lqt-image", "/run"], check=True)
    archives = pathlib.Path(sys.argv[1]).resolve()
    ImageTest.images = ContainersTest.images = Images(archives, folder / "images")
    ContainersTest.folder = folder / "machine"
    unittest.main(argv=sys.argv[:1], verbosity=2)


def main():
    if "LISTENQ_IMAGE_FOLDER" in os.environ:
        run_tests(pathlib.Path(os.environ["LISTENQ_IMAGE_FOLDER"]))
    if os.geteuid() != 0:
        skip("containers are run by root")
    for program in ["containerd", "ctr", "runc", "ip", "readelf", "unshare"]:
        if not shutil.which(program):
            skip(f"{program} is not installed")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="lqt-image-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        sys.exit(run_in_namespaces_of_its_own(folder))


if __name__ == "__main__":
    main()
