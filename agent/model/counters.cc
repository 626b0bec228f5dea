#include "agent/model/counters.h"

#include <utility>

namespace listenq::model {

CounterNames::CounterNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (size_t i = 0; i < names_.size(); ++i) index_.emplace(names_[i], i);
}

std::optional<size_t> CounterNames::Find(absl::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::optional<uint64_t> Counters::Get(absl::string_view name) const {
  if (names == nullptr) return std::nullopt;
  const std::optional<size_t> index = names->Find(name);
  if (!index.has_value() || *index >= values.size()) return std::nullopt;
  return values[*index];
}

}  // namespace listenq::model
