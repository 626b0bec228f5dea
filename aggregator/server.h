// The aggregator's servers: the Observer of its peers, health and reflection by gRPC; metrics by HTTP.
#ifndef LISTENQ_AGGREGATOR_SERVER_H_
#define LISTENQ_AGGREGATOR_SERVER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/address.h"
#include "base/tls.h"

namespace listenq::aggregator {

struct ServerOptions {
  std::vector<base::Address> listen;
  // As PeerSet::Make takes it.
  std::string peers;
  absl::Duration peer_timeout;
  // Empty where no address speaks TLS.
  base::TlsFiles tls;
  // As base::TlsServerOptions.
  std::vector<std::string> allowed_callers;
  // The name that the peers' certificates must carry; "" is each address' own host.
  std::string peer_server_name;
  base::OffMachine off_machine = base::OffMachine::kTls;
  // Where metrics, health and readiness are served by plain HTTP; absent is nowhere.
  std::optional<base::Address> metrics;
  // Off: nothing there of namespaces and listeners, and peers are not asked for them.
  bool metrics_rows = true;
};

// Contract: serves from Start until Stop or destruction.
// Threading: gRPC's threads and a ticker of its own. Start before the process starts other threads that make
//   files (base::StartServer).
// Failure: Start says what of the options can't be used, or why it could not listen.
class AggregatorServer {
 public:
  static absl::StatusOr<std::unique_ptr<AggregatorServer>> Start(const ServerOptions& options);
  ~AggregatorServer();
  AggregatorServer(const AggregatorServer&) = delete;
  AggregatorServer& operator=(const AggregatorServer&) = delete;

  // Where it listens, with commas: a port that was 0 is the one taken.
  [[nodiscard]] std::string address() const;
  // Where it serves metrics; "" is nowhere.
  [[nodiscard]] std::string metrics_address() const;
  // Health turns NOT_SERVING, live streams end, answers in flight have until `timeout`. Once; a second call
  // does nothing.
  void Stop(absl::Duration timeout);

 private:
  struct Parts;  // keeps gRPC out of this header
  explicit AggregatorServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_SERVER_H_
