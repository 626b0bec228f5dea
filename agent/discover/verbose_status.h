// The free-form part of a sandbox's verbose status.
#ifndef LISTENQ_AGENT_DISCOVER_VERBOSE_STATUS_H_
#define LISTENQ_AGENT_DISCOVER_VERBOSE_STATUS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "agent/discover/names.h"

namespace listenq::discover {

// `info` is PodSandboxStatusResponse.info: one JSON document under "info" (containerd,
// internal/cri/server/podsandbox/ types/sandbox_info.go; CRI-O, server/sandbox_status.go), or, in containerd
// before 1.6 and CRI-O before 1.18, one under each of "pid", "runtimeSpec" and others. What is not understood
// is left empty.
//
// Declared sysctls are the pod's own where the runtime repeats the pod's configuration (containerd). CRI-O
// gives only what it passed on to the OCI runtime, its own `default_sysctls` among them.
//
// InvalidArgument: there is no JSON object in it, or it has more than 4 MiB.
absl::StatusOr<SandboxDetail> ParseSandboxInfo(const std::map<std::string, std::string>& info);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_VERBOSE_STATUS_H_
