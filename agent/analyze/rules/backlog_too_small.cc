#include "agent/analyze/rules/backlog_too_small.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/losses.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::optional<uint64_t> somaxconn = SysctlNumberOf(the_case.ns, "net.core.somaxconn");
  if (!somaxconn.has_value()) return;
  for (const model::Listener& listener : the_case.ns.listeners) {
    if (listener.limit_state != model::LimitState::kApplication) continue;
    const std::optional<Loss> loss = OverflowLoss(the_case, listener);
    if (!loss.has_value()) continue;
    const auto backlog = static_cast<uint32_t>(std::min<uint64_t>(*somaxconn, 65535));
    model::Finding finding;
    finding.severity = SeverityOf(loss->last, the_case.now);
    finding.listener = &listener;
    finding.since = loss->start;
    finding.evidence = EvidenceOf(*loss, listener);
    finding.evidence.push_back({.name = "net.core.somaxconn", .value = absl::StrCat(*somaxconn)});
    finding.explanation =
        absl::StrCat("The accept queue overflowed, and the application itself asked for a backlog of only ",
                     *listener.reading.limit, "; the namespace would allow ", *somaxconn, ".");
    finding.fix = BacklogAdvice(listener, backlog);
    finding.no_help = "raising net.core.somaxconn: it is not what limits this queue";
    finding.price = QueuePrice(backlog);
    PutAfterSlowAccept(listener, *loss, &finding);
    findings->push_back(std::move(finding));
  }
}

}  // namespace

const Rule kBacklogTooSmall = {
    .id = "backlog-too-small",
    .summary = "the accept queue overflows, and the application asked for less than somaxconn",
    .check = Check};

}  // namespace listenq::analyze
