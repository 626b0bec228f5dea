#include "agent/discover/cgroup_path.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace listenq::discover {

void PrintTo(const CgroupOwner& owner, std::ostream* out) {
  *out << "{runtime=" << owner.runtime << " id=" << owner.container_id << " uid=" << owner.pod_uid << "}";
}

namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');
const std::string kUid = "0123abcd-1111-2222-3333-0123456789ab";
const std::string kUnderscored = "0123abcd_1111_2222_3333_0123456789ab";
const std::string kHash = "0123456789abcdef0123456789abcdef";

struct Case {
  std::string name;
  std::string file;
  CgroupOwner expected;
};

class CgroupParse : public testing::TestWithParam<Case> {};

TEST_P(CgroupParse, TellsTheOwner) { EXPECT_EQ(ParseCgroup(GetParam().file), GetParam().expected); }

std::vector<Case> Kubernetes() {
  const std::string slices = "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod";
  const std::string guaranteed = "0::/kubepods.slice/kubepods-pod";
  const std::string kind = "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/";
  return {
      {"CgroupfsBurstable", "0::/kubepods/burstable/pod" + kUid + "/" + kId + "\n", {"", kId, kUid}},
      {"CgroupfsGuaranteed", "0::/kubepods/pod" + kUid + "/" + kId + "\n", {"", kId, kUid}},
      {"CgroupfsCrio", "0::/kubepods/besteffort/pod" + kUid + "/crio-" + kId + "\n", {"cri-o", kId, kUid}},
      {"CgroupfsCrioConmon", "0::/kubepods/besteffort/pod" + kUid + "/crio-conmon-" + kId + "\n", {}},
      {"CgroupfsPodOnly", "0::/kubepods/pod" + kUid + "\n", {"", "", kUid}},
      {"SystemdContainerd",
       slices + kUnderscored + ".slice/cri-containerd-" + kId + ".scope\n",
       {"containerd", kId, kUid}},
      {"SystemdGuaranteed",
       guaranteed + kUnderscored + ".slice/cri-containerd-" + kId + ".scope\n",
       {"containerd", kId, kUid}},
      {"SystemdCrio", slices + kUnderscored + ".slice/crio-" + kId + ".scope\n", {"cri-o", kId, kUid}},
      {"SystemdCrioBelow",
       slices + kUnderscored + ".slice/crio-" + kId + ".scope/container\n",
       {"cri-o", kId, kUid}},
      {"SystemdCrioConmon", slices + kUnderscored + ".slice/crio-conmon-" + kId + ".scope\n", {}},
      {"SystemdDocker", slices + kUnderscored + ".slice/docker-" + kId + ".scope\n", {"docker", kId, kUid}},
      {"StaticPod", "0::/kubepods/burstable/pod" + kHash + "/" + kId + "\n", {"", kId, kHash}},
      {"StaticPodSystemd",
       slices + kHash + ".slice/cri-containerd-" + kId + ".scope\n",
       {"containerd", kId, kHash}},
      {"DriverMismatch",
       "0::/system.slice/containerd.service/kubepods-burstable-pod" + kUnderscored +
           ".slice:cri-containerd:" + kId + "\n",
       {"containerd", kId, kUid}},
      {"KindCgroupfs", "0::/kubelet/kubepods/burstable/pod" + kUid + "/" + kId + "\n", {"", kId, kUid}},
      {"KindSystemd",
       "0::" + kind + "kubelet-kubepods-burstable-pod" + kUnderscored + ".slice/cri-containerd-" + kId +
           ".scope\n",
       {"containerd", kId, kUid}},
      {"KindFromItsHost",
       "0::/docker/" + kOther + "/kubelet/kubepods/pod" + kUid + "/" + kId + "\n",
       {"", kId, kUid}},
      {"KindKubelet", "0::/docker/" + kOther + "/kubelet/kubelet.service\n", {"docker", kOther, ""}},
      {"DockerInAPod", "0::/kubepods/pod" + kUid + "/" + kId + "/docker/" + kOther + "\n", {"", kId, kUid}},
      {"PrivateCgroupNamespace", "0::/../../pod" + kUid + "/" + kId + "\n", {"", kId, kUid}},
      {"PrivateCgroupNamespaceSystemd",
       "0::/../../kubepods-burstable-pod" + kUnderscored + ".slice/cri-containerd-" + kId + ".scope\n",
       {"containerd", kId, kUid}},
      {"PrivateCgroupNamespaceSibling", "0::/../cri-containerd-" + kId + ".scope\n", {"containerd", kId, ""}},
  };
}

