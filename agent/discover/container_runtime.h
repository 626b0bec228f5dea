// What a container runtime can be asked.
#ifndef LISTENQ_AGENT_DISCOVER_CONTAINER_RUNTIME_H_
#define LISTENQ_AGENT_DISCOVER_CONTAINER_RUNTIME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/discover/names.h"

namespace listenq::discover {

// Contract: each call ends within a few seconds, also when the runtime hangs. Threading: one thread.
// Failure: Unavailable and DeadlineExceeded may pass; NotFound: there is no such sandbox (any more).
class ContainerRuntime {
 public:
  virtual ~ContainerRuntime() = default;
  // The pods whose sandbox is ready with the containers that run in them, without `detail` and `confirmed`.
  // Pods in any order.
  virtual absl::StatusOr<std::vector<Pod>> List() = 0;
  // May ask the sandbox's own shim, which may hang.
  virtual absl::StatusOr<SandboxDetail> Detail(const std::string& sandbox_id) = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CONTAINER_RUNTIME_H_
