#include "agent/discover/verbose_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"

namespace listenq::discover {
namespace {

using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::Pair;
using ::testing::Pointee;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

SandboxDetail Parse(const std::string& document) {
  const absl::StatusOr<SandboxDetail> detail = ParseSandboxInfo({{"info", document}});
  EXPECT_TRUE(detail.ok()) << detail.status();
  return detail.value_or(SandboxDetail());
}

std::string Captured(const std::string& name) {
  const auto text = sys::ReadFile(absl::StrCat(LISTENQ_TESTDATA, "/discover/", name));
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

// Answers of containerd 1.6.20 below a kubelet 1.32; see testdata/discover/README.md.

TEST(VerboseStatus, ContainerdPod) {
  const SandboxDetail detail = Parse(Captured("containerd-1.6-pod.json"));
  EXPECT_EQ(detail.pid, 31063u);
  EXPECT_EQ(detail.netns_path, "/var/run/netns/cni-61032961-3f59-8388-ec19-9d4a5d49f32c");
  EXPECT_FALSE(detail.host_network);
  EXPECT_EQ(detail.runtime_type, "io.containerd.runc.v2");
  EXPECT_THAT(detail.declared_sysctls,
              Pointee(UnorderedElementsAre(Pair("net.core.somaxconn", "512"),
                                           Pair("net.ipv4.ip_local_port_range", "20000 60000"))));
}

TEST(VerboseStatus, ContainerdPodWithoutSysctlsDeclaresNone) {
  const SandboxDetail detail = Parse(Captured("containerd-1.6-plain-pod.json"));
  EXPECT_EQ(detail.netns_path, "/var/run/netns/cni-c3f234c7-c2cb-0669-7b5b-6d999405a752");
  EXPECT_THAT(detail.declared_sysctls, Pointee(IsEmpty()));
}

TEST(VerboseStatus, ContainerdHostNetworkPod) {
  const SandboxDetail detail = Parse(Captured("containerd-1.6-host-network.json"));
  EXPECT_EQ(detail.pid, 31053u);
  EXPECT_TRUE(detail.host_network);
  EXPECT_EQ(detail.netns_path, "");
  EXPECT_THAT(detail.declared_sysctls, Pointee(IsEmpty()));
}

// Documents built from the sources of the runtimes.

TEST(VerboseStatus, ContainerdKeepsThePodsOwnSysctlsApart) {
  // containerd adds ip_unprivileged_port_start itself (enable_unprivileged_ports).
  const SandboxDetail detail =
      Parse(R"({"pid": 7, "config": {"linux": {"sysctls": {"net.core.somaxconn": "512"}}},
      "runtimeSpec": {"linux": {"sysctl": {"net.core.somaxconn": "512", "net.ipv4.ip_unprivileged_port_start": "0"},
      "namespaces": [{"type": "network", "path": "/var/run/netns/cni-1"}]}}})");
  EXPECT_THAT(detail.declared_sysctls, Pointee(UnorderedElementsAre(Pair("net.core.somaxconn", "512"))));
}

TEST(VerboseStatus, ContainerdTwoWithoutSpecification) {
  const SandboxDetail detail =
      Parse(R"({"pid": 0, "processStatus": "", "runtimeType": "io.containerd.kata.v2",
      "config": {"metadata": {"name": "a"}, "linux": {}}, "runtimeSpec": null, "cniResult": null,
      "sandboxMetadata": {"Version": "v1", "Metadata": {"ID": "a", "NetNSPath": "/var/run/netns/cni-2"}}})");
  EXPECT_EQ(detail.pid, 0u);
  EXPECT_EQ(detail.netns_path, "/var/run/netns/cni-2");
  EXPECT_EQ(detail.runtime_type, "io.containerd.kata.v2");
  EXPECT_FALSE(detail.host_network);
  EXPECT_THAT(detail.declared_sysctls, Pointee(IsEmpty()));
}

TEST(VerboseStatus, PathOfTheNetworkPlugin) {
  const SandboxDetail detail = Parse(R"({"runtimeSpec": null, "cniResult": {"Interfaces": {
      "cni0": {"Sandbox": ""}, "eth0": {"Sandbox": "/var/run/netns/cni-3"}, "lo": {"Sandbox": "/var/run/netns/cni-3"}}}})");
  EXPECT_EQ(detail.netns_path, "/var/run/netns/cni-3");
  EXPECT_THAT(detail.declared_sysctls, IsNull());
}

TEST(VerboseStatus, CrioWithoutInfraContainer) {
  const SandboxDetail detail = Parse(R"({"runtimeSpec": {"ociVersion": "1.0.2", "linux": {
      "sysctl": {"net/core/somaxconn": "1024", "kernel.shm_rmid_forced": "1"},
      "namespaces": [{"type": "pid"}, {"type": "network", "path": "/var/run/netns/6f3d"}, {"type": "mount"}]}}})");
  EXPECT_EQ(detail.pid, 0u);
  EXPECT_EQ(detail.netns_path, "/var/run/netns/6f3d");
  EXPECT_EQ(detail.runtime_type, "");
  EXPECT_THAT(detail.declared_sysctls, Pointee(UnorderedElementsAre(Pair("net.core.somaxconn", "1024"))));
}

TEST(VerboseStatus, CrioHostNetworkPod) {
  const SandboxDetail detail = Parse(R"({"image": "registry.k8s.io/pause:3.9", "pid": 4711, "runtimeSpec": {
      "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]}}})");
  EXPECT_EQ(detail.pid, 4711u);
  EXPECT_TRUE(detail.host_network);
  EXPECT_EQ(detail.netns_path, "");
}

