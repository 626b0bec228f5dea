// The agent's gRPC server: the Observer service, health and reflection, on one address.
#ifndef LISTENQ_AGENT_SERVE_SERVER_H_
#define LISTENQ_AGENT_SERVE_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/serve/connection_walks.h"
#include "agent/serve/node_view.h"
#include "agent/sys/clock.h"

namespace listenq::serve {

// Contract: serves from Start until Stop or destruction. Health says SERVING for "" and
// "listenq.v1.Observer". Threading: gRPC's own threads. Stop may be called from any thread, once it returned
// nothing runs any more. Failure: Start says why it could not listen; a running server does not fail.
class ObserverServer {
 public:
  // `address` as base::ParseListenAddress takes it: a unix socket (0660) or a loopback port. The view,
  // the clock and the walks (null: connections are not counted) outlive the server. InvalidArgument: the
  // address. FailedPrecondition: another agent has the socket. Unavailable: gRPC could not bind.
  static absl::StatusOr<std::unique_ptr<ObserverServer>> Start(absl::string_view address, NodeView& view,
                                                               const sys::Clock& clock,
                                                               ConnectionWalks* walks = nullptr);
  ~ObserverServer();
  ObserverServer(const ObserverServer&) = delete;
  ObserverServer& operator=(const ObserverServer&) = delete;

  // Where it listens: a port that was 0 is the one taken.
  [[nodiscard]] const std::string& address() const { return address_; }

  // Health turns NOT_SERVING, live streams end, answers in flight have until `timeout` to be sent and are
  // cancelled then. Returns when no call runs any more. A second call does nothing. (The connection closes
  // behind the last byte sent: a client far behind may see UNAVAILABLE.)
  void Stop(absl::Duration timeout);

 private:
  struct Parts;  // keeps gRPC out of this header
  explicit ObserverServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
  std::string address_;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_SERVER_H_
