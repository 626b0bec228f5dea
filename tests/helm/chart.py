"""The chart as tests see it: rendered by Helm, as Python values.

Each test file is a program: exit code 0, 1, or 77 with the reason where what it needs is not there.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "listenq"
DEPLOY = ROOT / "deploy"
RELEASE = "listenq"
NAMESPACE = "lqt-chart"
MONITORING = "monitoring.coreos.com/v1"
CERT_MANAGER = "cert-manager.io/v1"
# The oldest that the chart takes, the last without the field for AppArmor, one of today, one with user namespaces.
KUBES = ("1.25.0", "1.29.0", "1.32.0", "1.34.0")
SKIPPED = 77


@functools.cache
def helm():
    """The path of Helm, or None."""
    candidates = [os.environ.get("HELM"), shutil.which("helm")]
    if shutil.which("go"):
        folder = subprocess.run(["go", "env", "GOPATH"], capture_output=True, text=True).stdout.strip()
        candidates.append(os.path.join(folder, "bin", "helm"))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def run_helm(*arguments, env=None):
    return subprocess.run([helm(), *map(str, arguments)], capture_output=True, text=True, env=env)


def ci_files():
    return sorted(CHART.glob("ci/*-values.yaml"))


def ci_file(name):
    return CHART / "ci" / f"{name}-values.yaml"


def render_text(values=(), sets=(), kube="1.32.0", apis=(), chart=CHART, namespace=NAMESPACE):
    """What `helm template` does with these files of values and KEY=VALUE settings: (exit code, output, errors)."""
    command = ["template", RELEASE, chart, "--namespace", namespace, "--kube-version", kube]
    for path in values:
        command += ["--values", path]
    for text in sets:
        command += ["--set", text]
    for api in apis:
        command += ["--api-versions", api]
    result = run_helm(*command)
    return result.returncode, result.stdout, result.stderr


def render(*args, **kwargs):
    """The rendered objects."""
    code, text, errors = render_text(*args, **kwargs)
    if code != 0:
        raise AssertionError(f"helm template {args} {kwargs}: {errors}")
    return [each for each in yaml.safe_load_all(text) if each is not None]


def refusal(*args, **kwargs):
    """Why helm template refuses; fails where it does not."""
    code, _, errors = render_text(*args, **kwargs)
    if code == 0:
        raise AssertionError(f"helm template {args} {kwargs}: it is taken")
    return errors


@functools.cache
def all_renderings():
    """(what it is, objects) of each ci file, for the oldest and the newest of KUBES."""
    return [
        (f"{path.name} on {kube}", render([path], kube=kube)) for path in ci_files() for kube in (KUBES[0], KUBES[-1])
    ]


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def one(objects, kind, name=None):
    found = [each for each in of_kind(objects, kind) if name in (None, each["metadata"]["name"])]
    if len(found) != 1:
        raise AssertionError(f"{kind} {name or ''}: {len(found)} of them")
    return found[0]


def pod_specs(objects):
    """(kind, spec of the pod) of whatever makes pods."""
    for each in objects:
        if each["kind"] in ("DaemonSet", "Deployment"):
            yield each["kind"], each["spec"]["template"]["spec"]
        elif each["kind"] == "Pod":
            yield "Pod", each["spec"]


def container(spec, name):
    return next(each for each in spec["containers"] if each["name"] == name)


def labels_of_pods(objects):
    for each in objects:
        if each["kind"] in ("DaemonSet", "Deployment"):
            yield each["spec"]["template"]["metadata"]["labels"]
        elif each["kind"] == "Pod":
            yield each["metadata"]["labels"]


def main():
    """Runs the tests of the calling program."""
    if helm() is None:
        print("skipped: no helm in $HELM, PATH or $(go env GOPATH)/bin: go install helm.sh/helm/v3/cmd/helm@v3.16.4")
        sys.exit(SKIPPED)
    result = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun == 0 or len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
