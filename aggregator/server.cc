#include "aggregator/server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "aggregator/observer_service.h"
#include "aggregator/peer_set.h"
#include "aggregator/ticker.h"
#include "base/server.h"

namespace listenq::aggregator {

struct AggregatorServer::Parts {
  Ticker ticker;
  std::unique_ptr<PeerSet> peers;
  std::unique_ptr<ObserverService> service;
  base::PlainServer listening;  // goes before the service
  bool stopped = false;
};

absl::StatusOr<std::unique_ptr<AggregatorServer>> AggregatorServer::Start(const ServerOptions& options) {
  auto parts = std::make_unique<Parts>();
  ASSIGN_OR_RETURN(parts->peers, PeerSet::Make(options.peers, &parts->ticker));
  parts->service =
      std::make_unique<ObserverService>(parts->peers.get(), &parts->ticker, options.peer_timeout);
  grpc::ServerBuilder builder;
  builder.RegisterService(parts->service.get());
  ASSIGN_OR_RETURN(parts->listening, base::StartPlainServer(builder, options.listen));
  parts->listening.server->GetHealthCheckService()->SetServingStatus(v1::Observer::service_full_name(), true);
  return std::unique_ptr<AggregatorServer>(new AggregatorServer(std::move(parts)));
}

AggregatorServer::AggregatorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

AggregatorServer::~AggregatorServer() { Stop(absl::ZeroDuration()); }

std::string AggregatorServer::address() const { return base::ToString(parts_->listening.address); }

void AggregatorServer::Stop(absl::Duration timeout) {
  if (std::exchange(parts_->stopped, true)) return;
  grpc::Server& server = *parts_->listening.server;
  server.GetHealthCheckService()->SetServingStatus(false);
  parts_->service->EndWatches();
  server.Shutdown(absl::ToChronoTime(absl::Now() + timeout));
  server.Wait();
}

}  // namespace listenq::aggregator
