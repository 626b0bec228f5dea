#include "agent/analyze/rules/limit_latched.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/losses.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

void Raised(model::Finding* finding) {
  finding->fix =
      "restart the listener (or let it call listen(2) again): the limit is taken over at that moment";
  finding->no_help = "changing the sysctl again";
}

// A restart would make it worse.
void Lowered(const Case& the_case, uint32_t limit, model::Finding* finding) {
  finding->fix = absl::StrCat("before the listener is restarted, or it falls to that value: ",
                              SysctlAdvice(the_case.ns, "net.core.somaxconn", absl::StrCat(limit)));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::optional<uint64_t> somaxconn = SysctlNumberOf(the_case.ns, "net.core.somaxconn");
  if (!somaxconn.has_value()) return;
  for (const model::Listener& listener : the_case.ns.listeners) {
    if (listener.limit_state != model::LimitState::kLatched || !listener.reading.limit.has_value()) continue;
    const std::optional<Loss> loss = OverflowLoss(the_case, listener);
    model::Finding finding;
    finding.listener = &listener;
    finding.severity = loss.has_value() ? SeverityOf(loss->last, the_case.now) : model::Severity::kInfo;
    finding.since = loss.has_value() ? loss->start : listener.first_seen;
    if (loss.has_value()) finding.evidence = EvidenceOf(*loss, listener);
    if (!loss.has_value()) {
      finding.evidence.push_back({.name = "limit", .value = absl::StrCat(*listener.reading.limit)});
    }
    finding.evidence.push_back({.name = "net.core.somaxconn", .value = absl::StrCat(*somaxconn)});
    finding.explanation = absl::StrCat("net.core.somaxconn was changed to ", *somaxconn,
                                       " after this socket began to listen. It keeps its limit of ",
                                       *listener.reading.limit, ".");
    if (*listener.reading.limit > *somaxconn) {
      Lowered(the_case, *listener.reading.limit, &finding);
    } else {
      Raised(&finding);
    }
    if (loss.has_value()) PutAfterSlowAccept(listener, *loss, &finding);
    findings->push_back(std::move(finding));
  }
}

}  // namespace

const Rule kLimitLatched = {.id = "limit-latched",
                            .summary = "somaxconn was changed after listen(2): the new value is not in force",
                            .check = Check};

}  // namespace listenq::analyze
