#include "agent/analyze/rules/conntrack_pressure.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kMax = "net.netfilter.nf_conntrack_max";
constexpr absl::string_view kCount = "net.netfilter.nf_conntrack_count";
constexpr uint64_t kNearPercent = 80;
constexpr uint64_t kFullPercent = 95;

// Each namespace counts its own connections against the limit; a namespace that can't see a limit has the
// node's (__nf_conntrack_alloc in net/netfilter/nf_conntrack_core.c).
std::optional<uint64_t> MaxOf(const Case& the_case) {
  const std::optional<uint64_t> own = SysctlNumberOf(the_case.ns, kMax);
  if (own.has_value() || the_case.host == nullptr) return own;
  return SysctlNumberOf(*the_case.host, kMax);
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::optional<uint64_t> count = SysctlNumberOf(the_case.ns, kCount);
  const std::optional<uint64_t> max = MaxOf(the_case);
  // 0 is no limit.
  if (!count.has_value() || max.value_or(0) == 0 || *count * 100 < *max * kNearPercent) return;
  model::Finding finding;
  finding.severity =
      *count * 100 >= *max * kFullPercent ? model::Severity::kCritical : model::Severity::kWarning;
  finding.since = the_case.ns.sysctls_time;
  finding.evidence = {{.name = std::string(kCount), .value = absl::StrCat(*count)},
                      {.name = std::string(kMax), .value = absl::StrCat(*max)}};
  finding.explanation = absl::StrCat(
      "Connection tracking of this network namespace holds ", *count, " of ", *max,
      " entries. When it is full, packets of new connections are dropped before any listener sees them.");
  finding.fix = absl::StrCat(
      "sysctl -w ", kMax, "=", *max * 2,
      " on the node (with kube-proxy: conntrack.maxPerCore of its configuration)\nor fewer entries: shorter "
      "net.netfilter.nf_conntrack_tcp_timeout_established and _time_wait, NOTRACK for what needs none");
  finding.no_help = the_case.ns.id->host ? "" : "setting it in the pod: the limit is the node's";
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kConntrackPressure = {
    .id = "conntrack-pressure", .summary = "connection tracking is nearly full", .check = Check};

}  // namespace listenq::analyze
