"""kubectl, processes and terminals, as the tests on a cluster use them."""

import contextlib
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LABELS = "app.kubernetes.io/name=listenq,app.kubernetes.io/component="
DEADLINE_SECONDS = 60
SKIPPED = 77
# A picture of `top` begins with it.
HOME = b"\x1b[H"


def run(*command, text=None, env=None, patience=DEADLINE_SECONDS):
    """Output is text; never a terminal's, and standard input is `text` or nothing."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, input=text or "",
                          env={**os.environ, **(env or {})}, timeout=patience)


def must(result):
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(result.args)}: {result.stderr}{result.stdout}")
    return result.stdout


def kubectl(*arguments, **more):
    return run("kubectl", *arguments, **more)


def await_that(what, probe):
    """The first true value of probe()."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.05)  # between two looks, not for an event
    raise AssertionError(f"after {DEADLINE_SECONDS} s: no {what}")


def get(*arguments):
    """The items of `kubectl get`."""
    return json.loads(must(kubectl("get", *arguments, "--output", "json")))["items"]


def ready_pods(component):
    """The pods of a part of listenq that are ready and stay, in all namespaces or that of $LISTENQ_NAMESPACE."""
    namespace = os.environ.get("LISTENQ_NAMESPACE")
    place = ["--namespace", namespace] if namespace else ["--all-namespaces"]
    return [pod for pod in get("pods", *place, "--selector", LABELS + component) if is_ready(pod)]


def is_ready(pod):
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def names_of(pods):
    return [pod["metadata"]["name"] for pod in pods]


def children(pid):
    """All processes below one, also those of its children."""
    with contextlib.suppress(OSError):
        found = [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return found + [below for each in found for below in children(each)]
    return []


def has_ended(pid):
    """A zombie has."""
    with contextlib.suppress(OSError):
        return ") Z " in pathlib.Path(f"/proc/{pid}/stat").read_text()
    return True


def command_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def forwards_below(pid):
    """The processes of a port-forward, once kubectl is among them."""
    found = children(pid)
    return found if any("port-forward" in command_of(each) for each in found) else []


class Terminal:
    """A program on a terminal of its own, with what it has written there."""

    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.written = b""
        self.code = None

    def read_until(self, found):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not found(self.written):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"too slow: …{self.written[-2000:]}")
            try:
                self.written += os.read(self.fd, 65536)
            except OSError:  # nobody has the terminal open any more
                break

    def pictures(self, count):
        self.read_until(lambda written: written.count(HOME) >= count)

    def end(self):
        """The exit code, after all that it writes."""
        self.read_until(lambda written: False)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def why_no_cluster():
    """What is missing to ask a cluster with the plugin; "" when nothing is."""
    if not os.environ.get("KUBECONFIG"):
        return "needs a cluster: KUBECONFIG is not set"
    if shutil.which("kubectl") is None:
        return "needs kubectl"
    if not os.environ.get("LISTENQ_PROGRAM"):
        return "needs the program listenq: LISTENQ_PROGRAM is not set"
    if kubectl("get", "--raw", "/readyz", "--request-timeout=5s").returncode != 0:
        return "the API server of $KUBECONFIG does not answer"
    return ""


def put_plugin_on_path(add_cleanup):
    """`kubectl listenq` is $LISTENQ_PROGRAM from now on."""
    # What this process ignores a child would ignore too; handlers it does not inherit.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    installed = tempfile.TemporaryDirectory(prefix="lqt-plugin-")
    add_cleanup(installed.cleanup)
    for name in ("kubectl-listenq", "kubectl_complete-listenq"):
        os.symlink(os.path.abspath(os.environ["LISTENQ_PROGRAM"]), f"{installed.name}/{name}")
    before = os.environ["PATH"]
    add_cleanup(os.environ.update, PATH=before)
    os.environ["PATH"] = f"{installed.name}:{before}"


def run_tests(reason_to_skip):
    """The tests of the calling program; ends with 77 where there is nothing to test."""
    if reason_to_skip:
        print(f"skipped: {reason_to_skip}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
