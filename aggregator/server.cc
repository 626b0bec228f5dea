#include "aggregator/server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/sys/status.h"
#include "aggregator/metrics/metrics_server.h"
#include "aggregator/observer_service.h"
#include "aggregator/peers/peer_pulse.h"
#include "aggregator/peers/peer_set.h"
#include "aggregator/peers/ticker.h"
#include "base/logging.h"
#include "base/server.h"

namespace listenq::aggregator {

namespace {

// Reads the files again every second, and says in the log when they changed, are bad or no longer valid.
class TlsReloader final : private Ticker::Client {
 public:
  TlsReloader(base::TlsKeeper* keeper, base::TlsFiles files, Ticker* ticker)
      : keeper_(*keeper), files_(std::move(files)), ticker_(*ticker) {
    ticker_.Add(this);
  }
  ~TlsReloader() override { ticker_.Remove(this); }
  TlsReloader(const TlsReloader&) = delete;
  TlsReloader& operator=(const TlsReloader&) = delete;

 private:
  void OnTick(absl::Time now) override {
    if (now < next_) return;
    next_ = now + absl::Seconds(1);
    const auto before = keeper_.Current();
    if (const absl::Status status = keeper_.Reload(); !status.ok()) {
      base::LogLimited(
          spdlog::level::err, "certificates",
          absl::StrCat("the certificate of before stays in force: ", std::string(status.message())));
    } else if (const auto current = keeper_.Current(); current != before) {
      spdlog::info("certificates changed; ours is valid until {}", absl::FormatTime(current->not_after));
    }
    if (const std::string why = base::WhyNotValid(files_, *keeper_.Current(), now); !why.empty()) {
      base::LogLimited(spdlog::level::warn, "validity",
                       absl::StrCat(why, ": who calls and who is asked will refuse us"));
    }
  }

  base::TlsKeeper& keeper_;
  const base::TlsFiles files_;
  Ticker& ticker_;
  absl::Time next_ = absl::InfinitePast();
};

// `tls` is null where none is spoken.
absl::StatusOr<std::unique_ptr<MetricsServer>> StartMetrics(const ServerOptions& server, const PeerSet* peers,
                                                            const base::TlsKeeper* tls) {
  MetricsOptions options = {
      .listen = *server.metrics, .fleet = [peers] { return peers->Current(); }, .rows = server.metrics_rows};
  if (tls != nullptr) {
    options.hooks = {.certificate_not_after = [tls] { return tls->Current()->not_after; },
                     .refused_handshakes = [] { return base::FailedHandshakes().certificate_refused; },
                     .failed_handshakes = [] { return base::FailedHandshakes().other; }};
  }
  return MetricsServer::Start(options);
}

}  // namespace

struct AggregatorServer::Parts {
  Ticker ticker;
  std::unique_ptr<base::TlsKeeper> tls;
  std::optional<TlsReloader> tls_reloader;
  std::unique_ptr<PeerSet> peers;
  std::optional<PeerPulse> pulse;
  std::unique_ptr<ObserverService> service;
  base::Listening listening;  // goes before the service
  std::unique_ptr<MetricsServer> metrics;
  bool stopped = false;
};

absl::StatusOr<std::unique_ptr<AggregatorServer>> AggregatorServer::Start(const ServerOptions& options) {
  auto parts = std::make_unique<Parts>();
  if (!options.tls.empty()) {
    ASSIGN_OR_RETURN(parts->tls, base::TlsKeeper::Load(options.tls));
    parts->tls_reloader.emplace(parts->tls.get(), options.tls, &parts->ticker);
  }
  ASSIGN_OR_RETURN(parts->peers, PeerSet::Make(options.peers, &parts->ticker,
                                               {.off_machine = options.off_machine,
                                                .tls = parts->tls.get(),
                                                .server_name = options.peer_server_name}));
  // A health question is answered at once, but by a machine that is very busy.
  parts->pulse.emplace(parts->peers.get(), &parts->ticker, 2 * options.peer_timeout);
  parts->service =
      std::make_unique<ObserverService>(parts->peers.get(), &parts->ticker, options.peer_timeout);
  grpc::ServerBuilder builder;
  builder.RegisterService(parts->service.get());
  const base::TlsServerOptions tls = {.keeper = parts->tls.get(), .allowed_callers = options.allowed_callers};
  ASSIGN_OR_RETURN(parts->listening, base::StartServer(builder, options.listen, parts->tls ? &tls : nullptr));
  parts->listening.server->GetHealthCheckService()->SetServingStatus(v1::Observer::service_full_name(), true);
  if (options.metrics.has_value()) {
    ASSIGN_OR_RETURN(parts->metrics, StartMetrics(options, parts->peers.get(), parts->tls.get()));
  }
  return std::unique_ptr<AggregatorServer>(new AggregatorServer(std::move(parts)));
}

AggregatorServer::AggregatorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

AggregatorServer::~AggregatorServer() { Stop(absl::ZeroDuration()); }

std::string AggregatorServer::address() const {
  return absl::StrJoin(parts_->listening.addresses, ", ",
                       [](std::string* text, const base::Address& address) {
                         absl::StrAppend(text, base::ToString(address));
                       });
}

std::string AggregatorServer::metrics_address() const {
  return parts_->metrics == nullptr ? "" : base::HostPort(parts_->metrics->address());
}

void AggregatorServer::Stop(absl::Duration timeout) {
  if (std::exchange(parts_->stopped, true)) return;
  grpc::Server& server = *parts_->listening.server;
  server.GetHealthCheckService()->SetServingStatus(false);
  parts_->service->EndWatches();
  server.Shutdown(absl::ToChronoTime(absl::Now() + timeout));
  server.Wait();
}

}  // namespace listenq::aggregator
