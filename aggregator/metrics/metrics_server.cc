#include "aggregator/metrics/metrics_server.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";

HttpAnswer Readiness(const std::string& why_not) {
  if (why_not.empty()) return {.status = 200, .content_type = kPlain, .body = "ready\n"};
  return {.status = 503, .content_type = kPlain, .body = absl::StrCat(why_not, "\n")};
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const MetricsOptions& options) {
  std::unique_ptr<MetricsServer> server(new MetricsServer(options));
  MetricsState* const state = &server->state_;
  std::map<std::string, HttpServer::Handler> handlers;
  handlers["/metrics"] = [state](const HttpRequest& request) {
    return HttpAnswer{.content_type = kPrometheus, .body = state->Text(absl::Now(), !request.head)};
  };
  handlers["/healthz"] = [](const HttpRequest&) {
    return HttpAnswer{.content_type = kPlain, .body = "ok\n"};
  };
  handlers["/readyz"] = [state, fleet = options.fleet](const HttpRequest&) {
    // Newer than the last poll, which may be of before the list was read.
    state->SetTrouble(fleet()->trouble);
    return Readiness(state->WhyNotReady(absl::Now()));
  };
  ASSIGN_OR_RETURN(server->http_, HttpServer::Start(options.listen, std::move(handlers)));
  server->poller_ = std::make_unique<MetricsPoller>(
      options.fleet,
      MetricsPoller::Options{.interval = options.interval, .timeout = options.timeout, .rows = options.rows},
      state);
  return server;
}

}  // namespace listenq::aggregator
