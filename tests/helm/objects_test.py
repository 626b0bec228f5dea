#!/usr/bin/python3
"""What the chart makes, and that its parts find each other."""

import unittest

import chart

SELECTOR = {"app.kubernetes.io/name": "listenq", "app.kubernetes.io/instance": chart.RELEASE}


def selector(component):
    return {**SELECTOR, "app.kubernetes.io/component": component}


def is_part(small, large):
    return small.items() <= large.items()


def flags(objects, kind, name):
    spec = dict(chart.pod_specs(objects))[kind]
    return chart.container(spec, name)["args"]


class Names(unittest.TestCase):
    def test_are_as_documented(self):
        objects = chart.render()
        found = {(each["kind"], each["metadata"]["name"]) for each in objects}
        for wanted in (
            ("DaemonSet", "listenq-agent"),
            ("Deployment", "listenq-aggregator"),
            ("Service", "listenq-aggregator"),
            ("Service", "listenq-agents"),
            ("PodDisruptionBudget", "listenq-aggregator"),
            ("NetworkPolicy", "listenq-agent"),
            ("NetworkPolicy", "listenq-aggregator"),
            ("Pod", "listenq-test"),
        ):
            self.assertIn(wanted, found)

    def test_are_all_in_the_releases_namespace_and_unique(self):
        for what, objects in chart.all_renderings():
            with self.subTest(what):
                names = [(each["kind"], each["metadata"]["name"]) for each in objects]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual({each["metadata"]["namespace"] for each in objects}, {chart.NAMESPACE})
                for _, name in names:
                    self.assertLessEqual(len(name), 63)

    def test_stay_short_with_a_long_release(self):
        code, text, errors = chart.render_text(sets=["fullnameOverride=" + "a" * 40])
        self.assertEqual(code, 0, errors)
        self.assertIn("a" * 40 + "-aggregator", text)
        self.assertIn("fullnameOverride", chart.refusal(sets=["fullnameOverride=" + "a" * 41]))


class Selectors(unittest.TestCase):
    def test_are_the_three_labels_and_on_the_pods(self):
        for what, objects in chart.all_renderings():
            with self.subTest(what):
                for kind, component in (("DaemonSet", "agent"), ("Deployment", "aggregator")):
                    each = chart.one(objects, kind)
                    self.assertEqual(each["spec"]["selector"]["matchLabels"], selector(component))
                    self.assertTrue(is_part(selector(component), each["spec"]["template"]["metadata"]["labels"]))
                    self.assertTrue(is_part(selector(component), each["metadata"]["labels"]))

    def test_of_services_budgets_and_policies_select_pods(self):
        for what, objects in chart.all_renderings():
            pods = list(chart.labels_of_pods(objects))
            for each in objects:
                spec = each.get("spec", {})
                wanted = {
                    "Service": lambda: spec["selector"],
                    "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
                    "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
                    "PodMonitor": lambda: spec["selector"]["matchLabels"],
                }.get(each["kind"])
                if wanted:
                    with self.subTest(f"{each['kind']} of {what}"):
                        self.assertTrue(any(is_part(wanted(), labels) for labels in pods))

    def test_pod_templates_do_not_change_with_the_version(self):
        for what, objects in chart.all_renderings():
            for labels in chart.labels_of_pods(objects):
                self.assertNotIn("helm.sh/chart", labels, what)
                self.assertNotIn("app.kubernetes.io/version", labels, what)

    def test_of_the_peers_are_the_agents(self):
        peers = flags(chart.render(), "Deployment", "aggregator")[0]
        labels = ",".join(f"{key}={value}" for key, value in selector("agent").items())
        self.assertEqual(peers, f"--peers=k8s://{chart.NAMESPACE}/{labels}:7443")


class Ports(unittest.TestCase):
    def test_are_named_and_found_by_services_and_probes(self):
        for what, objects in chart.all_renderings():
            with self.subTest(what):
                for kind, name in (("DaemonSet", "front"), ("Deployment", "aggregator")):
                    container = chart.container(dict(chart.pod_specs(objects))[kind], name)
                    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                    self.assertEqual(ports, {"grpc": 7443, "metrics": 9465})
                for service in chart.of_kind(objects, "Service"):
                    for port in service["spec"]["ports"]:
                        self.assertIn(port["targetPort"], ("grpc", "metrics"))

    def test_of_plaintext_is_on_loopback_and_in_no_service(self):
        for what, objects in chart.all_renderings():
            with self.subTest(what):
                for kind, name in (("DaemonSet", "front"), ("Deployment", "aggregator")):
                    listen = [flag for flag in flags(objects, kind, name) if flag.startswith("--listen=")]
                    self.assertEqual(listen, ["--listen=:7443", "--listen=127.0.0.1:7444"])
                self.assertNotIn("7444", str(chart.of_kind(objects, "Service")))

    def test_service_of_the_nodes_has_no_address_of_its_own(self):
        service = chart.one(chart.render(), "Service", "listenq-agents")
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertIs(service["spec"]["publishNotReadyAddresses"], True)


