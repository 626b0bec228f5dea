#!/usr/bin/python3
"""What the pods may do: as little as is said, for every ci file and version of Kubernetes."""

import re
import unittest

import chart

WITH_PROCESSES = ["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"]


def containers(spec):
    return spec["containers"] + spec.get("initContainers", [])


class EveryPod(unittest.TestCase):
    def each(self):
        for what, objects in chart.all_renderings():
            for kind, spec in chart.pod_specs(objects):
                yield f"{kind} of {what}", kind, spec

    def test_is_never_privileged_nor_on_the_nodes_network(self):
        for what, _, spec in self.each():
            with self.subTest(what):
                self.assertFalse(spec.get("hostNetwork", False))
                self.assertFalse(spec.get("hostIPC", False))
                for each in containers(spec):
                    self.assertFalse(each["securityContext"].get("privileged", False))
                    self.assertNotIn("hostPort", str(each.get("ports", [])))

    def test_drops_all_and_gains_nothing(self):
        for what, _, spec in self.each():
            with self.subTest(what):
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                for each in containers(spec):
                    context = each["securityContext"]
                    self.assertIs(context["allowPrivilegeEscalation"], False)
                    self.assertIs(context["readOnlyRootFilesystem"], True)
                    self.assertEqual(context["capabilities"]["drop"], ["ALL"])

    def test_runs_on_linux_with_limits(self):
        for what, _, spec in self.each():
            with self.subTest(what):
                self.assertEqual(spec["nodeSelector"]["kubernetes.io/os"], "linux")
                for each in containers(spec):
                    self.assertIn("memory", each["resources"]["limits"])
                    self.assertNotIn("cpu", each["resources"]["limits"])

    def test_all_but_the_agent_are_restricted(self):
        for what, _, spec in self.each():
            with self.subTest(what):
                for each in containers(spec):
                    context = each["securityContext"]
                    if each["name"] == "agent":
                        continue
                    self.assertIs(context["runAsNonRoot"], True)
                    self.assertEqual((context["runAsUser"], context["runAsGroup"]), (65532, 65532))
                    self.assertNotIn("add", context["capabilities"])
                    self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})

    def test_only_the_agents_has_folders_of_the_node(self):
        for what, kind, spec in self.each():
            with self.subTest(what):
                if kind != "DaemonSet":
                    self.assertNotIn("hostPath", str(spec["volumes"]))
                    self.assertNotIn("hostPID", spec)