std::vector<Case> OtherRuntimes() {
  return {
      {"DockerCgroupfs", "0::/docker/" + kId + "\n", {"docker", kId, ""}},
      {"DockerSystemd", "0::/system.slice/docker-" + kId + ".scope\n", {"docker", kId, ""}},
      {"Podman", "0::/machine.slice/libpod-" + kId + ".scope\n", {"podman", kId, ""}},
      {"PodmanBelow", "0::/machine.slice/libpod-" + kId + ".scope/container\n", {"podman", kId, ""}},
      {"PodmanPod",
       "0::/machine.slice/machine-libpod_pod_" + kOther + ".slice/libpod-" + kId + ".scope\n",
       {"podman", kId, ""}},
      {"PodmanConmon", "0::/machine.slice/libpod-conmon-" + kId + ".scope\n", {}},
      {"BareIdOfUnknownParent", "0::/jobs/" + kId + "\n", {"", kId, ""}},
      {"Service", "0::/system.slice/ssh.service\n", {}},
      {"Root", "0::/\n", {}},
  };
}

std::vector<Case> Versions() {
  const std::string pod = "/kubepods/burstable/pod" + kUid + "/" + kId + "\n";
  return {
      {"V1", "12:pids:" + pod + "2:cpu,cpuacct:" + pod + "1:name=systemd:" + pod, {"", kId, kUid}},
      {"HybridPrefersKubepods",
       "0::/reserved.slice/containerd.service\n1:name=systemd:/docker/" + kOther + "\n5:freezer:" + pod,
       {"", kId, kUid}},
      {"V1PrefersSystemd",
       "4:memory:/docker/" + kOther + "\n0::/docker/" + kOther + "\n1:name=systemd:/system.slice/docker-" +
           kId + ".scope\n",
       {"docker", kId, ""}},
      {"V1PrefersMemoryToUnified",
       "0::/docker/" + kOther + "\n4:memory:/docker/" + kId + "\n",
       {"docker", kId, ""}},
      {"V1PrefersJoinedCpu",
       "0::/docker/" + kOther + "\n4:cpuacct,cpu:/docker/" + kId + "\n",
       {"docker", kId, ""}},
      {"UnifiedBeforeOtherControllers",
       "9:freezer:/docker/" + kOther + "\n0::/docker/" + kId + "\n",
       {"docker", kId, ""}},
      {"ALineThatNamesNobodyIsPassedOver",
       "1:name=systemd:/\n4:memory:/docker/" + kId + "\n",
       {"docker", kId, ""}},
      {"NoNewlineAtTheEnd", "0::/docker/" + kId, {"docker", kId, ""}},
  };
}

std::vector<Case> Hostile() {
  return {
      {"Empty", "", {}},
      {"NoColon", "kubepods/pod" + kUid, {}},
      {"OneColon", "0:/kubepods/pod" + kUid, {}},
      {"OnlyColons", ":::::::\n:::", {}},
      {"LongerId", "0::/docker/" + kId + "a\n", {}},
      {"ShorterId", "0::/docker/" + kId.substr(1) + "\n", {}},
      {"UpperCaseId", "0::/docker/" + std::string(64, 'A') + "\n", {}},
      {"IdGluedToAWord", "0::/docker/x" + kId + "\n", {}},
      {"IdFollowedByAWord", "0::/docker/" + kId + "x\n", {}},
      {"LongerUid", "0::/kubepods/pod" + kUid + "0/\n", {}},
      {"CutUid", "0::/kubepods/pod" + kUid.substr(0, 35), {}},
      {"PodAtTheEnd", "0::/kubepods/pod", {}},
      {"Nul", std::string("0::/docker/\0", 12) + kId, {}},
  };
}

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Kubernetes, CgroupParse, testing::ValuesIn(Kubernetes()), NameOf);
INSTANTIATE_TEST_SUITE_P(OtherRuntimes, CgroupParse, testing::ValuesIn(OtherRuntimes()), NameOf);
INSTANTIATE_TEST_SUITE_P(Versions, CgroupParse, testing::ValuesIn(Versions()), NameOf);
INSTANTIATE_TEST_SUITE_P(Hostile, CgroupParse, testing::ValuesIn(Hostile()), NameOf);

TEST(CgroupParseLimits, TakesLongInputsOfEveryByte) {
  std::string bytes;
  for (int i = 0; i < 65536; ++i) bytes.push_back(static_cast<char>(i * 31));
  EXPECT_TRUE(ParseCgroup(bytes).empty());
  std::string pods = "0::";
  for (int i = 0; i < 16384; ++i) absl::StrAppend(&pods, "/pod");
  EXPECT_TRUE(ParseCgroup(pods).empty());
}

}  // namespace
}  // namespace listenq::discover
