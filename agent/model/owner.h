// Whose a namespace or a listener is.
#ifndef LISTENQ_AGENT_MODEL_OWNER_H_
#define LISTENQ_AGENT_MODEL_OWNER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace listenq::model {

struct Process {
  uint32_t pid = 0;
  // /proc/PID/comm without the newline: hostile text, at most 15 bytes.
  std::string comm;
  // The container it runs in, 64 hex digits; "" for none.
  std::string container_id;
  bool operator==(const Process&) const = default;
};

enum class OwnerSource { kHost, kCri, kDocker, kCgroup, kProcess, kPin };

// An empty string means: not known from this source.
struct Owner {
  std::string namespace_name;  // of Kubernetes
  std::string pod;
  std::string pod_uid;
  std::string container;
  std::string container_id;
  std::string image;
  std::map<std::string, std::string> labels;
  std::string workload;
  std::string runtime_handler;
  // By the shape of the cgroup path: "containerd", "cri-o", "docker", "podman".
  std::string runtime;
  OwnerSource source = OwnerSource::kProcess;
  absl::Time source_time;
  bool stale = false;
  // A process of the namespace; only with kProcess.
  std::optional<Process> process;
  bool operator==(const Owner&) const = default;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_OWNER_H_
