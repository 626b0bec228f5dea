// Prints what a scrape of a full node costs: 110 pods with 10 listeners each.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aggregator/metrics/metrics_state.h"
#include "tests/aggregator/metrics/metrics_rows.h"

namespace listenq::aggregator {
namespace {

constexpr int kPods = 110;
constexpr uint32_t kListeners = 10;
constexpr int kRuns = 50;

Poll FullNode(absl::Time at) {
  Poll poll(at, "worker-17.example.org");
  for (int i = 1; i <= kPods; ++i) {
    const auto number = static_cast<uint64_t>(i);
    const v1::Owner owner = PodNamed(absl::StrCat("checkout-7f9c8d6b5d-x2k", i), "checkout-server");
    v1::Namespace& row = poll.AddNamespace(number, owner, {{"TcpCurrEstab", 17}});
    for (const CounterMetric& metric : kCounterMetrics)
      (*row.mutable_counters())[std::string(metric.counter)] = 123456;
    for (const LevelMetric& metric : kLevelMetrics) {
      if (metric.source == LevelSource::kSysctl) {
        (*row.mutable_sysctls())[std::string(metric.name)].set_value("32768 60999");
      }
    }
    row.set_in_use(10);
    row.set_in_use6(10);
    row.set_time_wait(10);
    for (uint32_t port = 0; port < kListeners; ++port) poll.AddListener(number, owner, 8000 + port, 3, 4096);
  }
  return poll;
}

std::string RssAnon() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon", 0) == 0) return line;
  }
  return "";
}

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

void Run() {
  std::printf("before      %s\n", RssAnon().c_str());
  MetricsState state;
  std::vector<absl::Duration> polls;
  std::vector<absl::Duration> scrapes;
  size_t bytes = 0;
  for (int i = 0; i < kRuns; ++i) {
    const absl::Time now = kStart + i * absl::Seconds(5);
    const Poll poll = FullNode(now);
    const absl::Time before = absl::Now();
    Apply(poll, now, &state);
    const absl::Time between = absl::Now();
    bytes = state.Text(now, /*scrape=*/true).size();
    scrapes.push_back(absl::Now() - between);
    polls.push_back(between - before);
  }
  std::printf("after all   %s\n", RssAnon().c_str());
  malloc_trim(0);
  std::printf("with state  %s\n", RssAnon().c_str());
  std::sort(polls.begin(), polls.end());
  std::sort(scrapes.begin(), scrapes.end());
  std::printf("text        %zu bytes\n", bytes);
  std::printf("poll taken  %.2f ms median, %.2f ms worst\n", Milliseconds(polls[kRuns / 2]),
              Milliseconds(polls.back()));
  std::printf("scrape      %.2f ms median, %.2f ms worst\n", Milliseconds(scrapes[kRuns / 2]),
              Milliseconds(scrapes.back()));
}

}  // namespace
}  // namespace listenq::aggregator

int main() {
  mallopt(M_ARENA_MAX, 1);
  // A fixed one: else a freed text would raise it, and the next one stay on the heap.
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  listenq::aggregator::Run();
}
