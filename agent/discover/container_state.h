// The state files of Docker and Podman.
#ifndef LISTENQ_AGENT_DISCOVER_CONTAINER_STATE_H_
#define LISTENQ_AGENT_DISCOVER_CONTAINER_STATE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/discover/names.h"

namespace listenq::discover {

// What is longer, or too many, is left out.
inline constexpr size_t kMaxContainerLabels = 64;
inline constexpr size_t kMaxContainerLabelBytes = 256;
inline constexpr size_t kMaxContainers = 10000;

// 64 hex digits.
bool IsContainerId(absl::string_view text);

// `config` is config.v2.json and `host_config` hostconfig.json of a folder below containers/ (moby,
// container/ container.go); "" for a `host_config` that could not be read: the sysctls are not known. Without
// `id` and `confirmed`. InvalidArgument: `config` is no JSON object with a name.
absl::StatusOr<PlainContainer> ParseDockerContainer(absl::string_view config, absl::string_view host_config);

// `list` is containers.json or volatile-containers.json (those that are removed when they end) of
// overlay-containers/ (containers/storage, containers.go). Those of CRI-O, which keeps its own there too, are
// left out, and all beyond kMaxContainers. Without `labels`, `declared_sysctls` and `confirmed`.
// InvalidArgument: it is no JSON array.
absl::StatusOr<std::vector<PlainContainer>> ParsePodmanContainers(absl::string_view list);

// linux.sysctl of an OCI specification: for Podman, `--sysctl` and default_sysctls of containers.conf.
// InvalidArgument: `specification` is no JSON object.
absl::StatusOr<std::shared_ptr<const SysctlMap>> ParseSpecificationSysctls(absl::string_view specification);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CONTAINER_STATE_H_
