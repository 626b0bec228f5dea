#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/sys/file.h"
#include "tests/bench/aggregator_process.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"
#include "tests/bench/simulated_node.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(3);
constexpr double kMaxConnectSeconds = 10;
constexpr double kMaxMib = 256;
constexpr double kMaxTopMillis = 500;
constexpr double kMaxTreeTopMillis = 1500;

struct Plan {
  SimulatedSize node;
  size_t peers;
  size_t leaves;
  size_t starts;
  size_t calls;
};

Plan MakePlan(Size size) {
  switch (size) {
    case Size::kSmoke:
      return {.node = {.pods = 2, .listeners = 2}, .peers = 3, .leaves = 2, .starts = 1, .calls = 2};
    case Size::kQuick:
      return {.node = {}, .peers = 1000, .leaves = 2, .starts = 1, .calls = 20};
    case Size::kFull:
      break;
  }
  return {.node = {}, .peers = 1000, .leaves = 5, .starts = 3, .calls = 100};
}

// Simulated nodes in a process of their own.
class FleetProcess {
 public:
  FleetProcess(size_t first, size_t count, const SimulatedSize& size, const base::TlsFiles& files)
      : program_({LISTENQ_SIMULATED_FLEET, absl::StrCat(first), absl::StrCat(count), absl::StrCat(size.pods),
                  absl::StrCat(size.listeners), files.ca, files.cert, files.key}) {
    if (!test::WaitUntil([&] { return absl::StrContains(program_.Errors(), "serving\n"); }, kPatience)) {
      test::Die(absl::StrCat("start simulated nodes: ", program_.Errors()));
    }
    peers_ = absl::StrCat("file:", folder_.Write("peers", program_.Output()));
  }

  // As --peers takes them.
  [[nodiscard]] const std::string& peers() const { return peers_; }
  [[nodiscard]] double CpuMillis() const { return CpuMicrosOf(program_.pid()).value_or(0) / 1000; }

 private:
  const test::TempFolder folder_;
  const test::Program program_;
  std::string peers_;
};

// What went over this namespace's loopback: of all hops, each byte once, headers and TLS included.
double LoopbackMib() {
  const auto text = sys::ReadFile("/proc/thread-self/net/dev");
  if (!text.ok()) test::Die(text.status().ToString());
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "lo:")) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
    uint64_t bytes = 0;
    if (!words.empty() && absl::SimpleAtoi(words[0], &bytes)) return static_cast<double>(bytes) / (1 << 20);
  }
  test::Die("read the bytes of lo: it is not there");
}

// An aggregator over fleets, directly or by aggregators of its own.
struct Cluster {
  std::vector<std::unique_ptr<FleetProcess>> fleets;
  // Empty where the top asks the nodes itself.
  std::vector<std::unique_ptr<AggregatorProcess>> leaves;
  std::unique_ptr<AggregatorProcess> top;
  size_t nodes = 0;

  [[nodiscard]] std::vector<const AggregatorProcess*> Aggregators() const {
    std::vector<const AggregatorProcess*> all = {top.get()};
    for (const auto& leaf : leaves) all.push_back(leaf.get());
    return all;
  }
  [[nodiscard]] double AggregatorCpuMillis() const {
    double millis = 0;
    for (const AggregatorProcess* one : Aggregators()) millis += one->CpuMillis();
    return millis;
  }
  [[nodiscard]] double FleetCpuMillis() const {
    double millis = 0;
    for (const auto& fleet : fleets) millis += fleet->CpuMillis();
    return millis;
  }
  // Of the largest process.
  [[nodiscard]] double Mib(absl::string_view field) const {
    double most = 0;
    for (const AggregatorProcess* one : Aggregators()) most = std::max(most, one->Mib(field));
    return most;
  }
};

void AwaitAll(const Cluster& cluster) {
  size_t answering = 0;
  const bool all = test::WaitUntil(
      [&] {
        answering = cluster.top->CountAnswering();
        return answering == cluster.nodes;
      },
      kPatience);
  if (!all) test::Die(absl::StrCat("connect: ", answering, " of ", cluster.nodes, " nodes answer"));
}

std::string Pair(const char* format, double first, double second) {
  return absl::StrCat(Format(format, first), ", ", Format(format, second));
}

