#include "agent/serve/server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/time/clock.h"
#include "agent/serve/observer_service.h"
#include "agent/sys/mutex.h"
#include "agent/sys/status.h"
#include "base/server.h"

namespace listenq::serve {

struct ObserverServer::Parts {
  Parts(NodeView& view, const sys::Clock& clock, ConnectionWalks* walks) : service(view, clock, walks) {}

  ObserverService service;
  base::Listening listening;  // goes before the service
  sys::Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
};

absl::StatusOr<std::unique_ptr<ObserverServer>> ObserverServer::Start(absl::string_view address,
                                                                      NodeView& view, const sys::Clock& clock,
                                                                      ConnectionWalks* walks) {
  ASSIGN_OR_RETURN(const base::Address parsed, base::ParseListenAddress(address));
  auto parts = std::make_unique<Parts>(view, clock, walks);
  grpc::ServerBuilder builder;
  builder.RegisterService(&parts->service);
  ASSIGN_OR_RETURN(parts->listening, base::StartServer(builder, {parsed}));
  parts->listening.server->GetHealthCheckService()->SetServingStatus(v1::Observer::service_full_name(), true);
  return std::unique_ptr<ObserverServer>(new ObserverServer(std::move(parts)));
}

ObserverServer::ObserverServer(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)), address_(base::ToString(parts_->listening.addresses.front())) {}

ObserverServer::~ObserverServer() { Stop(absl::ZeroDuration()); }

void ObserverServer::Stop(absl::Duration timeout) {
  const sys::MutexLock lock(parts_->mutex);
  if (std::exchange(parts_->stopped, true)) return;
  grpc::Server& server = *parts_->listening.server;
  server.GetHealthCheckService()->SetServingStatus(false);
  parts_->service.EndWatches();
  server.Shutdown(absl::ToChronoTime(absl::Now() + timeout));
  server.Wait();
}

}  // namespace listenq::serve