class Probes(unittest.TestCase):
    def test_readiness_of_the_front_is_the_agents(self):
        front = chart.container(dict(chart.pod_specs(chart.render()))["DaemonSet"], "front")
        self.assertEqual(front["readinessProbe"]["httpGet"], {"path": "/readyz", "port": "metrics"})
        self.assertEqual(front["livenessProbe"]["httpGet"], {"path": "/healthz", "port": "metrics"})

    def test_an_aggregator_without_nodes_is_ready(self):
        aggregator = chart.container(dict(chart.pod_specs(chart.render()))["Deployment"], "aggregator")
        self.assertEqual(aggregator["readinessProbe"]["httpGet"], {"path": "/healthz", "port": "metrics"})

    def test_none_runs_a_command(self):
        for what, objects in chart.all_renderings():
            self.assertNotIn("'exec'", str(objects), what)


class NetworkPolicies(unittest.TestCase):
    def policy(self, component, **kwargs):
        return chart.one(chart.render(**kwargs), "NetworkPolicy", f"listenq-{component}")["spec"]

    def callers(self, spec, port):
        return [rule["from"] for rule in spec["ingress"] if rule["ports"][0]["port"] == port]

    def test_agents_are_asked_by_the_aggregator_alone_and_ask_nobody(self):
        spec = self.policy("agent")
        self.assertEqual(self.callers(spec, 7443), [[{"podSelector": {"matchLabels": selector("aggregator")}}]])
        self.assertEqual(spec["egress"], [])
        self.assertEqual(sorted(spec["policyTypes"]), ["Egress", "Ingress"])

    def test_metrics_have_a_rule_of_their_own(self):
        for component in ("agent", "aggregator"):
            spec = self.policy(component, sets=["networkPolicy.metricsFrom=null"])
            self.assertEqual(self.callers(spec, 9465), [])
            (callers,) = self.callers(self.policy(component), 9465)
            self.assertIn("monitoring", str(callers))

    def test_aggregator_reaches_agents_and_the_api(self):
        rules = self.policy("aggregator")["egress"]
        self.assertEqual(rules[0]["to"], [{"podSelector": {"matchLabels": selector("agent")}}])
        self.assertEqual([port["port"] for port in rules[1]["ports"]], [443, 6443, 16443])

    def test_with_dns_the_aggregator_reaches_names_instead(self):
        rules = self.policy("aggregator", sets=["aggregator.discovery=dns"])["egress"]
        self.assertEqual({port["port"] for port in rules[1]["ports"]}, {53})

    def test_the_test_may_call_whoever_else_may(self):
        objects = chart.render(sets=["networkPolicy.clientsFrom[0].namespaceSelector.matchLabels.team=sre"])
        spec = chart.one(objects, "NetworkPolicy", "listenq-aggregator")["spec"]
        self.assertIn([{"podSelector": {"matchLabels": selector("test")}}], self.callers(spec, 7443))


class Images(unittest.TestCase):
    def images(self, *sets):
        return {
            each["name"]: each["image"]
            for _, spec in chart.pod_specs(chart.render(sets=sets))
            for each in spec["containers"]
        }

    def test_are_bare_names_with_the_charts_version(self):
        self.assertEqual(
            self.images(),
            {
                "agent": "listenq-agent:0.1.0",
                "front": "listenq-aggregator:0.1.0",
                "aggregator": "listenq-aggregator:0.1.0",
                "nodes": "listenq-cli:0.1.0",
            },
        )

    def test_come_from_a_registry_by_tag_or_digest(self):
        digest = "sha256:" + "a" * 64
        images = self.images("image.registry=r.example/x/", "image.tag=v2", f"image.agent.digest={digest}")
        self.assertEqual(images["agent"], f"r.example/x/listenq-agent@{digest}")
        self.assertEqual(images["front"], "r.example/x/listenq-aggregator:v2")


class Test(unittest.TestCase):
    def test_is_a_hook_that_asks_the_service(self):
        pod = chart.one(chart.render(), "Pod")
        self.assertEqual(pod["metadata"]["annotations"]["helm.sh/hook"], "test")
        args = pod["spec"]["containers"][0]["args"]
        self.assertIn(f"--server=listenq-aggregator.{chart.NAMESPACE}.svc:7443", args)
        self.assertFalse(is_part(selector("aggregator"), pod["metadata"]["labels"]))

    def test_is_not_there_without_a_certificate_or_when_not_wanted(self):
        secrets = ["tls.method=existingSecret", "tls.existingSecret.front=f", "tls.existingSecret.aggregator=a"]
        self.assertEqual(chart.of_kind(chart.render(sets=secrets), "Pod"), [])
        self.assertEqual(chart.of_kind(chart.render(sets=["test.enabled=false"]), "Pod"), [])


if __name__ == "__main__":
    chart.main()
