"""A containerd of the test's own, and containers of its images that share the test's network and /run/listenq."""

import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

PATIENCE_SECONDS = 60
NAMESPACE = "lqt-image"
# The native snapshotter needs no overlayfs below /tmp.
SNAPSHOTTER = "native"
CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{folder}/c.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
"""
NONROOT = 65532


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def http_status(url):
    """As text; the error's text where nobody answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(error)


class Machine:
    """Below a folder that it makes, and that is for others to remove."""

    def __init__(self, folder):
        self._folder = folder
        self._folder.mkdir()
        self._shared = self._make_shared()
        self._started = []
        (self._folder / "config.toml").write_text(CONFIG.format(folder=self._folder))
        with open(self._folder / "log", "wb") as log:
            self._containerd = subprocess.Popen(["containerd", "--config", self._folder / "config.toml"],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_until(lambda: self._ctr("version", check=False).returncode == 0):
            raise RuntimeError((self._folder / "log").read_text())

    def close(self):
        for name in self._started:
            self._ctr("task", "rm", "--force", name, check=False)
            self._ctr("container", "rm", name, check=False)
        self._containerd.terminate()
        self._containerd.wait()

    def import_image(self, path):
        self._ctr("images", "import", "--snapshotter", SNAPSHOTTER, str(path))

    def start(self, image, name, *arguments, capabilities=()):
        """A container that goes on running, with a read-only root and no capability but those named."""
        self._started.append(name)
        log = f"file://{self._folder}/{name}.log"
        self._ctr("run", "--detach", "--log-uri", log, *self._options(capabilities), image, name, *arguments)

    def run(self, image, name, *arguments):
        """What a container prints until it ends, errors included."""
        done = self._ctr("run", "--rm", *self._options(), image, name, *arguments, check=False)
        return done.stdout + done.stderr

    def execute(self, name, *command):
        done = self._ctr("task", "exec", "--exec-id", "lqt-exec", "--user", str(NONROOT), name, *command, check=False)
        return done.stdout + done.stderr

    def logs(self):
        """What the containers that go on running wrote."""
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def uid_of(self, name):
        for line in self._ctr("task", "ls").stdout.splitlines():
            if line.split()[0] == name:
                return os.stat(f"/proc/{line.split()[1]}").st_uid
        raise LookupError(f"no task {name}")

    def _make_shared(self):
        """What Kubernetes gives to a pod's containers: a volume of the group's, and how names are found."""
        run = self._folder / "run"
        run.mkdir()
        os.chown(run, 0, NONROOT)
        run.chmod(0o2775)
        (self._folder / "hosts").write_text("127.0.0.1 localhost\n")
        (self._folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        return [f"type=bind,src={run},dst=/run/listenq,options=rbind:rw",
                f"type=bind,src={self._folder}/hosts,dst=/etc/hosts,options=rbind:ro",
                f"type=bind,src={self._folder}/resolv.conf,dst=/etc/resolv.conf,options=rbind:ro"]

    def _options(self, capabilities=()):
        options = ["--snapshotter", SNAPSHOTTER, "--read-only", "--cgroup", "",
                   "--with-ns", f"network:/proc/{os.getpid()}/ns/net"]
        for mount in self._shared:
            options += ["--mount", mount]
        for capability in DEFAULT_CAPABILITIES:
            options += ["--cap-drop", capability]
        for capability in capabilities:
            options += ["--cap-add", capability]
        return options

    def _ctr(self, *arguments, check=True):
        done = subprocess.run(["ctr", "--address", self._folder / "c.sock", "--namespace", NAMESPACE, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        if check and done.returncode != 0:
            raise RuntimeError(f"ctr {' '.join(arguments)}: {done.stderr}")
        return done


# What containerd gives to a container of its own accord (oci/spec.go, defaultUnixCaps).
DEFAULT_CAPABILITIES = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE"]

