#include "agent/analyze/rules/time_wait_pressure.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kMaxBuckets = "net.ipv4.tcp_max_tw_buckets";
constexpr uint64_t kNearPercent = 90;
// /proc/slabinfo of Linux 6.18: tw_sock_TCP.
constexpr double kBytesEach = 256;

std::string Price(uint64_t buckets) {
  return absl::StrFormat("%d TIME_WAIT sockets hold about %.1f MiB of kernel memory", buckets,
                         static_cast<double>(buckets) * kBytesEach / (1 << 20));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::Namespace& ns = the_case.ns;
  const model::CounterIncrease* overflow = IncreaseOf(ns, "TcpExtTCPTimeWaitOverflow");
  const bool overflowed = overflow != nullptr && overflow->by > 0;
  const std::optional<uint64_t> max = SysctlNumberOf(ns, kMaxBuckets);
  const std::optional<uint32_t> count = ns.sockets.time_wait;
  // With a bound of 0 nobody wants TIME_WAIT sockets.
  const bool near = max.value_or(0) > 0 && uint64_t{count.value_or(0)} * 100 >= *max * kNearPercent;
  if ((!overflowed && !near) || max == 0) return;

  model::Finding finding;
  finding.severity = overflowed ? model::Severity::kWarning : model::Severity::kInfo;
  finding.since = overflowed ? overflow->first : ns.counters_time;
  if (overflowed) finding.evidence.push_back(IncreaseEvidence(ns, overflow->name));
  if (count.has_value())
    finding.evidence.push_back({.name = "sockstat TCP tw", .value = absl::StrCat(*count)});
  if (max.has_value()) {
    finding.evidence.push_back({.name = std::string(kMaxBuckets), .value = absl::StrCat(*max)});
    finding.fix = absl::StrCat("\nor ", SysctlAdvice(ns, kMaxBuckets, absl::StrCat(*max * 4)));
    finding.price = Price(*max * 4);
  }
  finding.explanation = absl::StrCat(overflowed ? "TIME_WAIT sockets reached net.ipv4.tcp_max_tw_buckets"
                                                : "TIME_WAIT sockets come near net.ipv4.tcp_max_tw_buckets",
                                     ". Beyond it connections skip TIME_WAIT, so that late segments of one "
                                     "may hit the next on the same ports.");
  finding.fix.insert(0,
                     "keep-alive or a pool of connections in the clients: fewer connections that are closed");
  finding.no_help = "net.ipv4.tcp_fin_timeout: TIME_WAIT lasts 60 seconds whatever it says";
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kTimeWaitPressure = {.id = "time-wait-pressure",
                                .summary = "TIME_WAIT sockets near tcp_max_tw_buckets or beyond",
                                .check = Check};

}  // namespace listenq::analyze
