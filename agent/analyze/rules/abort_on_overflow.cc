#include "agent/analyze/rules/abort_on_overflow.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kSysctl = "net.ipv4.tcp_abort_on_overflow";

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  if (SysctlNumberOf(the_case.ns, kSysctl).value_or(0) == 0) return;
  const auto* const episode =
      std::find_if(the_case.episodes.begin(), the_case.episodes.end(),
                   [](const model::DropEpisode& e) { return e.counts.accept_queue_full > 0; });
  if (episode == the_case.episodes.end()) return;
  model::Finding finding;
  finding.severity = model::Severity::kWarning;
  finding.since = episode->start;
  finding.evidence = {{.name = "TcpExtListenOverflows",
                       .value = absl::StrCat(episode->counts.accept_queue_full),
                       .window = episode->last - episode->start},
                      IncreaseEvidence(the_case.ns, "TcpExtEmbryonicRsts"),
                      {.name = std::string(kSysctl), .value = "1"}};
  // tcp_check_req in net/ipv4/tcp_minisocks.c; a SYN at a full queue is dropped in silence all the same.
  finding.explanation =
      "The accept queue overflows, and clients whose handshake ends in that moment get a reset. Without "
      "net.ipv4.tcp_abort_on_overflow they would try again by themselves and notice a delay only.";
  finding.fix = SysctlAdvice(the_case.ns, kSysctl, "0");
  finding.no_help = "that alone: the queue overflows all the same; see what bounds it";
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kAbortOnOverflow = {.id = "abort-on-overflow",
                               .summary = "the accept queue overflows, and clients see resets",
                               .check = Check};

}  // namespace listenq::analyze
