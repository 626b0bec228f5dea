#include "agent/analyze/rules/values.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {

const std::string* SysctlText(const model::Namespace& ns, absl::string_view name) {
  return ns.sysctls == nullptr ? nullptr : model::SysctlText(*ns.sysctls, name);
}

std::optional<uint64_t> SysctlNumberOf(const model::Namespace& ns, absl::string_view name) {
  return ns.sysctls == nullptr ? std::nullopt : model::SysctlNumber(*ns.sysctls, name);
}

const model::CounterIncrease* IncreaseOf(const model::Namespace& ns, absl::string_view counter) {
  return ns.increases == nullptr ? nullptr : ns.increases->Find(counter);
}

uint64_t IncreaseBy(const model::Namespace& ns, absl::string_view counter) {
  const model::CounterIncrease* increase = IncreaseOf(ns, counter);
  return increase == nullptr ? 0 : increase->by;
}

model::Evidence IncreaseEvidence(const model::Namespace& ns, absl::string_view counter) {
  model::Evidence evidence = {.name = std::string(counter), .value = absl::StrCat(IncreaseBy(ns, counter))};
  if (ns.increases != nullptr) evidence.window = ns.increases->until - ns.increases->since;
  return evidence;
}

std::string FoldSpaces(absl::string_view text) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  return absl::StrJoin(words, " ");
}

}  // namespace listenq::analyze
