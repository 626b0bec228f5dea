// A container runtime by the Kubernetes container runtime interface, runtime.v1.
#ifndef LISTENQ_AGENT_DISCOVER_CRI_CLIENT_H_
#define LISTENQ_AGENT_DISCOVER_CRI_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "agent/discover/container_runtime.h"

namespace listenq::discover {

// Where runtimes have their sockets, the likeliest first.
absl::Span<const absl::string_view> KnownCriSockets();

// The path of the first known socket that exists below `root` ("" is the machine's own root); NotFound lists
// where it was looked for.
absl::StatusOr<std::string> FindCriSocket(const std::string& root);

// Contract: List is two calls, and a third when a container has an image whose name is not known yet; Detail
// is one. Each has kCallTimeout. Threading: one thread, which no setns has moved: gRPC starts threads.
// Failure: the code is the runtime's; the message names the call, and what to do where the runtime is too
// old.
class CriClient final : public ContainerRuntime {
 public:
  static constexpr int kCallTimeoutSeconds = 2;

  // `address` is "unix:///path" or a path. Does not connect: calls do. InvalidArgument: it is no socket's
  // address.
  static absl::StatusOr<std::unique_ptr<CriClient>> Make(absl::string_view address);
  ~CriClient() override;
  CriClient(const CriClient&) = delete;
  CriClient& operator=(const CriClient&) = delete;

  absl::StatusOr<std::vector<Pod>> List() override;
  absl::StatusOr<SandboxDetail> Detail(const std::string& sandbox_id) override;

  // What was asked so far: calls, and the bytes of requests and answers without gRPC's framing.
  struct Traffic {
    uint64_t calls = 0;
    uint64_t bytes = 0;
  };
  [[nodiscard]] Traffic traffic() const;

 private:
  struct State;
  explicit CriClient(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CRI_CLIENT_H_
