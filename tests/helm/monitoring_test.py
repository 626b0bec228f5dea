#!/usr/bin/python3
"""Monitors, alerts and dashboard: asked for, possible, and the very files of deploy/."""

import json
import re
import unittest

import yaml

import chart

ASKED = {
    "podMonitor": "PodMonitor",
    "serviceMonitor": "ServiceMonitor",
    "prometheusRule": "PrometheusRule",
    "dashboard": "ConfigMap",
}


class Monitoring(unittest.TestCase):
    def test_is_there_when_asked_for_alone(self):
        for value, kind in ASKED.items():
            self.assertEqual(chart.of_kind(chart.render(), kind), [])
            chart.one(chart.render(sets=[f"{value}.enabled=true"]), kind)

    def test_is_refused_where_the_cluster_does_not_know_it(self):
        # A cluster that says what it has names its kinds too.
        cluster = ["v1/Pod", "apps/v1/DaemonSet"]
        wanted = {f"{value}.enabled=true": chart.MONITORING for value in ASKED if value != "dashboard"}
        wanted["tls.method=certManager"] = chart.CERT_MANAGER
        for setting, api in wanted.items():
            with self.subTest(setting):
                words = chart.refusal(sets=[setting], apis=cluster)
                self.assertIn(f"{re.split('[=]', setting)[0]}", words.replace("method certManager", "method"))
                self.assertIn(f"needs {api}, which this cluster does not have", words)
                self.assertTrue(chart.render(sets=[setting], apis=[*cluster, api]))

    def test_labels_are_what_operators_select_by(self):
        objects = chart.render([chart.ci_file("monitoring")])
        for kind in ("PodMonitor", "ServiceMonitor", "PrometheusRule"):
            self.assertEqual(chart.one(objects, kind)["metadata"]["labels"]["release"], "kube-prometheus-stack")
        self.assertEqual(chart.one(objects, "ConfigMap")["metadata"]["labels"]["grafana_dashboard"], "1")

    def test_fronts_labels_win_and_the_scraped_pod_has_none(self):
        (endpoint,) = chart.one(chart.render([chart.ci_file("monitoring")]), "PodMonitor")["spec"]["podMetricsEndpoints"]
        self.assertIs(endpoint["honorLabels"], True)
        dropped = next(each for each in endpoint["relabelings"] if each["action"] == "labeldrop")["regex"]
        for label in ("namespace", "pod", "container"):
            self.assertRegex(label, f"^({dropped})$")

    def test_pods_are_not_counted_twice(self):
        objects = chart.render([chart.ci_file("monitoring")])
        (endpoint,) = chart.one(objects, "ServiceMonitor")["spec"]["endpoints"]
        (keep,) = endpoint["metricRelabelings"]
        self.assertEqual((keep["action"], keep["sourceLabels"]), ("keep", ["__name__"]))
        for name, kept in {
            "listenq_peer_up": True,
            "listenq_tls_certificate_not_after_timestamp_seconds": True,
            "listenq_netstat_TcpExt_ListenDrops": False,
            "listenq_listener_queue": False,
        }.items():
            self.assertEqual(bool(re.fullmatch(keep["regex"], name)), kept, name)

    def test_service_monitor_selects_its_service_alone(self):
        objects = chart.render([chart.ci_file("monitoring")])
        wanted = chart.one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
        found = [
            each for each in chart.of_kind(objects, "Service") if wanted.items() <= each["metadata"]["labels"].items()
        ]
        self.assertEqual([each["metadata"]["name"] for each in found], ["listenq-aggregator-metrics"])


class Files(unittest.TestCase):
    """deploy/ has the same ones for those who do without the chart."""

    def setUp(self):
        self.objects = chart.render([chart.ci_file("monitoring")])

    def test_alerts_are_those_of_deploy(self):
        path = chart.DEPLOY / "prometheus" / "alerts.yaml"
        self.assertEqual(chart.one(self.objects, "PrometheusRule")["spec"], yaml.safe_load(path.read_text()))
        self.assertEqual(path.resolve(), chart.CHART / "files" / "alerts.yaml")

    def test_dashboard_is_that_of_deploy(self):
        path = chart.DEPLOY / "grafana" / "listenq.json"
        (text,) = chart.one(self.objects, "ConfigMap")["data"].values()
        self.assertEqual(text, path.read_text())
        self.assertEqual(json.loads(text)["uid"], "listenq")
        self.assertEqual(path.resolve(), chart.CHART / "files" / "dashboard.json")
        self.assertLess(len(text), 1 << 20)


if __name__ == "__main__":
    chart.main()
