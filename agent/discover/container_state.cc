#include "agent/discover/container_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "agent/discover/foreign_json.h"
#include "agent/sys/json.h"

namespace listenq::discover {
namespace {

using absl::string_view;
using nlohmann::json;

std::map<std::string, std::string> LabelsOf(const json& value) {
  std::map<std::string, std::string> labels;
  if (!value.is_object()) return labels;
  for (const auto& [name, content] : value.items()) {
    if (labels.size() >= kMaxContainerLabels) break;
    const auto* text = content.get_ptr<const json::string_t*>();
    if (text == nullptr || name.size() + text->size() > kMaxContainerLabelBytes) continue;
    labels.emplace(name, *text);
  }
  return labels;
}

PlainContainer PodmanContainer(const json& entry, const json& metadata) {
  PlainContainer container;
  container.runtime = "podman";
  container.id = TextOf(sys::Child(entry, {"id"}));
  // `podman rename` changes the names, not the metadata.
  const json& names = sys::Child(entry, {"names"});
  if (names.is_array() && !names.empty()) container.name = TextOf(names.front());
  if (container.name.empty()) container.name = TextOf(sys::Child(metadata, {"name"}));
  container.image = TextOf(sys::Child(metadata, {"image-name"}));
  return container;
}

}  // namespace

bool IsContainerId(string_view text) {
  constexpr size_t kIdLength = 64;
  return text.size() == kIdLength && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

absl::StatusOr<PlainContainer> ParseDockerContainer(string_view config, string_view host_config) {
  const json state = ParseJson(config);
  const std::string name = TextOf(sys::Child(state, {"Name"}));
  if (name.empty()) return absl::InvalidArgumentError("no JSON object with a name");
  PlainContainer container;
  container.runtime = "docker";
  container.name = std::string(absl::StripPrefix(name, "/"));
  container.image = TextOf(sys::Child(state, {"Config", "Image"}));
  container.labels = LabelsOf(sys::Child(state, {"Config", "Labels"}));
  if (const json host = ParseJson(host_config); host.is_object()) {
    container.declared_sysctls = NetSysctlsOf(sys::Child(host, {"Sysctls"}));
  }
  return container;
}

absl::StatusOr<std::vector<PlainContainer>> ParsePodmanContainers(string_view list) {
  const json entries = ParseJson(list);
  if (!entries.is_array()) return absl::InvalidArgumentError("no JSON array");
  std::vector<PlainContainer> containers;
  for (const json& entry : entries) {
    if (containers.size() >= kMaxContainers) break;
    const json metadata = ParseJson(TextOf(sys::Child(entry, {"metadata"}), kMaxJsonBytes));
    // cri-o, internal/storage/runtime.go, RuntimeContainerMetadata.
    if (!TextOf(sys::Child(metadata, {"pod-id"})).empty()) continue;
    PlainContainer container = PodmanContainer(entry, metadata);
    if (IsContainerId(container.id) && !container.name.empty()) containers.push_back(std::move(container));
  }
  return containers;
}

absl::StatusOr<std::shared_ptr<const SysctlMap>> ParseSpecificationSysctls(string_view specification) {
  const json document = ParseJson(specification);
  if (!document.is_object()) return absl::InvalidArgumentError("no JSON object");
  return NetSysctlsOf(sys::Child(document, {"linux", "sysctl"}));
}

}  // namespace listenq::discover
