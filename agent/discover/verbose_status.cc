#include "agent/discover/verbose_status.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "agent/discover/foreign_json.h"
#include "agent/sys/json.h"

namespace listenq::discover {
namespace {

using nlohmann::json;

// NamespaceMode of the CRI.
constexpr uint64_t kNodeNamespace = 2;
// PID_MAX_LIMIT of include/linux/threads.h.
constexpr uint64_t kMaxPid = 4194304;

// Null: none.
json DocumentOf(const std::map<std::string, std::string>& info) {
  if (const auto found = info.find("info"); found != info.end()) return ParseJson(found->second);
  json document;
  for (const char* key : {"pid", "runtimeSpec", "config", "runtimeType", "cniResult"}) {
    if (const auto found = info.find(key); found != info.end()) document[key] = ParseJson(found->second);
  }
  return document;
}

uint32_t PidOf(const json& document) {
  const uint64_t pid = NumberOf(sys::Child(document, {"pid"}));
  return pid <= kMaxPid ? static_cast<uint32_t>(pid) : 0;
}

// The entry of the network namespace in an OCI specification's list. Null for none.
const json* FindNetwork(const json& namespaces) {
  for (const json& entry : namespaces) {
    if (TextOf(sys::Child(entry, {"type"})) == "network") return &entry;
  }
  return nullptr;
}

bool IsHostNetwork(const json& document) {
  const json& mode =
      sys::Child(document, {"config", "linux", "security_context", "namespace_options", "network"});
  if (NumberOf(mode) == kNodeNamespace) return true;
  const json& namespaces = sys::Child(document, {"runtimeSpec", "linux", "namespaces"});
  return namespaces.is_array() && !namespaces.empty() && FindNetwork(namespaces) == nullptr;
}

// A path below /proc names a process, not a namespace.
std::string PinOf(const json& path) {
  std::string text = TextOf(path);
  const bool plain = absl::StartsWith(text, "/") && !absl::StrContains(text, '\0');
  return plain && !absl::StartsWith(text, "/proc/") ? text : std::string();
}

std::string NetnsPathOf(const json& document) {
  std::string path;
  if (const json* network = FindNetwork(sys::Child(document, {"runtimeSpec", "linux", "namespaces"}))) {
    path = PinOf(sys::Child(*network, {"path"}));
  }
  if (path.empty()) path = PinOf(sys::Child(document, {"sandboxMetadata", "Metadata", "NetNSPath"}));
  if (!path.empty()) return path;
  for (const json& interface : sys::Child(document, {"cniResult", "Interfaces"})) {
    // The end of a pair that stays on the node has none.
    path = PinOf(sys::Child(interface, {"Sandbox"}));
    if (!path.empty()) return path;
  }
  return "";
}

std::shared_ptr<const SysctlMap> DeclaredSysctlsOf(const json& document) {
  if (const json& config = sys::Child(document, {"config"}); config.is_object()) {
    return NetSysctlsOf(sys::Child(config, {"linux", "sysctls"}));
  }
  if (const json& spec = sys::Child(document, {"runtimeSpec"}); spec.is_object()) {
    return NetSysctlsOf(sys::Child(spec, {"linux", "sysctl"}));
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<SandboxDetail> ParseSandboxInfo(const std::map<std::string, std::string>& info) {
  const json document = DocumentOf(info);
  if (!document.is_object()) {
    return absl::InvalidArgumentError("parse the verbose status of a sandbox: no JSON object");
  }
  SandboxDetail detail;
  detail.pid = PidOf(document);
  detail.host_network = IsHostNetwork(document);
  if (!detail.host_network) detail.netns_path = NetnsPathOf(document);
  detail.runtime_type = TextOf(sys::Child(document, {"runtimeType"}));
  detail.declared_sysctls = DeclaredSysctlsOf(document);
  return detail;
}

}  // namespace listenq::discover
