#!/usr/bin/python3
"""The chart with our images in a live cluster ($KUBECONFIG), seen through `kubectl listenq` as its users see it.

usage: release_test.py LISTENQ ARCHIVES [UNITTEST-ARGUMENT...]

LISTENQ is the program, ARCHIVES a folder with our images, which are imported where $CONTAINERD_ADDRESS names the node's
containerd; otherwise $LISTENQ_IMAGE_REGISTRY says from where the cluster has them. $LISTENQ_HELM_SETTINGS are more
settings for Helm (KEY=VALUE, by spaces), $LISTENQ_BUSYBOX an image with a shell, httpd and nc. Ends with 77, and why,
where something is missing. All is in a namespace of its own, which goes again.
"""

import json
import os
import pathlib
import shutil
import sys
import unittest

import yaml

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "helm"))
import chart
import kube
import plugin_test
from kube import await_that, kubectl, must, run

NAMESPACE = f"lqt-cluster-{os.getpid()}"
RELEASE = chart.RELEASE
IMAGES = ("listenq-agent", "listenq-aggregator", "listenq-cli")
BUSYBOX = os.environ.get("LISTENQ_BUSYBOX", "busybox:1.36")
HOST_PORT = 18080 + os.getpid() % 1000

# A server that stopped serving, and those who come nevertheless: ten fit into its queue.
OVERFLOW = """
httpd -f -p 8080 & server=$!
until grep -q ':1F90 0' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done
kill -STOP $server
for i in $(seq 30); do sleep 3600 | nc 127.0.0.1 8080 & done
wait
"""


