#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/scanner.h"
#include "agent/sys/clock.h"
#include "tests/bench/fleet.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"

namespace listenq::bench {
namespace {

constexpr int kDay = 86'400;
constexpr size_t kMembers = 5;
constexpr uint32_t kListeners = 4;

// Growth of the second half over the first that is not noise. A day of drop episodes is some 100 KiB that
// may grow; one leaked dentry a beat would be 43,200.
constexpr int64_t kMemorySlackKib = 512;
constexpr int64_t kDescriptorSlack = 0;
constexpr int64_t kDentrySlack = 10'000;

class FastClock final : public sys::Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

// What must not grow, at one moment.
struct Sizes {
  int64_t memory_kib = 0;
  int64_t descriptors = 0;
  int64_t dentries = 0;
};

Sizes Look() {
  return {.memory_kib = static_cast<int64_t>(StatusKiB(getpid(), "RssAnon").value_or(0)),
          .descriptors = static_cast<int64_t>(CountDescriptors()),
          .dentries = static_cast<int64_t>(CountDentries())};
}

// A namespace goes, one comes, one of those between refuses a few connections.
void Change(Fleet* fleet) {
  fleet->RemoveOldest();
  fleet->Grow(kMembers);
  fleet->SetListeners(kListeners);
  fleet->members().front()->Overflow(3);
}

int64_t Most(const std::vector<Sizes>& sizes, size_t first, size_t end, int64_t Sizes::*what) {
  int64_t most = 0;
  for (size_t i = first; i < end; ++i) most = std::max(most, sizes[i].*what);
  return most;
}

// A run too short to say anything about growth has no targets.
void Judge(const std::vector<Sizes>& sizes, bool judge_growth, Report* report) {
  const struct {
    const char* name;
    int64_t Sizes::*what;
    int64_t slack;
  } kinds[] = {{"RssAnon, KiB", &Sizes::memory_kib, kMemorySlackKib},
               {"open descriptors", &Sizes::descriptors, kDescriptorSlack},
               {"dentries of the machine", &Sizes::dentries, kDentrySlack}};
  const size_t half = sizes.size() / 2;
  for (const auto& [name, what, slack] : kinds) {
    const int64_t first = Most(sizes, 0, half, what);
    const int64_t second = Most(sizes, half, sizes.size(), what);
    Report::Row row;
    row.what = absl::StrCat("a day of beats: ", name, ", most in the first half → in the second");
    row.measured = absl::StrCat(first, " → ", second);
    if (judge_growth) {
      row.target = absl::StrCat("≤ +", slack);
      row.missed = second - first > slack;
    }
    report->failed = report->failed || row.missed;
    report->rows.push_back(row);
  }
}

}  // namespace

Report RunDayPart(Size size) {
  mallopt(M_ARENA_MAX, 1);  // as the agent's main does
  const int beats = size == Size::kSmoke ? 100 : size == Size::kQuick ? kDay / 8 : kDay;
  const int change_every = size == Size::kSmoke ? 20 : 600;
  FastClock clock;
  agent::ScannerOptions options;
  options.node_name = "lqt-day";
  Fleet fleet;
  fleet.Grow(kMembers);
  fleet.SetListeners(kListeners);
  agent::Scanner scanner(options, &clock);
  std::vector<Sizes> sizes;
  const double start = CpuMicros();
  for (int beat = 1; beat <= beats; ++beat) {
    scanner.Beat();
    clock.Advance(absl::Seconds(1));
    if (beat % change_every != 0) continue;
    Change(&fleet);
    sizes.push_back(Look());
  }
  const double micros = (CpuMicros() - start) / beats;
  Report report;
  Judge(sizes, /*judge_growth=*/size != Size::kSmoke, &report);
  report.Add(absl::StrCat(beats, " beats over ", kMembers, " namespaces that came and went ", sizes.size(),
                          " times: drop episodes, ended namespaces kept, CPU a beat"),
             absl::StrCat(scanner.Recorder().Episodes(absl::InfinitePast()).size(), ", ",
                          scanner.Recorder().Ended().size(), ", ", Format("%.0f µs", micros)));
  return report;
}

}  // namespace listenq::bench
