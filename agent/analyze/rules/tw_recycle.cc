#include "agent/analyze/rules/tw_recycle.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kSysctl = "net.ipv4.tcp_tw_recycle";

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::optional<uint64_t> value = SysctlNumberOf(the_case.ns, kSysctl);
  if (value.value_or(0) == 0) return;
  model::Finding finding;
  finding.severity = model::Severity::kWarning;
  finding.since = the_case.ns.id->first_seen;
  finding.evidence = {{.name = std::string(kSysctl), .value = absl::StrCat(*value)}};
  // tcp_v4_conn_request with tcp_peer_is_proven, before Linux 4.12.
  finding.explanation =
      "net.ipv4.tcp_tw_recycle drops SYNs of clients that share an address (NAT, load balancer) whenever "
      "their "
      "timestamps are not in order. No queue is full then, and Linux 4.12 removed it for that.";
  finding.fix = SysctlAdvice(the_case.ns, kSysctl, "0");
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kTwRecycle = {
    .id = "tw-recycle", .summary = "tcp_tw_recycle is on and drops clients behind NAT", .check = Check};

}  // namespace listenq::analyze
