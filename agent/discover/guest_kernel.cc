#include "agent/discover/guest_kernel.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace listenq::discover {
namespace {

using absl::string_view;

std::string Reason(string_view what, string_view how, string_view name) {
  return absl::StrCat("not observable: guest kernel (", what, ", ", how, " ", name, ")");
}

bool IsOrStartsWithAndDash(string_view text, string_view word) {
  return absl::StartsWith(text, word) && (text.size() == word.size() || text[word.size()] == '-');
}

// "runsc" by gVisor's own instructions (g3doc/user_guide/containerd/quick_start.md), "gvisor" on GKE;
// kata-deploy installs "kata" and "kata-qemu", "kata-clh", "kata-fc" and more, "kata-remote" without a guest
// on this node at all.
std::string ByHandler(string_view handler) {
  constexpr string_view kHow = "runtime handler";
  if (IsOrStartsWithAndDash(handler, "runsc") || IsOrStartsWithAndDash(handler, "gvisor")) {
    return Reason("gVisor", kHow, handler);
  }
  if (IsOrStartsWithAndDash(handler, "kata")) return Reason("Kata", kHow, handler);
  return "";
}

// containerd names a shim's program by it: io.containerd.runsc.v1 is containerd-shim-runsc-v1.
std::string ByRuntimeType(string_view type) {
  if (absl::StartsWith(type, "io.containerd.runsc.")) return Reason("gVisor", "runtime type", type);
  if (absl::StartsWith(type, "io.containerd.kata")) return Reason("Kata", "runtime type", type);
  return "";
}

// Programs as the kernel cuts their names, to 15 bytes. Dragonball runs inside Kata's shim.
bool IsHypervisor(string_view comm) {
  return absl::StartsWith(comm, "qemu-") || comm == "cloud-hyperviso" || comm == "firecracker" ||
         comm == "stratovirt";
}

bool ServesHypervisor(string_view comm) {
  return absl::StartsWith(comm, "virtiofsd") || comm == "containerd-shim" || comm == "jailer";
}

std::string ByProcesses(absl::Span<const std::string> comms, bool in_pod) {
  // Most of gVisor's processes are called "exe", for they are started as /proc/self/exe (runsc/specutils):
  // too common.
  if (std::find(comms.begin(), comms.end(), "runsc-sandbox") != comms.end()) {
    return Reason("gVisor", "process", "runsc-sandbox");
  }
  if (!in_pod) return "";
  // A hypervisor among others is a virtual machine of the pod's own (KubeVirt): the others can be seen.
  const auto* const machine = std::find_if(comms.begin(), comms.end(), IsHypervisor);
  if (machine == comms.end()) return "";
  const bool alone = std::all_of(comms.begin(), comms.end(), [](string_view comm) {
    return IsHypervisor(comm) || ServesHypervisor(comm);
  });
  return alone ? Reason("Kata", "process", *machine) : "";
}

}  // namespace

std::string GuestKernelReason(const Pod* pod, absl::Span<const std::string> comms, bool in_pod) {
  if (pod != nullptr) {
    std::string reason = ByHandler(pod->runtime_handler);
    if (!reason.empty()) return reason;
    const string_view type = pod->detail == nullptr ? string_view() : string_view(pod->detail->runtime_type);
    if (!type.empty()) {
      reason = ByRuntimeType(type);
      // runc shares the node's kernel, whatever the processes call themselves.
      if (!reason.empty() || absl::StartsWith(type, "io.containerd.runc.")) return reason;
    }
  }
  return ByProcesses(comms, in_pod);
}

}  // namespace listenq::discover
