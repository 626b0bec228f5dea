#include <grpcpp/client_context.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/analyze/flight_recorder.h"
#include "agent/serve/node_view.h"
#include "agent/serve/server.h"
#include "agent/sys/clock.h"
#include "tests/bench/aggregator_process.h"
#include "tests/bench/parts.h"
#include "tests/bench/simulated_node.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"

namespace listenq::bench {
namespace {

constexpr double kMaxRssAnonMib = 8;

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
  const AggregatorProcess front(address, certificates.files());
  if (front.CountAnswering() != 1) test::Die("ask the front: its agent does not answer");

  Report report;
  const std::string name = absl::StrCat("front, ", plan.node.pods, " × ", plan.node.listeners, ": ");
  report.Add(absl::StrCat(name, "RssAnon before the first call"), Format("%.1f MiB", front.Mib("RssAnon")));
  double most = 0;
  for (size_t i = 0; i < plan.rounds; ++i) {
    (void)front.AskTop();
    AskForAll(front);
    most = std::max(most, front.Mib("RssAnon"));
  }
  report.AddAtMost(absl::StrCat(name, "RssAnon, the most after ", plan.rounds, " × all rows"), most,
                   kMaxRssAnonMib, "%.1f MiB", Format(" (VmHWM %.1f MiB)", front.Mib("VmHWM")));
  return report;
}

}  // namespace listenq::bench
