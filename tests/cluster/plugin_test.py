#!/usr/bin/python3
"""`kubectl listenq` against a cluster ($KUBECONFIG) where listenq is installed and ready.

usage: plugin_test.py LISTENQ [UNITTEST-ARGUMENT...]

LISTENQ is the program; $LISTENQ_NAMESPACE names the namespace of the release where there are several. release_test.py
runs these tests too. Ends with 77 where there is nothing to test, and why. What
it makes is named after the process, and taken away; one test deletes a pod of the aggregator, which comes back.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import kube
from kube import DEADLINE_SECONDS, LABELS, Terminal, await_that, command_of, forwards_below, has_ended, kubectl, must
from kube import names_of, ready_pods, run

NAME = f"lqt-plugin-{os.getpid()}"
PLUGIN = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubectl/kubectl-listenq"


def why_skipped():
    """What is missing; "" when nothing is."""
    if reason := kube.why_no_cluster():
        return reason
    for component in ("agent", "aggregator"):
        if not ready_pods(component):
            return f"needs listenq in the cluster: no ready pod has the labels {LABELS}{component}"
    return ""


def setUpModule():
    kube.put_plugin_on_path(unittest.addModuleCleanup)


class Installed(unittest.TestCase):
    def setUp(self):
        self.pod = ready_pods("aggregator")[0]["metadata"]
        self.namespace = self.pod["namespace"]
        self.where = ["--listenq-namespace", self.namespace]

    def listenq(self, *arguments, **more):
        return run("kubectl", "listenq", *arguments, *self.where, **more)

    def expect_error(self, result, *texts):
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(result.stdout, "")
        self.assertLessEqual(len(result.stderr.splitlines()), 2, result.stderr)
        self.assertTrue(result.stderr.startswith("listenq: "), result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)

    def on_terminal(self, *command):
        terminal = Terminal(*command)
        self.addCleanup(terminal.close)
        return terminal


class Asks(Installed):
    def test_the_aggregator_finds_the_listeners_of_a_pod(self):
        command = ["listeners", self.pod["name"], "-n", self.namespace, "-o", "json"]
        items = await_that("listener of a new pod", lambda: json.loads(self.listenq(*command).stdout)["items"])
        self.assertIn(7444, {item["localPort"] for item in items})
        self.assertEqual({owner["pod"] for item in items for owner in item["owners"]}, {self.pod["name"]})

    def test_one_node_is_asked_directly(self):
        for pod in ready_pods("agent"):
            node = pod["spec"]["nodeName"]
            result = self.listenq("nodes", "--node", node, "-o", "name")
            self.assertEqual(result.stdout, f"node/{node}\n", result.stderr)

    def test_plain_listenq_does_when_asked_to(self):
        program = os.environ["LISTENQ_PROGRAM"]
        names = self.listenq("nodes", "-o", "name").stdout
        self.assertNotEqual(names, "")
        self.assertEqual(run(program, "--kube", "nodes", "-o", "name", *self.where).stdout, names)

    def test_completion_offers_the_pods_of_a_namespace(self):
        typed = ["listeners", *self.where, "-n", self.namespace, self.pod["name"][:-1]]
        offered = f"{self.pod['name']}\n:4\n"
        # A pod that is new is named within seconds.
        await_that("offered pod", lambda: must(kubectl("__complete", "listenq", *typed)) == offered)
        nodes = must(kubectl("__complete", "listenq", "nodes", "--node", "")).splitlines()
        self.assertLessEqual({each["spec"]["nodeName"] for each in ready_pods("agent")}, set(nodes))

    def test_a_request_timeout_is_not_for_the_port_forward(self):
        terminal = self.on_terminal(
            "kubectl", "listenq", "top", "--interval", "400ms", "--request-timeout", "1s", *self.where)
        terminal.pictures(6)
        os.write(terminal.fd, b"q")
        self.assertEqual(terminal.end(), 0, terminal.written)


class Ends(Installed):
    def test_kubectl_ends_with_it_whatever_ends_it(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL):
            with self.subTest(number), subprocess.Popen(
                    ["kubectl", "listenq", "drops", "-w", *self.where], stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL) as watch:
                below = await_that("port-forward", lambda: forwards_below(watch.pid))
                watch.send_signal(number)
                self.assertEqual(watch.wait(DEADLINE_SECONDS), -number)
                await_that("end of the port-forward", lambda: all(has_ended(pid) for pid in below))

    def test_nothing_is_left_when_top_is_quit(self):
        for key in (b"q", b"\x03"):
            terminal = self.on_terminal("kubectl", "listenq", "top", *self.where)
            terminal.pictures(2)
            below = forwards_below(terminal.pid)
            self.assertNotEqual(below, [])
            os.write(terminal.fd, key)
            self.assertEqual(terminal.end(), 0, terminal.written)
            self.assertEqual([pid for pid in below if not has_ended(pid)], [])

    def test_top_says_that_its_pod_is_gone(self):
        terminal = self.on_terminal("kubectl", "listenq", "top", *self.where)
        terminal.pictures(2)
        forward = forwards_below(terminal.pid)
        [asked] = [word[4:] for pid in forward for word in command_of(pid) if word.startswith("pod/")]
        must(kubectl("delete", "pod", "--namespace", self.namespace, asked, "--wait=false"))
        self.assertEqual(terminal.end(), 1, terminal.written)
        said = terminal.written.decode().split("\x1b[?1049l")[-1]
        self.assertRegex(said, rf"^listenq: .*pod {self.namespace}/{re.escape(asked)}.*\r\n +start again")
        await_that("new aggregator", lambda: set(names_of(ready_pods("aggregator"))) - {asked})


class Rights(Installed):
    """A service account without rights, but for those that a test gives it."""

    def setUp(self):
        super().setUp()
        must(kubectl("create", "serviceaccount", NAME, "--namespace", self.namespace))
        self.addCleanup(lambda: must(kubectl("delete", "serviceaccount", NAME, "--namespace", self.namespace)))
        folder = tempfile.TemporaryDirectory(prefix="lqt-plugin-")
        self.addCleanup(folder.cleanup)
        self.kubeconfig = f"{folder.name}/config"
        shutil.copyfile(self.flattened(folder.name), self.kubeconfig)
        self.as_account = ["--kubeconfig", self.kubeconfig, "--user", NAME]
        token = must(kubectl("create", "token", NAME, "--namespace", self.namespace)).strip()
        must(kubectl("config", "set-credentials", NAME, f"--token={token}", "--kubeconfig", self.kubeconfig))

    def flattened(self, folder):
        path = f"{folder}/flat"
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(must(kubectl("config", "view", "--minify", "--flatten", "--raw")))
        return path

    def allow(self, verb, *resources):
        grants = [("role", "create", "role", f"{NAME}-{verb}", f"--verb={verb}", f"--resource={','.join(resources)}"),
                  ("rolebinding", "create", "rolebinding", f"{NAME}-{verb}", f"--role={NAME}-{verb}",
                   f"--serviceaccount={self.namespace}:{NAME}")]
        for kind, *command in grants:
            must(kubectl(*command, "--namespace", self.namespace))
            self.addCleanup(lambda kind=kind: must(
                kubectl("delete", kind, f"{NAME}-{verb}", "--namespace", self.namespace)))

    def test_none_to_list_pods(self):
        anywhere = run("kubectl", "listenq", "nodes", *self.as_account, env={"LISTENQ_NAMESPACE": ""})
        self.expect_error(anywhere, "kubectl cannot list the pods of listenq: pods is forbidden: User ",
                          NAME, "at the cluster scope", "--listenq-namespace NAMESPACE")
        there = self.listenq("nodes", *self.as_account)
        self.expect_error(there, f'in the namespace "{self.namespace}"', "ask for the rights to list pods")

    def test_none_to_forward_a_port(self):
        self.allow("list", "pods")
        message = f"kubectl cannot forward a port to pod {self.namespace}/"
        self.expect_error(self.listenq("nodes", *self.as_account), message, 'cannot get resource "pods"',
                          f"create pods/portforward in namespace {self.namespace}")
        self.allow("get", "pods")
        self.expect_error(self.listenq("nodes", *self.as_account), message,
                          'cannot create resource "pods/portforward"')

    def test_what_it_says_that_it_needs_is_enough(self):
        self.allow("list", "pods")
        self.allow("get", "pods")
        self.allow("create", "pods/portforward")
        result = self.listenq("nodes", "-o", "name", *self.as_account)
        self.assertNotEqual(result.stdout, "", result.stderr)
        self.assertEqual(result.stdout, self.listenq("nodes", "-o", "name").stdout)

    def test_a_token_that_is_none(self):
        must(kubectl("config", "set-credentials", NAME, "--token=none", "--kubeconfig", self.kubeconfig))
        self.expect_error(self.listenq("nodes", *self.as_account), "Unauthorized", "log in to the cluster again")


class Mistakes(Installed):
    def test_a_context_that_is_not_there(self):
        self.expect_error(self.listenq("nodes", "--context", "lqt-none"), 'context "lqt-none" does not exist',
                          "kubectl config get-contexts")

    def test_a_file_that_is_not_there(self):
        self.expect_error(self.listenq("nodes", "--kubeconfig", "/nonexistent/config"),
                          "/nonexistent/config: no such file or directory")

    def test_no_cluster_at_all(self):
        self.expect_error(self.listenq("nodes", "--kubeconfig", "/dev/null"), "kubectl knows no cluster")

    def test_a_cluster_that_is_not_there(self):
        with tempfile.NamedTemporaryFile(prefix="lqt-plugin-") as config:
            where = ["--kubeconfig", config.name]
            must(kubectl("config", "set-cluster", "gone", "--server=https://127.0.0.1:1", *where))
            must(kubectl("config", "set-context", "gone", "--cluster=gone", *where))
            self.expect_error(self.listenq("nodes", "--context", "gone", *where), "no credentials for this cluster")
            must(kubectl("config", "set-credentials", "one", "--token=none", *where))
            self.expect_error(self.listenq("nodes", "--context", "gone", "--user", "one", *where),
                              "The connection to the server 127.0.0.1:1 was refused", "another cluster: --context")

    def test_a_namespace_without_listenq(self):
        self.expect_error(run("kubectl", "listenq", "nodes", "--listenq-namespace", "kube-public"),
                          "no aggregator of listenq: namespace kube-public has no pod")

    def test_a_node_that_is_not_there(self):
        self.expect_error(self.listenq("nodes", "--node", "lqt-none"), "no agent of listenq on node lqt-none",
                          "kubectl get nodes")


class Exec(Installed):
    """Where a machine has no listenq: the one in the aggregator's pod."""

    def setUp(self):
        super().setUp()
        self.policy = must(run(os.environ["LISTENQ_PROGRAM"], "audit", "--print-default"))
        deployments = must(kubectl("get", "deployments", "--namespace", self.namespace, "--selector",
                                   LABELS + "aggregator", "--output", "name"))
        self.deployment = deployments.splitlines()[0]

    def exec(self, *arguments, **more):
        return kubectl("exec", "-i", "--namespace", self.namespace, self.deployment, "--", "listenq", *arguments,
                       **more)

    def in_shell(self, *arguments, **more):
        return run("sh", PLUGIN, *arguments, *self.where, **more)

    def test_a_policy_by_standard_input(self):
        result = self.exec("audit", "-f", "-", "-o", "json", text=self.policy)
        self.assertIn(result.returncode, (0, 3, 4), result.stderr)
        self.assertIn("somaxconn-min", result.stdout)

    def test_top_on_a_terminal(self):
        terminal = self.on_terminal("kubectl", "exec", "-it", "--namespace", self.namespace, self.deployment, "--",
                                    "listenq", "top")
        terminal.pictures(2)
        os.write(terminal.fd, b"q")
        self.assertEqual(terminal.end(), 0, terminal.written)

    def test_the_shell_plugin_gives_the_same_answers(self):
        names = self.listenq("nodes", "-o", "name").stdout
        self.assertEqual(must(self.in_shell("nodes", "-o", "name")), names)
        for pod in ready_pods("agent"):
            node = pod["spec"]["nodeName"]
            self.assertEqual(must(self.in_shell("nodes", "-o", "name", "--node", node)), f"node/{node}\n")

    def test_the_shell_plugin_sends_a_policy_of_this_machine(self):
        direct = self.listenq("audit", "-f", "-", text=self.policy)
        with tempfile.NamedTemporaryFile("w", prefix="lqt-plugin-") as file:
            file.write(self.policy)
            file.flush()
            result = self.in_shell("audit", "-f", file.name)
        self.assertEqual(result.returncode, direct.returncode, result.stderr)
        self.assertIn("somaxconn-min", result.stdout)

    def test_the_shell_plugin_shows_top(self):
        terminal = self.on_terminal("sh", str(PLUGIN), "top", *self.where)
        terminal.pictures(2)
        os.write(terminal.fd, b"q")
        self.assertEqual(terminal.end(), 0, terminal.written)

    def test_the_shell_plugin_says_what_is_wrong(self):
        result = self.in_shell("nodes", "--context", "lqt-none")
        self.assertEqual(result.returncode, 1)
        self.assertIn("listenq: kubectl cannot list the pods of listenq", result.stderr)
        result = run("sh", PLUGIN, "nodes", "--listenq-namespace", "kube-public")
        self.assertEqual(result.returncode, 1)
        self.assertIn("listenq: no ready pod has the labels", result.stderr)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    os.environ["LISTENQ_PROGRAM"] = sys.argv.pop(1)
    kube.run_tests(why_skipped())


if __name__ == "__main__":
    main()
