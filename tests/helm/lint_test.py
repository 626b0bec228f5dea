#!/usr/bin/python3
"""helm lint --strict, and a package that is whole."""

import pathlib
import re
import tarfile
import tempfile
import unittest

import yaml

import chart


class Version(unittest.TestCase):
    def test_is_the_programs(self):
        text = (chart.ROOT / "CMakeLists.txt").read_text()
        version = re.search(r"project\(.*?VERSION\s+([0-9.]+)", text, re.DOTALL).group(1)
        about = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
        self.assertEqual((about["version"], about["appVersion"]), (version, version))


class Lint(unittest.TestCase):
    def test_has_ci_files_that_differ(self):
        renderings = {chart.render_text([path])[1] for path in chart.ci_files()}
        self.assertGreaterEqual(len(renderings), 6)

    def test_passes_strictly_with_every_ci_file(self):
        for path in chart.ci_files():
            with self.subTest(path.name):
                result = chart.run_helm("lint", "--strict", "--kube-version", "1.32.0", chart.CHART, "--values", path)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_package_renders_as_the_folder_does(self):
        with tempfile.TemporaryDirectory(prefix="lqt-chart-") as folder:
            result = chart.run_helm("package", chart.CHART, "--destination", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            (package,) = pathlib.Path(folder).glob("*.tgz")
            with tarfile.open(package) as archive:
                names = archive.getnames()
            self.assertIn("listenq/files/alerts.yaml", names)
            self.assertIn("listenq/values.schema.json", names)
            # With certificates that are not made anew each time.
            values = [chart.ci_file("monitoring"), chart.ci_file("existing-secret")]
            self.assertEqual(chart.render(values, chart=package), chart.render(values))


if __name__ == "__main__":
    chart.main()
