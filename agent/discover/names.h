// What container runtimes say of the containers on this node: the names that cgroup paths lack.
#ifndef LISTENQ_AGENT_DISCOVER_NAMES_H_
#define LISTENQ_AGENT_DISCOVER_NAMES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/model/snapshot.h"

namespace listenq::discover {

using SysctlMap = std::map<std::string, std::string>;

// What only the verbose status of a sandbox tells. "" and 0: it does not tell.
struct SandboxDetail {
  // Of the sandbox's own process, as the node numbers it; a virtual machine's is its hypervisor.
  uint32_t pid = 0;
  // "/var/run/netns/cni-…"; "" for a pod in the host's namespace.
  std::string netns_path;
  bool host_network = false;
  // "io.containerd.runc.v2".
  std::string runtime_type;
  // By name with dots. Null: the status says nothing of sysctls.
  std::shared_ptr<const SysctlMap> declared_sysctls;
  bool operator==(const SandboxDetail&) const = default;
};

struct PodContainer {
  std::string id;
  std::string name;
  std::string image;
  bool operator==(const PodContainer&) const = default;
};

// A pod's sandbox, and the containers that run in it, as a CRI runtime lists them.
struct Pod {
  std::string sandbox_id;
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string runtime_handler;
  // Labels of the pod, without those that the kubelet adds (io.kubernetes.*).
  std::map<std::string, std::string> labels;
  // "Deployment api"; see WorkloadOf.
  std::string workload;
  // By name.
  std::vector<PodContainer> containers;
  // Null until the runtime told.
  std::shared_ptr<const SandboxDetail> detail;
  // When the runtime last listed it.
  absl::Time confirmed;
  // The runtime stopped answering since. One that it merely lists no more is not stale.
  bool stale = false;
  // The runtime lists it no more.
  bool gone = false;
};

// A container of Docker or Podman, by its state files.
struct PlainContainer {
  std::string id;
  std::string name;
  std::string image;
  std::map<std::string, std::string> labels;
  // "docker" or "podman".
  std::string runtime;
  // `--sysctl`, by name with dots. Null: not known.
  std::shared_ptr<const SysctlMap> declared_sysctls;
  absl::Time confirmed;
  bool operator==(const PlainContainer&) const = default;
};

// All names of one moment. Built once, then immutable.
class Names {
 public:
  Names() = default;
  // `complete`: every source was asked at least once, for all that it can tell.
  Names(std::vector<std::shared_ptr<const Pod>> pods,
        std::vector<std::shared_ptr<const PlainContainer>> containers, bool complete);

  // The pod that a container runs in, by the container's or the sandbox's own id. Null for none, as for the
  // others.
  [[nodiscard]] const Pod* PodOfContainer(absl::string_view id) const;
  // By the last part of the path of its network namespace: the agent may see the folder elsewhere.
  [[nodiscard]] const Pod* PodOfNetnsName(absl::string_view name) const;
  // By the process of its sandbox. Not for pods that are gone: their PID may be somebody else's.
  [[nodiscard]] const Pod* PodOfSandboxPid(uint32_t pid) const;
  [[nodiscard]] const PlainContainer* ContainerById(absl::string_view id) const;

  [[nodiscard]] const std::vector<std::shared_ptr<const Pod>>& pods() const { return pods_; }
  [[nodiscard]] const std::vector<std::shared_ptr<const PlainContainer>>& containers() const {
    return containers_;
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  std::vector<std::shared_ptr<const Pod>> pods_;
  std::vector<std::shared_ptr<const PlainContainer>> containers_;
  bool complete_ = true;
  // Keys and values lie in the vectors above.
  absl::flat_hash_map<absl::string_view, const Pod*> pods_by_id_;
  absl::flat_hash_map<absl::string_view, const Pod*> pods_by_netns_;
  absl::flat_hash_map<uint32_t, const Pod*> pods_by_pid_;
  absl::flat_hash_map<absl::string_view, const PlainContainer*> containers_by_id_;
};

// Where names come from.
// Contract: Latest is never null and never older than what it gave before. Threading: any thread.
class NameSource {
 public:
  virtual ~NameSource() = default;
  [[nodiscard]] virtual std::shared_ptr<const Names> Latest() const = 0;
  [[nodiscard]] virtual std::vector<model::SourceHealth> Health() const = 0;
  // Something new appeared: ask again soon instead of at the next interval. Does not wait.
  virtual void Wake() = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_NAMES_H_
