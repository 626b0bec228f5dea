#include "agent/analyze/rules/loss_is_not_here.h"

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kSynRetrans = "TcpExtTCPSynRetrans";
// A server at work: fewer connections say nothing of a rate.
constexpr uint64_t kFewestOpens = 100;
constexpr uint64_t kFewestRepeats = 20;
constexpr uint64_t kPercent = 5;

// Repeats that no loss explains: under TCP_DEFER_ACCEPT the SYN-ACK is sent again to a client that is silent,
// and its answer counts in TCPDeferAcceptDrop.
uint64_t Unexplained(const model::Namespace& ns, uint64_t repeats) {
  const uint64_t deferred = IncreaseBy(ns, "TcpExtTCPDeferAcceptDrop");
  return repeats > deferred ? repeats - deferred : 0;
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::Namespace& ns = the_case.ns;
  const model::CounterIncrease* repeats = IncreaseOf(ns, kSynRetrans);
  const model::CounterIncrease* drops = IncreaseOf(ns, "TcpExtListenDrops");
  if (repeats == nullptr || drops == nullptr || drops->by > 0 || !the_case.episodes.empty()) return;
  const uint64_t passive = IncreaseBy(ns, "TcpPassiveOpens");
  const uint64_t active = IncreaseBy(ns, "TcpActiveOpens");
  const uint64_t unexplained = Unexplained(ns, repeats->by);
  if (passive < kFewestOpens || unexplained < kFewestRepeats) return;
  if (unexplained * 100 < (passive + active) * kPercent) return;

  model::Finding finding;
  finding.severity = model::Severity::kInfo;
  finding.since = repeats->first;
  for (const absl::string_view counter :
       {kSynRetrans, absl::string_view("TcpExtListenDrops"), absl::string_view("TcpPassiveOpens"),
        absl::string_view("TcpActiveOpens")}) {
    finding.evidence.push_back(IncreaseEvidence(ns, counter));
  }
  finding.explanation =
      absl::StrCat(active == 0 ? "SYN-ACKs" : "SYNs or SYN-ACKs", " were repeated ", repeats->by,
                   " times, and no listener of this namespace lost an attempt. Clients that wait for a "
                   "connection wait for "
                   "the path or for the other end.");
  finding.fix =
      "look at the path: drops of interfaces and of the qdisc (ip -s link, tc -s qdisc), connection "
      "tracking, "
      "network policies, the load balancer; a capture at both ends shows who does not see the SYN-ACK (SYNs "
      "from forged addresses "
      "look the same)";
  finding.no_help = "a larger backlog";
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kLossIsNotHere = {.id = "loss-is-not-here",
                             .summary = "handshakes are repeated, and no listener lost an attempt",
                             .check = Check};

}  // namespace listenq::analyze
