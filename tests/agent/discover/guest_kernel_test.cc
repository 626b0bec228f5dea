#include "agent/discover/guest_kernel.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace listenq::discover {
namespace {

Pod PodWith(const std::string& handler, const std::string& type) {
  Pod pod;
  pod.runtime_handler = handler;
  if (!type.empty()) pod.detail = std::make_shared<SandboxDetail>(SandboxDetail{.runtime_type = type});
  return pod;
}

struct PodCase {
  std::string name;
  std::string handler;
  std::string type;
  std::string expected;  // between the parentheses; "" can be seen
};

std::string Expected(const std::string& detail) {
  return detail.empty() ? "" : absl::StrCat("not observable: guest kernel (", detail, ")");
}

class GuestKernelOfPod : public testing::TestWithParam<PodCase> {};

TEST_P(GuestKernelOfPod, IsToldByTheRuntime) {
  const Pod pod = PodWith(GetParam().handler, GetParam().type);
  EXPECT_EQ(GuestKernelReason(&pod, {}, true), Expected(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(All, GuestKernelOfPod,
                         testing::ValuesIn(std::vector<PodCase>{
                             {"Default", "", "io.containerd.runc.v2", ""},
                             {"NothingTold", "", "", ""},
                             {"Crun", "crun", "", ""},
                             {"Runsc", "runsc", "io.containerd.runsc.v1", "gVisor, runtime handler runsc"},
                             {"RunscKvm", "runsc-kvm", "", "gVisor, runtime handler runsc-kvm"},
                             {"Gke", "gvisor", "", "gVisor, runtime handler gvisor"},
                             {"GvisorGpu", "gvisor-gpu", "", "gVisor, runtime handler gvisor-gpu"},
                             {"RunscUnderAnotherHandler", "sandboxed", "io.containerd.runsc.v1",
                              "gVisor, runtime type io.containerd.runsc.v1"},
                             {"Kata", "kata", "io.containerd.kata.v2", "Kata, runtime handler kata"},
                             {"KataQemu", "kata-qemu", "", "Kata, runtime handler kata-qemu"},
                             {"KataUnderAnotherHandler", "vm", "io.containerd.kata-qemu.v2",
                              "Kata, runtime type io.containerd.kata-qemu.v2"},
                             {"HandlerThatOnlyStartsSo", "katalog", "", ""},
                             {"HandlerThatOnlyStartsSoToo", "runscape", "", ""},
                             {"HandlerCountsMoreThanRunc", "kata", "io.containerd.runc.v2",
                              "Kata, runtime handler kata"},
                         }),
                         [](const auto& test) { return test.param.name; });

struct ProcessCase {
  std::string name;
  std::vector<std::string> comms;
  bool in_pod = false;
  std::string expected;
};

class GuestKernelByProcess : public testing::TestWithParam<ProcessCase> {};

TEST_P(GuestKernelByProcess, IsToldByNames) {
  EXPECT_EQ(GuestKernelReason(nullptr, GetParam().comms, GetParam().in_pod), Expected(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    All, GuestKernelByProcess,
    testing::ValuesIn(std::vector<ProcessCase>{
        {"NoProcess", {}, true, ""},
        {"Ordinary", {"pause", "nginx"}, true, ""},
        {"RunscSandbox", {"exe", "runsc-sandbox"}, false, "gVisor, process runsc-sandbox"},
        {"ExeIsNotEnough", {"exe"}, true, ""},
        {"Qemu", {"virtiofsd", "qemu-system-x86"}, true, "Kata, process qemu-system-x86"},
        {"QemuArm", {"qemu-system-aar"}, true, "Kata, process qemu-system-aar"},
        {"CloudHypervisor", {"cloud-hyperviso", "virtiofsd"}, true, "Kata, process cloud-hyperviso"},
        {"Firecracker", {"jailer", "firecracker"}, true, "Kata, process firecracker"},
        {"VirtualMachineOfTheNode", {"qemu-system-x86"}, false, ""},
        {"KubeVirt", {"virt-launcher", "qemu-kvm"}, true, ""},
        {"HelpersAlone", {"virtiofsd"}, true, ""},
    }),
    [](const auto& test) { return test.param.name; });

TEST(GuestKernel, RuncPodMayCallItsProcessesAsItLikes) {
  const Pod runc = PodWith("", "io.containerd.runc.v2");
  EXPECT_EQ(GuestKernelReason(&runc, {"runsc-sandbox"}, true), "");
  EXPECT_EQ(GuestKernelReason(&runc, {"firecracker"}, true), "");
}

TEST(GuestKernel, ProcessesTellWhereTheRuntimeTypeDoesNot) {
  const Pod unknown = PodWith("", "");
  EXPECT_EQ(GuestKernelReason(&unknown, {"firecracker"}, true), Expected("Kata, process firecracker"));
  const Pod other = PodWith("rund", "io.containerd.rund.v2");
  EXPECT_EQ(GuestKernelReason(&other, {"runsc-sandbox"}, true), Expected("gVisor, process runsc-sandbox"));
}

}  // namespace
}  // namespace listenq::discover
