// A container runtime as a kubelet drives it: makes and ends pods and containers.
#ifndef LISTENQ_TESTS_E2E_CRI_H_
#define LISTENQ_TESTS_E2E_CRI_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace listenq::test {

struct ContainerSpec {
  std::string name;
  // Of the image's one program, see pod_main.c; none: it only waits.
  std::vector<std::string> arguments;
  int64_t user = 0;
};

struct PodSpec {
  std::string name;
  std::string k8s_namespace = "lqt";
  // Labels that a user gave to the pod.
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> sysctls;
  bool host_network = false;
  std::vector<ContainerSpec> containers;
};

struct SandboxStatus {
  // The network namespace's file, as the runtime names it; the sandbox process's one with host_network.
  std::string netns_path;
  // "" with host_network.
  std::string ip;
};

// Safe to call from every thread. Every call has a deadline; errors name the call.
class Cri {
 public:
  // "unix:///path". Connects when it is first used, and again when the connection broke.
  explicit Cri(const std::string& endpoint);
  ~Cri();
  Cri(const Cri&) = delete;
  Cri& operator=(const Cri&) = delete;

  // Ok as soon as the runtime answers; why it does not when it did not within `patience`.
  absl::Status AwaitAnswer(absl::Duration patience) const;
  absl::StatusOr<bool> HasImage(const std::string& image) const;

  // The sandbox's id. `uid` is the pod's; labels and cgroup are what a kubelet gives it.
  absl::StatusOr<std::string> RunSandbox(const PodSpec& pod, const std::string& uid) const;
  absl::StatusOr<SandboxStatus> GetSandboxStatus(const std::string& sandbox_id) const;
  absl::StatusOr<std::vector<std::string>> ListSandboxes() const;
  // Kills the containers, takes the network away; the records stay. Ok also when it had been stopped.
  absl::Status StopSandbox(const std::string& sandbox_id) const;
  // The records too. Ok also when it is gone.
  absl::Status RemoveSandbox(const std::string& sandbox_id) const;
  // Creates and starts; the container's id.
  absl::StatusOr<std::string> RunContainer(const PodSpec& pod, const std::string& uid,
                                           const std::string& sandbox_id,
                                           const ContainerSpec& container) const;

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_CRI_H_
