#!/usr/bin/python3
"""Certificates: who signs whom, with which names, and that each side asks for the other's."""

import base64
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import chart

WHO = ("front", "aggregator", "client")


def flag_values(objects, kind, name, flag):
    spec = dict(chart.pod_specs(objects))[kind]
    return [each.partition("=")[2] for each in chart.container(spec, name)["args"] if each.startswith(f"--{flag}=")]


def secret_of(spec):
    (volume,) = [each for each in spec["volumes"] if each["name"] == "tls"]
    return volume["secret"]["secretName"]


def secrets_in_use(objects):
    """Secret by who uses it, as the pods mount them."""
    specs = dict(chart.pod_specs(objects))
    return {who: secret_of(specs[kind]) for who, kind in zip(WHO, ("DaemonSet", "Deployment", "Pod")) if kind in specs}


@unittest.skipUnless(shutil.which("openssl"), "no openssl")
class Helm(unittest.TestCase):
    def setUp(self):
        self.objects = chart.render(sets=["tls.aggregatorNames={listenq.example.org}"])
        folder = tempfile.TemporaryDirectory(prefix="lqt-chart-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for secret in chart.of_kind(self.objects, "Secret"):
            for key, value in secret["data"].items():
                (self.folder / f"{secret['metadata']['name']}.{key}").write_bytes(base64.b64decode(value))

    def openssl(self, *arguments):
        result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        return result.returncode == 0, result.stdout + result.stderr

    def path(self, who, key):
        return self.folder / f"listenq-{who}-tls.{key}"

    def verify(self, who, *more):
        return self.openssl("verify", *more, "-CAfile", self.path("front", "ca.crt"), self.path(who, "tls.crt"))

    def test_one_authority_signs_all(self):
        for who in WHO:
            for purpose in ("sslserver", "sslclient"):
                ok, output = self.verify(who, "-purpose", purpose)
                self.assertTrue(ok, output)
            self.assertEqual(self.path(who, "ca.crt").read_text(), (self.folder / "listenq-ca.tls.crt").read_text())

    def test_keys_are_the_certificates(self):
        for who in WHO:
            of_key = self.openssl("pkey", "-pubout", "-in", self.path(who, "tls.key"))
            of_certificate = self.openssl("x509", "-pubkey", "-noout", "-in", self.path(who, "tls.crt"))
            self.assertTrue(of_key[0] and of_certificate[0])
            self.assertEqual(of_key[1], of_certificate[1])

    def test_names_are_those_that_the_others_ask_for(self):
        (front,) = flag_values(self.objects, "Deployment", "aggregator", "tls-server-name")
        (aggregator,) = flag_values(self.objects, "DaemonSet", "front", "allow")
        (client,) = flag_values(self.objects, "Deployment", "aggregator", "allow")
        (server,) = flag_values(self.objects, "Pod", "nodes", "tls-server-name")
        self.assertEqual(server, aggregator)
        for who, name in zip(WHO, (front, aggregator, client)):
            for other in WHO:
                ok, output = self.verify(other, "-verify_hostname", name)
                self.assertEqual(ok, other == who, f"{name} in the certificate of {other}: {output}")

    def test_aggregator_has_the_names_that_callers_use(self):
        for name in (
            f"listenq-aggregator.{chart.NAMESPACE}.svc.cluster.local",
            f"listenq-aggregator.{chart.NAMESPACE}",
            "listenq.example.org",
        ):
            ok, output = self.verify("aggregator", "-verify_hostname", name)
            self.assertTrue(ok, output)

    def test_end_is_noted(self):
        secret = chart.one(self.objects, "Secret", "listenq-front-tls")
        noted = secret["metadata"]["annotations"]["listenq/not-after"]
        _, output = self.openssl("x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", self.path("front", "tls.crt"))
        # Certificate and note are made one after the other: minutes are enough.
        self.assertIn(noted.replace("T", " ")[:15], output)

    def test_no_pod_mounts_the_authoritys_key(self):
        self.assertEqual(secrets_in_use(self.objects), {who: f"listenq-{who}-tls" for who in WHO})


class Allowed(unittest.TestCase):
    def test_front_takes_the_aggregator_alone_aggregator_a_list(self):
        objects = chart.render(sets=["aggregator.allow={spiffe://x/*,sre.example.org}"])
        service = f"{chart.NAMESPACE}.svc"
        self.assertEqual(flag_values(objects, "DaemonSet", "front", "allow"), [f"listenq-aggregator.{service}"])
        self.assertEqual(
            flag_values(objects, "Deployment", "aggregator", "allow"),
            [f"listenq-client.{service}", "spiffe://x/*", "sre.example.org"],
        )

    def test_nobody_speaks_without_certificates(self):
        for what, objects in chart.all_renderings():
            for kind, spec in chart.pod_specs(objects):
                name = {"DaemonSet": "front", "Deployment": "aggregator", "Pod": "nodes"}[kind]
                with self.subTest(f"{name} of {what}"):
                    args = chart.container(spec, name)["args"]
                    self.assertNotIn("--insecure", args)
                    for flag in ("tls-ca", "tls-cert", "tls-key"):
                        self.assertEqual(len(flag_values(objects, kind, name, flag)), 1)


class CertManager(unittest.TestCase):
    def test_makes_the_secrets_that_pods_mount(self):
        objects = chart.render([chart.ci_file("cert-manager")])
        made = {each["spec"]["secretName"]: each["spec"] for each in chart.of_kind(objects, "Certificate")}
        for who, secret in secrets_in_use(objects).items():
            with self.subTest(who):
                self.assertEqual(made[secret]["issuerRef"]["name"], "listenq-ca")
                self.assertEqual(made[secret]["usages"], ["digital signature", "server auth", "client auth"])
                self.assertEqual(made[secret]["privateKey"]["rotationPolicy"], "Always")
        (server_name,) = flag_values(objects, "Deployment", "aggregator", "tls-server-name")
        self.assertIn(server_name, made["listenq-front-tls"]["dnsNames"])
        self.assertIs(made["listenq-ca"]["isCA"], True)
        self.assertEqual(chart.of_kind(objects, "Secret"), [])

    def test_no_two_certificates_share_a_name(self):
        objects = chart.render([chart.ci_file("cert-manager")])
        names = [name for each in chart.of_kind(objects, "Certificate") for name in each["spec"].get("dnsNames", [])]
        self.assertEqual(len(names), len(set(names)))

    def test_takes_an_issuer(self):
        objects = chart.render([chart.ci_file("full")])
        self.assertEqual(chart.of_kind(objects, "Issuer"), [])
        for each in chart.of_kind(objects, "Certificate"):
            self.assertEqual(each["spec"]["issuerRef"], {"name": "fleet", "kind": "ClusterIssuer", "group": "cert-manager.io"})


class ExistingSecret(unittest.TestCase):
    def test_names_are_the_given_ones_and_nothing_is_made(self):
        objects = chart.render([chart.ci_file("existing-secret")])
        self.assertEqual(secrets_in_use(objects), {who: f"fleet-{who}" for who in WHO})
        self.assertEqual(flag_values(objects, "DaemonSet", "front", "allow"), ["aggregator.listenq.example.org"])
        self.assertEqual(flag_values(objects, "Deployment", "aggregator", "allow"), ["test.listenq.example.org"])
        self.assertEqual(
            flag_values(objects, "Deployment", "aggregator", "tls-server-name"), ["front.listenq.example.org"]
        )
        for kind in ("Secret", "Certificate", "Issuer"):
            self.assertEqual(chart.of_kind(objects, kind), [])

    def test_is_the_same_however_often_it_is_rendered(self):
        values = [chart.ci_file("existing-secret")]
        self.assertEqual(chart.render_text(values)[1], chart.render_text(values)[1])


if __name__ == "__main__":
    chart.main()
