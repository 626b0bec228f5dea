#include "agent/analyze/rules/paws_drops.h"

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/losses.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

// SYNs that tcp_tw_recycle rejected; gone with it in Linux 4.12.
constexpr absl::string_view kPassive = "TcpExtPAWSPassive";
constexpr absl::string_view kActive = "TcpExtPAWSActive";
constexpr absl::string_view kEstab = "TcpExtPAWSEstab";
// Before it existed, PAWSEstab counted these too.
constexpr absl::string_view kTimewait = "TcpExtPAWSTimewait";
// Fewer are what a repeated segment that arrives late does.
constexpr uint64_t kFewest = 10;

void CheckPassive(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::CounterIncrease* passive = IncreaseOf(the_case.ns, kPassive);
  if (passive == nullptr || passive->by == 0) return;
  model::Finding finding;
  finding.severity = SeverityOf(passive->last, the_case.now);
  finding.since = passive->first;
  finding.evidence = {IncreaseEvidence(the_case.ns, kPassive)};
  finding.explanation = absl::StrCat(
      passive->by,
      " SYNs were dropped because another client of the same address had sent a newer timestamp: "
      "net.ipv4.tcp_tw_recycle does that to clients behind NAT. No queue was full.");
  finding.fix = SysctlAdvice(the_case.ns, "net.ipv4.tcp_tw_recycle", "0");
  finding.no_help = "a larger backlog";
  findings->push_back(std::move(finding));
}

void CheckOthers(const Case& the_case, std::vector<model::Finding>* findings) {
  uint64_t rejected = 0;
  absl::Time first = absl::InfiniteFuture();
  std::vector<model::Evidence> evidence;
  for (const absl::string_view name : {kTimewait, kEstab, kActive}) {
    const model::CounterIncrease* increase = IncreaseOf(the_case.ns, name);
    if (increase == nullptr || increase->by == 0) continue;
    rejected += increase->by;
    first = std::min(first, increase->first);
    evidence.push_back(IncreaseEvidence(the_case.ns, name));
  }
  if (rejected < kFewest) return;
  model::Finding finding;
  finding.severity = model::Severity::kInfo;
  finding.since = first;
  finding.evidence = std::move(evidence);
  finding.explanation = absl::StrCat(
      rejected,
      " segments were rejected for timestamps older than the connection's last, or that echo none of "
      "ours. Either the path delivers very late, or several clients share an address and its ports.");
  finding.fix = absl::StrCat(
      IncreaseBy(the_case.ns, kTimewait) > 0
          ? "new connections meet TIME_WAIT of old ones on the same ports: keep-alive, or more addresses for "
            "the NAT\n"
          : "",
      "look at what stands between: NAT or a load balancer that joins clients or rewrites timestamps");
  finding.no_help = "a larger backlog";
  findings->push_back(std::move(finding));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  CheckPassive(the_case, findings);
  CheckOthers(the_case, findings);
}

}  // namespace

const Rule kPawsDrops = {
    .id = "paws-drops", .summary = "segments are rejected for their timestamps", .check = Check};

}  // namespace listenq::analyze
