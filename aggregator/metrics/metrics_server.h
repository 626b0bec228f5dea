// The node's metrics, health and readiness on one HTTP port.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_SERVER_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_SERVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aggregator/metrics/http_server.h"
#include "aggregator/metrics/metrics_poller.h"
#include "aggregator/metrics/metrics_state.h"
#include "base/address.h"

namespace listenq::aggregator {

struct MetricsOptions {
  // Plain HTTP, on this machine or a network.
  base::Address listen;
  // What it needs outlives the server.
  MetricsPoller::FleetSource fleet;
  // How often the peers are asked, and for how long each.
  absl::Duration interval = absl::Seconds(5);
  absl::Duration timeout = absl::Seconds(4);
  // As MetricsPoller::Options.
  bool rows = true;
  MetricsLimits limits;
  MetricsHooks hooks;
};

// Contract: serves /metrics, /healthz and /readyz from Start until destruction, as docs/metrics.md says.
// Threading: a poller's thread, and HttpServer's. Start it after the Observer's server, which wants to be
//   started before other threads (base::StartServer).
// Failure: Start says why it could not listen.
class MetricsServer {
 public:
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const MetricsOptions& options);
  ~MetricsServer() = default;
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Where it listens: a port that was 0 is the one taken.
  [[nodiscard]] const base::Address& address() const { return http_->address(); }

 private:
  explicit MetricsServer(const MetricsOptions& options) : state_(options.limits, options.hooks) {}

  MetricsState state_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<MetricsPoller> poller_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_SERVER_H_
