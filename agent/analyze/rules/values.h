// What a namespace's values say, for the rules.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_VALUES_H_
#define LISTENQ_AGENT_ANALYZE_RULES_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/model/counter_increases.h"
#include "agent/model/finding.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// As the kernel prints it; null when it was not read or does not exist.
const std::string* SysctlText(const model::Namespace& ns, absl::string_view name);
// Absent also when it is no number.
std::optional<uint64_t> SysctlNumberOf(const model::Namespace& ns, absl::string_view name);

// Over the last quarter of an hour; null when it was not read twice, or does not exist.
const model::CounterIncrease* IncreaseOf(const model::Namespace& ns, absl::string_view counter);
// 0 for null: for sums of which a part may be missing.
uint64_t IncreaseBy(const model::Namespace& ns, absl::string_view counter);
// The counter's increase over the window; an absent one is 0.
model::Evidence IncreaseEvidence(const model::Namespace& ns, absl::string_view counter);

// "32768 60999" of other spaces, tabs or none at the ends: two values compare as the kernel takes them.
std::string FoldSpaces(absl::string_view text);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_VALUES_H_
