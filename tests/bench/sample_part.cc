#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/fleet.h"
#include "tests/bench/floor.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"
#include "tests/bench/visitors.h"

namespace listenq::bench {
namespace {

// The light sample by which the work is judged: listeners and these.
constexpr unsigned kSampleFiles = FLOOR_NETSTAT | FLOOR_SOCKSTAT;
// All that a full visit of ours reads.
constexpr unsigned kFullFiles = kSampleFiles | FLOOR_SNMP | FLOOR_SOCKSTAT6 | FLOOR_SYSCTLS;

constexpr double kMaxOverFloor = 1.15;
constexpr double kMaxGrowth = 1.5;
constexpr double kMaxWithTimeWait = 1.1;

struct Plan {
  std::vector<size_t> namespaces;
  std::vector<uint32_t> listeners;
  size_t rounds = 0;
  // Visits in one measurement, at least.
  size_t visits = 0;
  // Namespaces read by /proc in one round: it is slow.
  size_t proc_visits = 0;
  // With and without TIME_WAIT sockets.
  size_t time_wait_namespaces = 0;
  uint32_t time_wait = 0;
  int time_wait_turns = 0;
};

Plan MakePlan(Size size) {
  switch (size) {
    case Size::kSmoke:
      return {{3}, {2}, 1, 3, 1, 3, 500, 1};
    case Size::kQuick:
      return {{10, 100, 1000}, {5, 50}, 5, 300, 5, 110, 60'000, 1};
    case Size::kFull:
      break;
  }
  return {{10, 100, 1000}, {5, 50}, 21, 1000, 10, 110, 60'000, 3};
}

// µs per namespace, one value a round.
struct Times {
  std::vector<double> floor;
  std::vector<double> sample;
  std::vector<double> light_floor;
  std::vector<double> full_floor;
  std::vector<double> light;
  std::vector<double> full;
  std::vector<double> proc;
};

std::vector<double> Ratios(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(above.size(), below.size()); ++i) ratios.push_back(above[i] / below[i]);
  return ratios;
}

double MedianRatio(const std::vector<double>& above, const std::vector<double>& below) {
  return Median(Ratios(above, below));
}

// CPU µs per namespace.
double Measure(size_t passes, size_t namespaces, absl::FunctionRef<void()> pass) {
  const double start = CpuMicros();
  for (size_t i = 0; i < passes; ++i) pass();
  return (CpuMicros() - start) / static_cast<double>(passes * namespaces);
}

// All ways in turn, so that whatever else the machine does hits all of them.
void AddRound(const Plan& plan, const Fleet& fleet, Ours* ours, Floor* floor, ProcNet* proc, Times* times) {
  const size_t namespaces = fleet.members().size();
  const size_t passes = std::max<size_t>(1, plan.visits / namespaces);
  const auto measure = [&](absl::FunctionRef<void()> pass) { return Measure(passes, namespaces, pass); };
  times->light_floor.push_back(measure([&] { floor->Visit(0); }));
  times->light.push_back(measure([&] { ours->Light(); }));
  times->full_floor.push_back(measure([&] { floor->Visit(kFullFiles); }));
  const auto measure_reading = [&](void (Ours::*read)()) {
    double total = 0;
    for (size_t i = 0; i < passes; ++i) {
      total += Measure(1, namespaces, [&] { (ours->*read)(); });
      ours->Remember();
    }
    return total / static_cast<double>(passes);
  };
  times->full.push_back(measure_reading(&Ours::Full));
  times->sample.push_back(measure_reading(&Ours::Sample));
  times->floor.push_back(measure([&] { floor->Visit(kSampleFiles); }));
  if (proc != nullptr) times->proc.push_back(Measure(1, proc->count(), [&] { proc->Visit(); }));
}

std::string CountCalls(const Fleet& fleet, const Ours& measured, Floor* floor, Report* report) {
  ProcNet proc(fleet, 1);
  const auto known = measured.Known();
  const SyscallCounter counter;
  if (!counter.why_not().empty()) {
    report->remarks = {absl::StrCat("System calls were not counted: ", counter.why_not(), ".")};
    return "–";
  }
  Ours ours(fleet);  // its thread must be younger than the counter
  const auto count = [&](size_t namespaces, absl::FunctionRef<void()> pass) {
    const uint64_t start = counter.Count();
    pass();
    return Format("%.1f", static_cast<double>(counter.Count() - start - 1) / static_cast<double>(namespaces));
  };
  const size_t all = fleet.members().size();
  const std::string floor_calls = count(all, [&] { floor->Visit(kSampleFiles); });
  const std::string sample_calls = count(all, [&] { ours.Sample(); });
  ours.Remember();
  const std::string light_calls = count(all, [&] { ours.Light(); });
  const std::string full_calls = count(all, [&] { ours.Full(); });
  const std::string proc_calls = count(1, [&] { proc.Visit(); });
  return absl::StrCat(floor_calls, ", ", sample_calls, ", ", light_calls, ", ", full_calls, ", ", proc_calls);
}

Times MeasureFleet(const Plan& plan, const Fleet& fleet, Report* report) {
  Ours ours(fleet);
  Floor floor(fleet, ours.Known());
  ProcNet proc(fleet, plan.proc_visits);
  Times times;
  for (size_t i = 0; i < plan.rounds; ++i) AddRound(plan, fleet, &ours, &floor, &proc, &times);
  report->samples.push_back(
      {absl::StrCat(fleet.members().size(), " × ", fleet.listeners_each()),
       absl::StrCat(Format("%.1f", Median(times.floor)), floor.dumps() ? " (dump)" : ""),
       Format("%.1f", Median(times.sample)), Format("%.1f", Median(times.light)),
       Format("%.1f", Median(times.full)), Format("%.0f", Median(times.proc)),
       Format("%.2f", MedianRatio(times.sample, times.floor)),
       Format("%.2f", MedianRatio(times.light, times.light_floor)),
       Format("%.2f", MedianRatio(times.full, times.full_floor)),
       Format("%.0f", MedianRatio(times.proc, times.sample)), CountCalls(fleet, ours, &floor, report)});
  return times;
}

void JudgeMatrix(const std::vector<Times>& matrix, const Times& small, const Times& large, Report* report) {
  double light = 0;
  double full = 0;
  double sample = 0;
  for (const Times& times : matrix) {
    light = std::max(light, MedianRatio(times.light, times.light_floor));
    full = std::max(full, MedianRatio(times.full, times.full_floor));
    sample = std::max(sample, MedianRatio(times.sample, times.floor));
  }
  report->AddAtMost("sample (listeners + netstat + sockstat) ÷ floor of the same reads, worst", sample,
                    kMaxOverFloor, "%.2f×");
  report->AddAtMost("light visit (listeners) ÷ floor of the same calls, worst", light, kMaxOverFloor,
                    "%.2f×");
  report->AddAtMost("full visit ÷ floor of the same reads, worst", full, kMaxOverFloor, "%.2f×");
  const auto growth = [&](const std::vector<double> Times::*way) {
    return Median(large.*way) / Median(small.*way);
  };
  const std::string floors = absl::StrCat(" (floor: ", Format("%.2f×", growth(&Times::floor)), ")");
  report->AddAtMost("sample per namespace, 1000 × 50 ÷ 100 × 5", growth(&Times::sample), kMaxGrowth, "%.2f×",
                    floors);
  report->AddAtMost("light visit per namespace, 1000 × 50 ÷ 100 × 5", growth(&Times::light), kMaxGrowth,
                    "%.2f×", floors);
  report->AddAtMost("full visit per namespace, 1000 × 50 ÷ 100 × 5", growth(&Times::full), kMaxGrowth,
                    "%.2f×", floors);
}

Times MeasureTurn(const Plan& plan, const Fleet& fleet) {
  Ours ours(fleet);
  Floor floor(fleet, ours.Known());
  Times times;
  for (size_t i = 0; i < plan.rounds; ++i) AddRound(plan, fleet, &ours, &floor, nullptr, &times);
  return times;
}

// In turns without and with, so that a machine that slows down in the meantime does not look like a cost.
void RunTimeWait(const Plan& plan, Report* report) {
  Fleet fleet;
  fleet.Grow(plan.time_wait_namespaces);
  fleet.SetListeners(10);
  std::vector<double> sample;
  std::vector<double> light;
  std::vector<double> full;
  std::vector<double> floor;
  for (int turn = 0; turn < plan.time_wait_turns; ++turn) {
    const Times without = MeasureTurn(plan, fleet);
    const TimeWaitStock stock(plan.time_wait);
    const Times with = MeasureTurn(plan, fleet);
    sample.push_back(Median(with.sample) / Median(without.sample));
    light.push_back(Median(with.light) / Median(without.light));
    full.push_back(Median(with.full) / Median(without.full));
    floor.push_back(Median(with.floor) / Median(without.floor));
  }
  const std::string floors = absl::StrCat(" (floor: ", Format("%.2f×", Median(floor)), ")");
  const std::string name = absl::StrCat(", ", plan.time_wait, " TIME_WAIT on the node ÷ none");
  report->AddAtMost(absl::StrCat("sample", name), Median(sample), kMaxWithTimeWait, "%.2f×", floors);
  report->AddAtMost(absl::StrCat("light visit", name), Median(light), kMaxWithTimeWait, "%.2f×", floors);
  report->AddAtMost(absl::StrCat("full visit", name), Median(full), kMaxWithTimeWait, "%.2f×", floors);
}

}  // namespace

Report RunSamplePart(Size size) {
  const Plan plan = MakePlan(size);
  Report report;
  std::vector<Times> matrix;
  {
    Fleet fleet;
    for (const size_t namespaces : plan.namespaces) {
      fleet.Grow(namespaces);
      for (const uint32_t listeners : plan.listeners) {
        fleet.SetListeners(listeners);
        matrix.push_back(MeasureFleet(plan, fleet, &report));
      }
    }
  }
  // 100 × 5 is the third of six; the last is the largest.
  const Times& small = matrix.size() > 2 ? matrix[2] : matrix.front();
  JudgeMatrix(matrix, small, matrix.back(), &report);
  RunTimeWait(plan, &report);
  return report;
}

}  // namespace listenq::bench
