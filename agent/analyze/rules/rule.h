// What a rule is.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_RULE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_RULE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/model/drop.h"
#include "agent/model/finding.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// All that a rule may look at.
struct Case {
  const model::Snapshot& snapshot;
  // Live and observable.
  const model::Namespace& ns;
  // The node's own; null where it is not known.
  const model::Namespace* host = nullptr;
  // Of this namespace, with a drop in the last kLossWindow; the newest first.
  absl::Span<const model::DropEpisode> episodes;
  absl::Time now;
};

// How long a loss is worth a verdict.
inline constexpr absl::Duration kLossWindow = absl::Minutes(15);

struct Rule {
  // "backlog-too-small".
  absl::string_view id;
  // When it fires, one line.
  absl::string_view summary;
  // Pure: appends findings about `the_case.ns` with all fields set but rule_id and ns.
  void (*check)(const Case& the_case, std::vector<model::Finding>* findings);
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_RULE_H_
