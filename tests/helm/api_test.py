#!/usr/bin/python3
"""Every rendered object is one of Kubernetes, strictly, for each version that the chart takes.

usage: api_test.py FOLDER

The schemas come with kubernetes-validate (PyPI), which is installed below FOLDER once.
"""

import fcntl
import importlib
import pathlib
import subprocess
import sys
import unittest

import chart

PACKAGE = "kubernetes-validate==1.37.0"
# Kinds that others bring; no schema of Kubernetes has them.
FOREIGN = {
    (chart.MONITORING, "PodMonitor"),
    (chart.MONITORING, "ServiceMonitor"),
    (chart.MONITORING, "PrometheusRule"),
    (chart.CERT_MANAGER, "Certificate"),
    (chart.CERT_MANAGER, "Issuer"),
}
VERSIONS = (*chart.KUBES[:-1], "1.37.0")
APIS = (chart.MONITORING, chart.CERT_MANAGER)


def install(folder):
    """Makes the package importable; why it can't be, or None."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / PACKAGE
        if not done.exists():
            for command in (
                [sys.executable, "-m", "venv", folder],
                [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE],
            ):
                result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
                if result.returncode != 0:
                    return f"{' '.join(map(str, command))}: {(result.stderr or result.stdout).strip()[-300:]}"
            done.touch()
    (packages,) = folder.glob("lib/python3*/site-packages")
    sys.path.insert(0, str(packages))
    return None


class Api(unittest.TestCase):
    def check(self, each, version):
        validate = importlib.import_module("kubernetes_validate")
        if (each["apiVersion"], each["kind"]) in FOREIGN:
            return
        try:
            validate.validate(each, version, strict=True)
        except (validate.ValidationError, validate.SchemaNotFoundError) as error:
            path = ".".join(map(str, getattr(error, "path", [])))
            self.fail(f"{each['kind']} {each['metadata']['name']}, Kubernetes {version}: {path}: {error.message}")

    def test_takes_what_every_ci_file_makes(self):
        for version in VERSIONS:
            for path in chart.ci_files():
                for apis in ((), APIS):
                    for each in chart.render([path], kube=version, apis=apis):
                        with self.subTest(f"{path.name} {version}"):
                            self.check(each, version)

    def test_is_strict(self):
        daemon_set = chart.one(chart.render(), "DaemonSet")
        daemon_set["spec"]["template"]["spec"]["containers"][0]["privilegd"] = False
        with self.assertRaisesRegex(AssertionError, "privilegd"):
            self.check(daemon_set, "1.32.0")


if __name__ == "__main__":
    trouble = install(sys.argv[1])
    if trouble:
        print(f"skipped: {trouble}")
        sys.exit(chart.SKIPPED)
    chart.main()
