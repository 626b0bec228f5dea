#include <grpcpp/client_context.h>
#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/analyze/flight_recorder.h"
#include "agent/serve/node_view.h"
#include "agent/serve/server.h"
#include "agent/sys/clock.h"
#include "tests/bench/aggregator_process.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"
#include "tests/bench/simulated_node.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::bench {
namespace {

constexpr double kMaxRssAnonMib = 8;
constexpr double kMaxScrapeMillis = 20;

struct Plan {
  SimulatedSize node;
  size_t rounds;
};

Plan MakePlan(Size size) {
  switch (size) {
    case Size::kSmoke:
      return {.node = {.pods = 3, .listeners = 2}, .rounds = 1};
    case Size::kQuick:
      return {.node = {.pods = 110, .listeners = 10}, .rounds = 20};
    case Size::kFull:
      break;
  }
  return {.node = {.pods = 110, .listeners = 10}, .rounds = 100};
}

// A snapshot that stays as it is.
class StillView final : public serve::NodeView {
 public:
  explicit StillView(model::Snapshot snapshot)
      : snapshot_(std::make_shared<const model::Snapshot>(std::move(snapshot))) {}
  [[nodiscard]] std::shared_ptr<const model::Snapshot> Latest() const override { return snapshot_; }
  [[nodiscard]] analyze::FlightRecorder& Recorder() const override { return recorder_; }
  void Heat(absl::Span<const model::NetnsSerial> /*namespaces*/) override {}

 private:
  const std::shared_ptr<const model::Snapshot> snapshot_;
  mutable analyze::FlightRecorder recorder_{analyze::FlightRecorder::Options{}};
};

template <typename Reader, typename Message>
void ReadAll(Reader& reader, Message message) {
  while (reader.Read(&message)) {
  }
  if (const grpc::Status status = reader.Finish(); !status.ok()) test::Die(status.error_message());
}

// Everything that the node has, in rows.
void AskForAll(const AggregatorProcess& front) {
  grpc::ClientContext listeners;
  ReadAll(*front.stub().ListListeners(&listeners, {}), v1::ListListenersResponse());
  grpc::ClientContext namespaces;
  ReadAll(*front.stub().ListNamespaces(&namespaces, {}), v1::ListNamespacesResponse());
}

struct Scrape {
  double millis = 0;
  size_t bytes = 0;
};

Scrape ScrapeMetrics(const std::string& address) {
  httplib::Client client("http://" + address);
  const absl::Time start = absl::Now();
  const httplib::Result result = client.Get("/metrics");
  if (!result || result->status != 200) test::Die(absl::StrCat("scrape ", address));
  return {.millis = absl::ToDoubleMilliseconds(absl::Now() - start), .bytes = result->body.size()};
}

// It asks its agent by itself, in its own time.
void AwaitMetrics(const std::string& address, const SimulatedSize& node) {
  // A line for each listener at the least.
  const size_t least = node.pods * node.listeners * 100;
  if (!test::WaitUntil([&] { return ScrapeMetrics(address).bytes > least; })) {
    test::Die(absl::StrCat("scrape ", address, ": only ", ScrapeMetrics(address).bytes, " bytes"));
  }
}

}  // namespace

Report RunFrontPart(Size size) {
  const Plan plan = MakePlan(size);
  const test::TempFolder folder;
  const Certificates certificates;
  const std::string address = absl::StrCat("unix://", folder.Path("agent.sock"));
  StillView view(MakeSimulatedSnapshot(0, plan.node, absl::Now()));
  const sys::SystemClock clock;
  const auto agent = serve::ObserverServer::Start(address, view, clock);
  if (!agent.ok()) test::Die(agent.status().ToString());
  const AggregatorProcess front(address, certificates.files(), {"--metrics", "127.0.0.1:0"});
  if (front.CountAnswering() != 1) test::Die("ask the front: its agent does not answer");
  const std::string metrics = front.metrics_address();
  AwaitMetrics(metrics, plan.node);

  std::vector<double> millis;
  size_t bytes = 0;
  double most = 0;
  for (size_t i = 0; i < plan.rounds; ++i) {
    (void)front.AskTop();
    AskForAll(front);
    const Scrape scrape = ScrapeMetrics(metrics);
    millis.push_back(scrape.millis);
    bytes = scrape.bytes;
    most = std::max(most, front.Mib("RssAnon"));
  }
  Report report;
  const std::string name = absl::StrCat("front, ", plan.node.pods, " × ", plan.node.listeners, ": ");
  report.AddAtMost(absl::StrCat(name, "RssAnon, the most after ", plan.rounds, " × all rows and a scrape"),
                   most, kMaxRssAnonMib, "%.1f MiB", Format(" (VmHWM %.1f MiB)", front.Mib("VmHWM")));
  report.AddAtMost(absl::StrCat(name, "a scrape, median"), Median(millis), kMaxScrapeMillis, "%.1f ms",
                   absl::StrCat(Format(" (p99 %.1f ms, ", Percentile(millis, 99)),
                                Format("%.0f KiB)", static_cast<double>(bytes) / 1024)));
  return report;
}

}  // namespace listenq::bench
