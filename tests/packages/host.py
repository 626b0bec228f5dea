"""A Debian 12 in a folder of its own, booted with systemd: where packages are installed as on a real host."""

import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# What the host has beyond Debian's minimal system.
PACKAGES = ["systemd-sysv", "dbus", "iproute2", "openssl"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
# The folder is thrown away: dpkg need not wait for the disk.
APT = ["apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io"]


def skip(reason):
    """Ends the test; tools/skipped_tests.py, which knows GoogleTest's words, prints the reason."""
    print(f"Skipped\n{reason}\n[  SKIPPED ] packages")
    sys.exit(77)


def wait_for(what, condition, seconds=60):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def base_archive():
    result = subprocess.run([ROOT / "tests/image/base"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode == 77:
        sys.stdout.write(result.stderr)
        sys.exit(77)
    if result.returncode != 0:
        raise AssertionError(f"tests/image/base: {result.stderr}")
    return result.stdout.strip()


class Host:
    """Owns its folder and the booted processes: `with Host() as host`; both are gone afterwards."""

    def __enter__(self):
        archive = base_archive()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lqt-packages-"))
        self.booted = None
        self.init = None
        # A test that is told to end does so by way of __exit__.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        subprocess.run(["tar", "--extract", "--directory", self.folder, "--file", archive], check=True)
        return self

    def __exit__(self, *_):
        if self.booted is not None:
            self.booted.terminate()
            self.booted.wait()
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)

    def chroot(self, *command):
        """Runs a command in the folder with this machine's network, before it is booted."""
        result = subprocess.run(["chroot", self.folder, *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout}")

    def prepare(self, packages):
        """Makes the system one that boots, and fetches what the packages depend on: booted it has no network."""
        shutil.copyfile("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        (self.folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
        try:
            self.chroot("apt-get", "-q", "update", "--error-on=any")
        except AssertionError as error:
            skip(f"the mirror of Debian's packages does not answer: {error}")
        self.chroot(*APT, "install", *PACKAGES)
        self.chroot(*APT, "install", "--download-only", *self.put(packages))

    def put(self, packages):
        """The same files as the host sees them."""
        names = []
        for package in packages:
            shutil.copy(package, self.folder / "root")
            names.append(f"/root/{package.name}")
        return names

    def boot(self):
        self.booted = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", HERE / "boot", self.folder],
                                       stdin=subprocess.DEVNULL)
        self.init = wait_for("process 1 of the booted", self._find_init)
        wait_for("systemd answers", lambda: self.try_run("systemctl", "is-system-running").stdout.strip() in
                 ("running", "degraded"))

    def _find_init(self):
        if self.booted.poll() is not None:
            skip("systemd does not boot in namespaces of this machine")
        for unshare in children(self.booted.pid):
            for child in children(unshare):
                if pathlib.Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return child
        return None

    def _command(self, command, user):
        enter = ["nsenter", "--target", str(self.init), "--all", "--"]
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user != "root" else []
        return enter + as_user + list(command)

    def try_run(self, *command, user="root"):
        """The result of a command on the booted host, whatever it is."""
        return subprocess.run(self._command(command, user), env=ENVIRONMENT, stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *command, user="root"):
        """What a command on the booted host prints; it must succeed."""
        result = self.try_run(*command, user=user)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def start(self, *command, user="root"):
        """Starts a command that goes on until the host is gone."""
        subprocess.Popen(self._command(command, user), env=ENVIRONMENT, stdin=subprocess.DEVNULL, cwd="/",
                         stdout=subprocess.DEVNULL)

    def apt(self, *arguments):
        """Runs apt-get on the booted host, without network: prepare() has fetched what it wants."""
        return self.run(*APT, *arguments)

    def unit(self, name, *properties):
        """The values of a unit's properties, in the order asked for."""
        shown = dict(line.split("=", 1) for line in
                     self.run("systemctl", "show", name, *(f"--property={p}" for p in properties)).splitlines())
        return tuple(shown[p] for p in properties)

    def status(self, pid):
        """The fields of /proc/PID/status of a process of the booted host."""
        text = self.run("cat", f"/proc/{pid}/status")
        return {name: value.strip() for name, value in (line.split(":", 1) for line in text.splitlines())}

    def files(self):
        """All paths on the host's own file system."""
        return set(self.run("find", "/", "-xdev", "-not", "-path", "/proc/*").splitlines())