TEST(VerboseStatus, OldLayoutHasADocumentPerKey) {
  const auto detail = ParseSandboxInfo(
      {{"pid", "9475"},
       {"runtimeSpec", R"({"linux": {"namespaces": [{"type": "network", "path": "/var/run/netns/cni-4"}]}})"},
       {"snapshotter", "overlayfs"}});
  ASSERT_TRUE(detail.ok()) << detail.status();
  EXPECT_EQ(detail->pid, 9475u);
  EXPECT_EQ(detail->netns_path, "/var/run/netns/cni-4");
}

TEST(VerboseStatus, OldLayoutWithGarbageKeepsTheRest) {
  const auto detail = ParseSandboxInfo({{"pid", "9475"}, {"runtimeSpec", "{oops"}});
  ASSERT_TRUE(detail.ok()) << detail.status();
  EXPECT_EQ(detail->pid, 9475u);
  EXPECT_EQ(detail->netns_path, "");
}

// Garbage.

void ExpectRefused(const std::map<std::string, std::string>& info) {
  EXPECT_EQ(ParseSandboxInfo(info).status(),
            absl::InvalidArgumentError("parse the verbose status of a sandbox: no JSON object"));
}

TEST(VerboseStatus, RefusesWhatIsNoObject) {
  ExpectRefused({});
  ExpectRefused({{"other", "{}"}});
  for (const char* text :
       {"", "{", "null", "[]", "7", "\"{}\"", "{}{}", "\xff\xfe", "{\"pid\": \"\xc3\x28\"}", "nul"}) {
    SCOPED_TRACE(text);
    ExpectRefused({{"info", text}});
  }
}

TEST(VerboseStatus, RefusesTooLongAndTooDeep) {
  const std::string spaces(size_t{4} << 20, ' ');
  ExpectRefused({{"info", "{}" + spaces}});
  EXPECT_TRUE(ParseSandboxInfo({{"info", "{}" + spaces.substr(2)}}).ok());
  const std::string deep(100000, '[');
  ExpectRefused({{"info", "{\"config\":" + deep}});
  ExpectRefused({{"info", "{\"config\":" + deep + std::string(deep.size(), ']') + "}"}});
}

TEST(VerboseStatus, WrongTypesCountAsAbsent) {
  for (
      const char* text :
      {"{}",
       R"({"pid": null, "config": null, "runtimeSpec": null, "cniResult": null, "sandboxMetadata": null})",
       R"({"pid": "12", "config": 1, "runtimeSpec": [], "cniResult": "x", "sandboxMetadata": {"Metadata": 3}})",
       R"({"pid": [], "runtimeSpec": {"linux": {"namespaces": {}, "sysctl": []}}, "runtimeType": {}})",
       R"({"runtimeSpec": {"linux": {"namespaces": [], "sysctl": 3}}})",
       R"({"cniResult": {"Interfaces": [1, null, {"Sandbox": 3}]}})",
       R"({"config": {"linux": {"sysctls": "net.core.somaxconn", "security_context": [2]}}})"}) {
    SCOPED_TRACE(text);
    SandboxDetail detail = Parse(text);
    detail.declared_sysctls = nullptr;
    EXPECT_TRUE(detail == SandboxDetail());
  }
  EXPECT_THAT(Parse(R"({"config": {"linux": {"sysctls": []}}})").declared_sysctls, IsNull());
}

TEST(VerboseStatus, PidIsOneOfTheKernels) {
  EXPECT_EQ(Parse(R"({"pid": 4194304})").pid, 4194304u);
  for (const char* pid :
       {"0", "-1", "1.5", "12.0", "1e3", "4194305", "4294967297", "18446744073709551616", "true"}) {
    SCOPED_TRACE(pid);
    EXPECT_EQ(Parse(absl::StrCat("{\"pid\": ", pid, "}")).pid, 0u);
  }
}

TEST(VerboseStatus, PathIsThatOfAPin) {
  for (const char* path : {"/proc/12/ns/net", "netns/a", "", "/run/netns/a\\u0000b"}) {
    SCOPED_TRACE(path);
    const SandboxDetail detail = Parse(absl::StrCat(
        R"({"runtimeSpec": {"linux": {"namespaces": [{"type": 3}, {"type": "network", "path": ")", path,
        "\"}]}}}"));
    EXPECT_EQ(detail.netns_path, "");
    EXPECT_FALSE(detail.host_network);
  }
}

TEST(VerboseStatus, SysctlsAreBounded) {
  std::string sysctls =
      absl::StrCat(R"("net.a": ")", std::string(256, 'a'), R"(", "net.b": ")", std::string(257, 'b'),
                   R"(", "net.c": 5, "net.)", std::string(256, 'c'), "\": \"1\"");
  const std::string head = R"({"config": {"linux": {"sysctls": {)";
  EXPECT_THAT(Parse(head + sysctls + "}}}}").declared_sysctls,
              Pointee(UnorderedElementsAre(Pair("net.a", std::string(256, 'a')))));
  for (int i = 0; i < 300; ++i) absl::StrAppend(&sysctls, ", \"net.x", i, "\": \"1\"");
  EXPECT_THAT(Parse(head + sysctls + "}}}}").declared_sysctls, Pointee(SizeIs(256)));
}

TEST(VerboseStatus, SysctlNamesHaveDots) {
  const SandboxDetail detail =
      Parse(R"({"config": {"linux": {"sysctls": {"net/ipv4/conf/eth0.1/forwarding": "1",
      "net.ipv4.conf.eth0/2.forwarding": "0", "net": "1", "": "1", "fs.file-max": "1"}}}})");
  EXPECT_THAT(detail.declared_sysctls,
              Pointee(UnorderedElementsAre(Pair("net.ipv4.conf.eth0/1.forwarding", "1"),
                                           Pair("net.ipv4.conf.eth0/2.forwarding", "0"))));
}

}  // namespace
}  // namespace listenq::discover
