#include "agent/analyze/rules/somaxconn_clamp.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/losses.h"

namespace listenq::analyze {
namespace {

constexpr uint64_t kNearPercent = 80;
constexpr uint32_t kLeastAdvised = 4096;
constexpr uint32_t kMostAdvised = 65535;

bool IsNear(const model::Listener& listener) {
  // A limit of 0 holds one connection and is always near.
  const uint64_t limit = std::max(*listener.reading.limit, 1u);
  return uint64_t{listener.peak_queue} * 100 >= limit * kNearPercent;
}

uint32_t Advised(uint32_t limit) {
  return std::clamp(limit >= kMostAdvised / 4 ? kMostAdvised : limit * 4, kLeastAdvised, kMostAdvised);
}

void AdviseLarger(const Case& the_case, const model::Listener& listener, uint32_t limit,
                  model::Finding* finding) {
  const uint32_t advised = Advised(limit);
  finding->fix = absl::StrCat(
      SysctlAdvice(the_case.ns, "net.core.somaxconn", absl::StrCat(advised)),
      "\nthen restart the listener: a listening socket keeps its limit; if the application names "
      "a backlog itself: ",
      BacklogAdvice(listener, advised));
  if (!the_case.ns.id->host) {
    finding->no_help = "raising it on the node only: each network namespace has its own";
  }
  finding->price = QueuePrice(advised);
}

void AdviseFaster(model::Finding* finding) {
  finding->fix = "accept faster: more workers or threads that accept, more CPU for them";
  finding->no_help = "a larger queue: whoever stands at its end gives up before it is served";
}

model::Finding Describe(const Case& the_case, const model::Listener& listener,
                        const std::optional<Loss>& loss) {
  const uint32_t limit = *listener.reading.limit;
  model::Finding finding;
  finding.listener = &listener;
  finding.severity = loss.has_value() ? SeverityOf(loss->last, the_case.now) : model::Severity::kWarning;
  finding.since = loss.has_value() ? loss->start : listener.first_seen;
  if (loss.has_value()) {
    finding.evidence = EvidenceOf(*loss, listener);
  } else {
    finding.evidence = {{.name = "highest queue of 5 minutes", .value = absl::StrCat(listener.peak_queue)},
                        {.name = "limit", .value = absl::StrCat(limit)}};
  }
  finding.evidence.push_back({.name = "net.core.somaxconn", .value = absl::StrCat(limit)});
  finding.explanation = absl::StrCat(
      loss.has_value() ? "The accept queue overflowed its limit" : "The accept queue came near its limit",
      " of ", limit,
      ", which is net.core.somaxconn of this namespace: the application asked for that or for more.");
  if (limit < kMostAdvised) {
    AdviseLarger(the_case, listener, limit, &finding);
  } else {
    AdviseFaster(&finding);
  }
  if (loss.has_value()) PutAfterSlowAccept(listener, *loss, &finding);
  return finding;
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  for (const model::Listener& listener : the_case.ns.listeners) {
    if (listener.limit_state != model::LimitState::kSomaxconn || !listener.reading.limit.has_value())
      continue;
    const std::optional<Loss> loss = OverflowLoss(the_case, listener);
    if (!loss.has_value() && !IsNear(listener)) continue;
    findings->push_back(Describe(the_case, listener, loss));
  }
}

}  // namespace

const Rule kSomaxconnClamp = {
    .id = "somaxconn-clamp",
    .summary = "the accept queue overflows or nearly does, and its limit is somaxconn",
    .check = Check};

}  // namespace listenq::analyze