class Token(unittest.TestCase):
    def test_is_mounted_where_the_api_is_asked_alone(self):
        for what, objects in chart.all_renderings():
            for kind, spec in chart.pod_specs(objects):
                asks = any("--peers=k8s://" in flag for flag in spec["containers"][0]["args"])
                with self.subTest(f"{kind} of {what}"):
                    self.assertIs(spec["automountServiceAccountToken"], asks)
            for account in chart.of_kind(objects, "ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)

    def test_may_do_what_peers_need_and_no_more(self):
        objects = chart.render()
        role = chart.one(objects, "Role")
        self.assertEqual(
            role["rules"],
            [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
                {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
            ],
        )
        binding = chart.one(objects, "RoleBinding")
        account = chart.one(objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
        self.assertEqual([each["name"] for each in binding["subjects"]], [account])
        self.assertEqual(chart.of_kind(objects, "ClusterRole"), [])

    def test_has_no_rights_where_names_are_from_dns(self):
        objects = chart.render(sets=["aggregator.discovery=dns"])
        self.assertEqual(chart.of_kind(objects, "Role") + chart.of_kind(objects, "RoleBinding"), [])


class Agent(unittest.TestCase):
    def spec(self, *values, **kwargs):
        return chart.one(chart.render(*values, **kwargs), "DaemonSet")["spec"]["template"]["spec"]

    def host_paths(self, spec):
        return sorted(each["hostPath"]["path"] for each in spec["volumes"] if "hostPath" in each)

    def test_has_three_capabilities_and_three_folders(self):
        spec = self.spec()
        self.assertIs(spec["hostPID"], True)
        self.assertEqual(chart.container(spec, "agent")["securityContext"]["capabilities"]["add"], WITH_PROCESSES)
        self.assertEqual(self.host_paths(spec), ["/run/containerd", "/run/netns", "/sys/fs/cgroup"])

    def test_without_processes_has_sys_admin_alone(self):
        spec = self.spec(sets=["processes=false"])
        self.assertNotIn("hostPID", spec)
        agent = chart.container(spec, "agent")
        self.assertEqual(agent["securityContext"]["capabilities"]["add"], ["SYS_ADMIN"])
        self.assertIn("--processes=off", agent["args"])
        self.assertEqual(self.host_paths(spec), ["/run/containerd", "/run/netns"])
        self.assertNotIn("appArmorProfile", agent["securityContext"])

    def test_minimal_has_run_netns_alone(self):
        spec = self.spec([chart.ci_file("minimal")])
        self.assertEqual(self.host_paths(spec), ["/run/netns"])
        self.assertIn("--cri-endpoint=off", chart.container(spec, "agent")["args"])

    def test_mounts_are_read_only_but_its_own_socket(self):
        spec = self.spec()
        writable = [m["name"] for m in chart.container(spec, "agent")["volumeMounts"] if not m.get("readOnly")]
        self.assertEqual(writable, ["run"])
        propagation = {m["name"]: m.get("mountPropagation") for m in chart.container(spec, "agent")["volumeMounts"]}
        self.assertEqual(propagation["netns"], "HostToContainer")

    def test_shares_its_socket_with_the_front_by_the_group(self):
        spec = self.spec()
        self.assertEqual(spec["securityContext"]["fsGroup"], 65532)
        run = next(each for each in spec["volumes"] if each["name"] == "run")
        self.assertIn("emptyDir", run)
        for name in ("agent", "front"):
            mounts = {m["name"]: m["mountPath"] for m in chart.container(spec, name)["volumeMounts"]}
            self.assertEqual(mounts["run"], "/run/listenq")

    def test_has_no_port_and_no_probe(self):
        agent = chart.container(self.spec(), "agent")
        for key in ("ports", "livenessProbe", "readinessProbe", "startupProbe"):
            self.assertNotIn(key, agent)

    def test_app_armor_is_a_field_or_the_annotation_of_before(self):
        def annotation(objects):
            found = chart.one(objects, "DaemonSet")["spec"]["template"]["metadata"]["annotations"]
            return found.get("container.apparmor.security.beta.kubernetes.io/agent")

        def field(objects):
            spec = chart.one(objects, "DaemonSet")["spec"]["template"]["spec"]
            return chart.container(spec, "agent")["securityContext"].get("appArmorProfile")

        cases = {
            "": ("unconfined", {"type": "Unconfined"}),
            "RuntimeDefault": ("runtime/default", {"type": "RuntimeDefault"}),
            "Localhost/x": ("localhost/x", {"type": "Localhost", "localhostProfile": "x"}),
        }
        for value, (old, new) in cases.items():
            sets = [f"agent.appArmorProfile={value}"]
            before, since = chart.render(sets=sets, kube="1.29.0"), chart.render(sets=sets, kube="1.30.0")
            self.assertEqual((annotation(before), field(before)), (old, None))
            self.assertEqual((annotation(since), field(since)), (None, new))

    def test_is_in_the_nodes_user_namespace(self):
        self.assertIs(self.spec(kube="1.33.0")["hostUsers"], True)
        self.assertNotIn("hostUsers", self.spec(kube="1.32.0"))

    def test_se_linux_type_is_a_value(self):
        def options(*sets):
            return chart.container(self.spec(sets=sets), "agent")["securityContext"].get("seLinuxOptions")

        self.assertEqual(options(), {"type": "spc_t"})
        self.assertEqual(options("agent.seLinuxOptions.level=s0"), {"type": "spc_t", "level": "s0"})

    def test_runtimes_folder_is_mounted_where_it_is(self):
        folders = {
            "containerd": "/run/containerd/containerd.sock",
            "crio": "/run/crio/crio.sock",
            "k3s": "/run/k3s/containerd/containerd.sock",
            "rke2": "/run/k3s/containerd/containerd.sock",
            "k0s": "/run/k0s/containerd.sock",
            "microk8s": "/var/snap/microk8s/common/run/containerd.sock",
        }
        for preset, socket in folders.items():
            spec = self.spec(sets=[f"runtime.preset={preset}"])
            agent = chart.container(spec, "agent")
            folder = socket.rpartition("/")[0]
            self.assertIn(f"--cri-endpoint=unix:///host{socket}", agent["args"])
            self.assertIn(folder, self.host_paths(spec))
            self.assertIn(f"/host{folder}", [mount["mountPath"] for mount in agent["volumeMounts"]])


    def test_no_mount_lies_in_another(self):
        # The runtime would make its mount point in a folder of the node.
        for what, objects in chart.all_renderings():
            for _, spec in chart.pod_specs(objects):
                for each in spec["containers"]:
                    paths = sorted(mount["mountPath"] for mount in each["volumeMounts"])
                    for outer, inner in zip(paths, paths[1:]):
                        self.assertFalse(inner.startswith(outer + "/"), f"{inner} of {what}")


class Source(unittest.TestCase):
    def test_each_capability_and_mount_says_what_needs_it(self):
        lines = (chart.CHART / "templates" / "daemonset.yaml").read_text().splitlines()
        wanted = [n for n, line in enumerate(lines) if re.match(r" +- (SYS|DAC|NET|CAP)_[A-Z_]+$", line)]
        self.assertEqual(len(wanted), 3)
        in_mounts = False
        for number, line in enumerate(lines):
            in_mounts = (in_mounts or line.endswith("volumeMounts:")) and not re.match(r" +(- name: front|volumes:)", line)
            if in_mounts and re.match(r" +- name: ", line):
                wanted.append(number)
        self.assertEqual(len(wanted), 3 + 6)
        for number in wanted:
            self.assertRegex(lines[number - 1], r"^ +# ", lines[number])


class OpenShift(unittest.TestCase):
    def test_binds_an_scc_to_each_account(self):
        objects = chart.render([chart.ci_file("openshift")])
        bound = {
            (each["roleRef"]["name"], each["subjects"][0]["name"])
            for each in chart.of_kind(objects, "RoleBinding")
            if each["roleRef"]["kind"] == "ClusterRole"
        }
        self.assertEqual(
            bound,
            {
                ("system:openshift:scc:privileged", "listenq-agent"),
                ("system:openshift:scc:nonroot-v2", "listenq-aggregator"),
            },
        )


class Mesh(unittest.TestCase):
    def test_is_kept_off_every_pod_unless_told(self):
        for labels in chart.labels_of_pods(chart.render()):
            self.assertEqual(labels["sidecar.istio.io/inject"], "false")
        for labels in chart.labels_of_pods(chart.render(sets=["mesh.disableInjection=false"])):
            self.assertNotIn("sidecar.istio.io/inject", labels)


if __name__ == "__main__":
    chart.main()
