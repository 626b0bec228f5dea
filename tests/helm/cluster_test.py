#!/usr/bin/python3
"""The chart and a live API server ($KUBECONFIG): what it takes, what Pod Security says, which certificates stay.

Nothing runs: no image is needed. Works in a namespace of its own and takes it away again.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import yaml

import chart

DEADLINE_SECONDS = 60
PSA = "pod-security.kubernetes.io"
# One for each test: none waits for the end of the one before.
namespaces = []
NO_IMAGES = ["image.registry=lqt.invalid", "image.pullPolicy=Never"]


def kubectl(*arguments, text=None):
    return subprocess.run(["kubectl", *arguments], capture_output=True, text=True, input=text)


def must(result):
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, result.args))}: {result.stderr}{result.stdout}")
    return result.stdout


def namespace():
    """That of the test that runs."""
    return namespaces[-1]


def get(*arguments):
    return json.loads(must(kubectl("--namespace", namespace(), "get", *arguments, "--output", "json")))


def helm_upgrade(*sets):
    settings = [word for text in (*NO_IMAGES, *sets) for word in ("--set", text)]
    return must(chart.run_helm("upgrade", "--install", chart.RELEASE, chart.CHART, "--namespace", namespace(), *settings))


def label_namespace(level):
    must(kubectl("label", "namespace", namespace(), "--overwrite", f"{PSA}/enforce={level}"))


def secrets():
    """Data by name, of those that Helm made for TLS."""
    found = get("secrets", "--field-selector", "type=kubernetes.io/tls")["items"]
    return {each["metadata"]["name"]: each["data"] for each in found}


def changed(before, after):
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}


def await_that(what, probe):
    """The first true value of probe()."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.1)  # between two looks, not for an event
    raise AssertionError(f"after {DEADLINE_SECONDS} s: no {what}")


def known_apis():
    return set(must(kubectl("api-versions")).split())


def tearDownModule():
    for name in namespaces:
        must(kubectl("wait", "--for=delete", f"namespace/{name}", f"--timeout={DEADLINE_SECONDS}s"))


class InNamespace(unittest.TestCase):
    def setUp(self):
        namespaces.append(f"lqt-chart-{os.getpid()}-{len(namespaces)}")
        must(kubectl("create", "namespace", namespace()))
        self.addCleanup(lambda: must(kubectl("delete", "namespace", namespace(), "--wait=false")))


class Server(InNamespace):
    def take(self, objects):
        text = yaml.safe_dump_all(objects)
        return kubectl("apply", "--dry-run=server", "--validate=strict", "--filename", "-", text=text)

    def test_takes_what_every_ci_file_makes(self):
        label_namespace("privileged")
        version = json.loads(must(kubectl("version", "--output", "json")))["serverVersion"]["gitVersion"]
        apis = known_apis()
        for path in chart.ci_files():
            objects = chart.render([path], kube=version, namespace=namespace())
            # Without those of operators that the cluster does not have.
            known = [each for each in objects if each["apiVersion"] in apis]
            for pod in chart.of_kind(known, "Pod"):
                pod["spec"].pop("serviceAccountName")  # made by the chart, which is not installed
            with self.subTest(path.name):
                self.assertEqual(len(must(self.take(known)).splitlines()), len(known))

    def test_refuses_what_is_no_field(self):
        each = chart.one(chart.render(namespace=namespace()), "DaemonSet")
        each["spec"]["template"]["spec"]["hostNetwrk"] = True
        self.assertIn("hostNetwrk", self.take([each]).stderr)


class PodSecurity(InNamespace):
    def pod(self, kind, names):
        """A pod of these containers of a pod of the chart, without what only the others need."""
        template = chart.one(chart.render(namespace=namespace()), kind)["spec"]["template"]
        spec = copy.deepcopy(template["spec"])
        spec["containers"] = [each for each in spec["containers"] if each["name"] in names]
        mounted = {mount["name"] for each in spec["containers"] for mount in each["volumeMounts"]}
        spec["volumes"] = [each for each in spec["volumes"] if each["name"] in mounted]
        for key in ("serviceAccountName", "hostPID") if "agent" not in names else ("serviceAccountName",):
            spec.pop(key, None)
        metadata = {"name": "lqt-pod", "namespace": namespace()}
        return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def create(self, kind, *names):
        return kubectl("create", "--dry-run=server", "--filename", "-", text=self.pod(kind, names))

    def test_restricted_takes_all_but_the_agent(self):
        label_namespace("restricted")
        must(self.create("Deployment", "aggregator"))
        must(self.create("DaemonSet", "front"))
        refused = self.create("DaemonSet", "agent")
        self.assertIn("violates PodSecurity", refused.stderr)

    def test_the_label_in_the_notes_lets_the_agent_in(self):
        notes = helm_upgrade()
        self.assertIn(f"kubectl label namespace {namespace()} {PSA}/enforce=privileged --overwrite", notes)
        label_namespace("privileged")
        must(self.create("DaemonSet", "agent", "front"))


class Certificates(InNamespace):
    def test_stay_across_upgrades(self):
        helm_upgrade()
        before = secrets()
        self.assertEqual(len(before), 4)
        notes = helm_upgrade("aggregator.replicas=2")
        self.assertEqual(changed(before, secrets()), set())
        end = get("secret", "listenq-aggregator-tls")["metadata"]["annotations"]["listenq/not-after"]
        self.assertIn(f"Certificates made by Helm end on {end[:10]}", notes)

    def test_with_new_names_are_new_of_the_same_authority(self):
        helm_upgrade()
        before = secrets()
        helm_upgrade("tls.aggregatorNames={listenq.example.org}")
        self.assertEqual(changed(before, secrets()), {"listenq-aggregator-tls"})

    def test_near_their_end_are_new(self):
        helm_upgrade()
        before = secrets()
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        for name, new in (("listenq-front-tls", {"listenq-front-tls"}), ("listenq-ca", set(before))):
            annotation = f"listenq/not-after={soon}"
            must(kubectl("--namespace", namespace(), "annotate", "--overwrite", "secret", name, annotation))
            helm_upgrade()
            after = secrets()
            self.assertEqual(changed(before, after), new)
            before = after

    def test_and_all_else_go_with_the_release(self):
        def names():
            kinds = "all,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets"
            return {f"{each['kind']} {each['metadata']['name']}" for each in get(kinds)["items"]}

        await_that("default service account", lambda: {"ServiceAccount default", "ConfigMap kube-root-ca.crt"} <= names())
        before = names()
        helm_upgrade()
        must(chart.run_helm("uninstall", chart.RELEASE, "--namespace", namespace(), "--wait"))
        await_that("namespace as it was", lambda: names() == before)


class Monitoring(InNamespace):
    def test_that_the_cluster_does_not_know_is_refused_with_the_value(self):
        if chart.MONITORING in known_apis():
            self.skipTest("the cluster has the Prometheus Operator")
        with self.assertRaisesRegex(AssertionError, f"podMonitor.enabled needs {chart.MONITORING}"):
            helm_upgrade("podMonitor.enabled=true")


if __name__ == "__main__":
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        print("skipped: needs kubectl, and $KUBECONFIG of a live cluster")
        sys.exit(chart.SKIPPED)
    if kubectl("get", "--raw", "/readyz", "--request-timeout=5s").returncode != 0:
        print("skipped: the API server of $KUBECONFIG does not answer")
        sys.exit(chart.SKIPPED)
    chart.main()