def pod(name, command, **spec):
    container = {"name": "main", "image": BUSYBOX, "command": ["sh", "-c", command],
                 "securityContext": {"allowPrivilegeEscalation": False}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": name}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}}


PODS = [
    pod("busy", OVERFLOW),
    pod("tuned", "httpd -f -p 8080",
        securityContext={"sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "20000 30000"}]}),
    pod("hosty", f"httpd -f -p {HOST_PORT}", hostNetwork=True),
]


# ----------------------------------------------------------------------------------------------------------------------
# Installing


def helm(*arguments):
    return run(chart.helm(), *arguments, "--namespace", NAMESPACE, patience=300)


def import_images(folder):
    """Where the cluster has the images from."""
    if "CONTAINERD_ADDRESS" not in os.environ:
        return os.environ["LISTENQ_IMAGE_REGISTRY"]
    for name in IMAGES:
        must(run("ctr", "--namespace", "k8s.io", "images", "import", pathlib.Path(folder) / f"{name}.tar", patience=300))
    return "localhost"


def settings(*more):
    words = [f"image.registry={registry}", *os.environ.get("LISTENQ_HELM_SETTINGS", "").split(), *more]
    return [part for word in words for part in ("--set", word)]


def await_rollout():
    for what in (f"daemonset/{RELEASE}-agent", f"deployment/{RELEASE}-aggregator"):
        must(kubectl("rollout", "status", what, "--namespace", NAMESPACE, "--timeout=120s", patience=150))


def everything():
    """What is in the namespace, but for what Kubernetes itself puts there."""
    kinds = ("all,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,"
             "endpointslices,controllerrevisions")
    found = must(kubectl("get", kinds, "--namespace", NAMESPACE, "--output", "name")).split()
    return set(found) - {"configmap/kube-root-ca.crt", "serviceaccount/default"}


def setUpModule():
    global registry
    registry = import_images(os.environ["LISTENQ_ARCHIVES"])
    unittest.addModuleCleanup(lambda: must(
        kubectl("delete", "namespace", NAMESPACE, f"--timeout={kube.DEADLINE_SECONDS}s", patience=120)))
    must(kubectl("create", "namespace", NAMESPACE))
    must(kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=privileged"))
    must(helm("install", RELEASE, chart.CHART, *settings()))
    must(kubectl("create", "--filename", "-", text=yaml.safe_dump_all(PODS)))
    await_rollout()
    must(kubectl("wait", "pods", "--selector", "app in (busy,tuned,hosty)", "--for=condition=Ready",
                 "--namespace", NAMESPACE, "--timeout=60s", patience=90))
    os.environ["LISTENQ_NAMESPACE"] = NAMESPACE
    kube.put_plugin_on_path(unittest.addModuleCleanup)


def tearDownModule():
    must(kubectl("delete", "pods", "--selector", "app in (busy,tuned,hosty)", "--namespace", NAMESPACE))
    must(helm("uninstall", RELEASE, "--wait"))
    await_that("end of all that the chart made", lambda: not everything())


# ----------------------------------------------------------------------------------------------------------------------
# What users see


def listenq(*arguments):
    return kubectl("listenq", *arguments, "--listenq-namespace", NAMESPACE)


def items(*arguments):
    return json.loads(listenq(*arguments, "--output", "json").stdout or '{"items": []}')["items"]


def pods_of(row):
    return {owner["pod"] for owner in row["owners"]}


class Queries(unittest.TestCase):
    def test_the_pod_that_is_full_comes_first(self):
        def full():
            rows = items("listeners", "-n", NAMESPACE, "--limit", "1")
            return [row for row in rows if pods_of(row) == {"busy"} and int(row["listenDrops"]["min"]) > 0]

        [row] = await_that("listener that loses attempts", full)
        self.assertEqual(row["localPort"], 8080)
        self.assertEqual(row["queue"], row["limit"] + 1)
        self.assertEqual(row["limitState"], "LIMIT_STATE_APPLICATION")
        self.assertEqual(row["owners"][0]["container"], "main")
        self.assertIn("httpd", {process["comm"] for process in row["processes"]})

    def test_its_verdict_says_that_nobody_accepts(self):
        def rules():
            return {each["ruleId"] for each in items("findings", "-n", NAMESPACE, "busy")}

        await_that("verdict", lambda: "accept-stopped" in rules())
        page = must(listenq("describe", "busy", "-n", NAMESPACE))
        self.assertIn("accept-stopped", page)

    def test_its_drops_are_on_record(self):
        [drop] = await_that("episode", lambda: items("drops", "-n", NAMESPACE))
        self.assertEqual(pods_of(drop), {"busy"})

    def test_a_declared_sysctl_stands_beside_its_value(self):
        name = "net.ipv4.ip_local_port_range"

        def declared():
            rows = [row["sysctls"][name] for row in items("sysctls", name, "-n", NAMESPACE, "--pod", "tuned")]
            return [each for each in rows if "declared" in each]

        [sysctl] = await_that("declared value", declared)
        self.assertEqual(sysctl["value"].split(), ["20000", "30000"])
        self.assertEqual(sysctl["declared"].split(), ["20000", "30000"])
        self.assertIn("host", sysctl)

    def test_a_listener_of_the_nodes_own_network_has_its_pod(self):
        def found():
            return [row for row in items("listeners", "--netns", "host", "--port", str(HOST_PORT)) if row["owners"]]

        rows = await_that("listener with an owner", found)
        self.assertEqual({name for row in rows for name in pods_of(row)}, {"hosty"})

    def test_an_audit_by_a_policy_of_standard_input(self):
        policy = must(listenq("audit", "--print-default"))
        result = kubectl("listenq", "audit", "-f", "-", "-n", NAMESPACE, "--listenq-namespace", NAMESPACE, text=policy)
        self.assertIn(result.returncode, (0, 4), result.stderr)
        self.assertIn("somaxconn-min", result.stdout)


class Changes(unittest.TestCase):
    def tearDown(self):
        await_rollout()

    def nodes(self):
        return {row["status"]["nodeName"]: row["status"]["state"] for row in items("nodes")}

    def await_all_nodes(self):
        expected = {each["metadata"]["name"] for each in kube.get("nodes")}
        await_that("answer of all nodes", lambda: self.nodes() == dict.fromkeys(expected, "NODE_STATE_OK"))

    def test_the_charts_own_test_passes(self):
        must(helm("test", RELEASE, "--timeout", "120s"))

    def test_an_upgrade_changes_what_was_asked(self):
        must(helm("upgrade", RELEASE, chart.CHART, *settings("agent.extraArgs={--interval=2s}")))
        await_rollout()
        for each in kube.ready_pods("agent"):
            agent = next(container for container in each["spec"]["containers"] if container["name"] == "agent")
            self.assertIn("--interval=2s", agent["args"])
        self.await_all_nodes()

    def test_the_aggregator_comes_back(self):
        must(kubectl("rollout", "restart", f"deployment/{RELEASE}-aggregator", "--namespace", NAMESPACE))
        await_rollout()
        self.await_all_nodes()

    def test_top_goes_on_while_an_agent_is_replaced(self):
        self.await_all_nodes()
        agent = kube.ready_pods("agent")[0]
        terminal = kube.Terminal("kubectl", "listenq", "top", "--interval", "500ms", "--listenq-namespace", NAMESPACE)
        self.addCleanup(terminal.close)
        terminal.pictures(2)
        must(kubectl("delete", "pod", agent["metadata"]["name"], "--namespace", NAMESPACE, "--wait=false"))
        node = agent["spec"]["nodeName"].encode()

        def is_missed(written):
            return node + b" (" in written.split(kube.HOME)[-1]

        terminal.read_until(is_missed)
        terminal.read_until(lambda written: b"busy" in written.split(kube.HOME)[-1] and not is_missed(written))
        os.write(terminal.fd, b"q")
        self.assertEqual(terminal.end(), 0, terminal.written)


# Of the plugin, on the same release: as classes of this module, for its set-up to be theirs.
for tests in (plugin_test.Asks, plugin_test.Ends, plugin_test.Rights, plugin_test.Mistakes, plugin_test.Exec):
    globals()[tests.__name__] = type(tests.__name__, (tests,), {"__module__": __name__})
del tests


def why_skipped():
    if reason := kube.why_no_cluster():
        return reason
    if chart.helm() is None:
        return "no helm in $HELM, PATH or $(go env GOPATH)/bin: go install helm.sh/helm/v3/cmd/helm@v3.16.4"
    if "CONTAINERD_ADDRESS" not in os.environ and "LISTENQ_IMAGE_REGISTRY" not in os.environ:
        return "neither $CONTAINERD_ADDRESS nor $LISTENQ_IMAGE_REGISTRY says how the cluster gets the images"
    if "CONTAINERD_ADDRESS" in os.environ and shutil.which("ctr") is None:
        return "needs ctr, of containerd"
    return ""


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    os.environ["LISTENQ_PROGRAM"] = sys.argv.pop(1)
    os.environ["LISTENQ_ARCHIVES"] = sys.argv.pop(1)
    kube.run_tests(why_skipped())


if __name__ == "__main__":
    main()