void MeasureCalls(const Cluster& cluster, const std::string& name, size_t calls, double target,
                  Report* report) {
  for (int warm_up = 0; warm_up < 3; ++warm_up) (void)cluster.top->AskTop();
  const double cpu = cluster.AggregatorCpuMillis();
  const double fleet_cpu = cluster.FleetCpuMillis();
  const double bytes = LoopbackMib();
  std::vector<double> millis;
  size_t incomplete = 0;
  AggregatorProcess::Top last;
  for (size_t i = 0; i < calls; ++i) {
    last = cluster.top->AskTop();
    millis.push_back(last.millis);
    if (last.nodes != cluster.nodes) ++incomplete;
  }
  const auto per_call = [&](double before, double after) {
    return (after - before) / static_cast<double>(calls);
  };
  report->AddAtMost(absl::StrCat(name, "top -n 20, p99 of ", calls, " calls"), Percentile(millis, 99), target,
                    "%.0f ms", absl::StrCat(" (p50 ", Format("%.0f ms)", Percentile(millis, 50))));
  report->AddAtMost(absl::StrCat(name, "calls in which a node was missing"), static_cast<double>(incomplete),
                    0, "%.0f");
  report->Add(absl::StrCat(name, "CPU per call: aggregators, simulated nodes"),
              Pair("%.0f ms", per_call(cpu, cluster.AggregatorCpuMillis()),
                   per_call(fleet_cpu, cluster.FleetCpuMillis())));
  report->Add(absl::StrCat(name, "bytes per call on loopback, all hops (in the answer)"),
              Format("%.1f MiB", per_call(bytes, LoopbackMib())) +
                  Format(" (%.0f KiB)", static_cast<double>(last.bytes) / 1024));
}

void AddMemory(const Cluster& cluster, const std::string& name, Report* report) {
  report->AddAtMost(absl::StrCat(name, "VmHWM of the largest aggregator"), cluster.Mib("VmHWM"), kMaxMib,
                    "%.0f MiB", Format(" (RssAnon %.0f MiB)", cluster.Mib("RssAnon")));
}

void AddConnect(const std::string& name, const std::vector<double>& seconds, const std::string& costs,
                Report* report) {
  report->AddAtMost(absl::StrCat(name, "from its start until all have answered, median of ", seconds.size()),
                    Median(seconds), kMaxConnectSeconds, "%.1f s",
                    absl::StrCat(Format(" (least %.1f s; ", Percentile(seconds, 1)), costs, ")"));
}

// What connecting costs the aggregators and the simulated nodes.
std::string ConnectCosts(const Cluster& cluster, double fleet_cpu_before) {
  return absl::StrCat("CPU ", Format("%.1f s", cluster.AggregatorCpuMillis() / 1000), ", nodes ",
                      Format("%.1f s", (cluster.FleetCpuMillis() - fleet_cpu_before) / 1000));
}

void MeasureDirect(const Plan& plan, const base::TlsFiles& files, Report* report) {
  const std::string name = absl::StrCat(plan.peers, " nodes in one aggregator: ");
  Cluster cluster;
  cluster.nodes = plan.peers;
  cluster.fleets.push_back(std::make_unique<FleetProcess>(0, plan.peers, plan.node, files));
  std::vector<double> seconds;
  std::string costs;
  for (size_t i = 0; i < plan.starts; ++i) {
    cluster.top.reset();
    const double fleet_cpu = cluster.FleetCpuMillis();
    const absl::Time start = absl::Now();
    cluster.top = std::make_unique<AggregatorProcess>(cluster.fleets[0]->peers(), files);
    AwaitAll(cluster);
    seconds.push_back(absl::ToDoubleSeconds(absl::Now() - start));
    costs = ConnectCosts(cluster, fleet_cpu);
  }
  AddConnect(name, seconds, costs, report);
  MeasureCalls(cluster, name, plan.calls, kMaxTopMillis, report);
  AddMemory(cluster, name, report);
}

void MeasureTree(const Plan& plan, const base::TlsFiles& files, Report* report) {
  Cluster cluster;
  cluster.nodes = plan.peers * plan.leaves;
  const std::string name = absl::StrCat(cluster.nodes, " nodes, ", plan.leaves, " aggregators below one: ");
  for (size_t i = 0; i < plan.leaves; ++i) {
    cluster.fleets.push_back(std::make_unique<FleetProcess>(i * plan.peers, plan.peers, plan.node, files));
  }
  const double fleet_cpu = cluster.FleetCpuMillis();
  const absl::Time start = absl::Now();
  std::vector<std::string> addresses;
  for (const auto& fleet : cluster.fleets) {
    cluster.leaves.push_back(std::make_unique<AggregatorProcess>(fleet->peers(), files));
    addresses.push_back(cluster.leaves.back()->address());
  }
  cluster.top = std::make_unique<AggregatorProcess>(absl::StrJoin(addresses, ","), files);
  AwaitAll(cluster);
  // All of them on one machine: no target of a cluster's.
  report->Add(absl::StrCat(name, "from their start until all have answered"),
              absl::StrCat(Format("%.1f s (", absl::ToDoubleSeconds(absl::Now() - start)),
                           ConnectCosts(cluster, fleet_cpu), ")"));
  MeasureCalls(cluster, name, plan.calls, kMaxTreeTopMillis, report);
  AddMemory(cluster, name, report);
}

}  // namespace

Report RunClusterPart(Size size) {
  const Plan plan = MakePlan(size);
  Report report;
  const test::UnpinnedNetns netns;
  netns.Run([&] {
    const Certificates certificates;
    MeasureDirect(plan, certificates.files(), &report);
    MeasureTree(plan, certificates.files(), &report);
  });
  return report;
}

}  // namespace listenq::bench
