// The order and the bound of the listeners' shares in a DropEvent and in a DropEpisode.
#ifndef LISTENQ_AGENT_ANALYZE_DROP_SHARES_H_
#define LISTENQ_AGENT_ANALYZE_DROP_SHARES_H_

#include <algorithm>
#include <tuple>

#include "agent/model/drop.h"

namespace listenq::analyze {

inline bool Likelier(const model::DropShare& a, const model::DropShare& b) {
  return std::tie(a.drops.min, a.drops.max) > std::tie(b.drops.min, b.drops.max);
}

// The likeliest first, kMaxShares of them; what the min of the others covered becomes unattributed.
template <typename EventOrEpisode>
void BoundShares(EventOrEpisode& drops) {
  std::stable_sort(drops.shares.begin(), drops.shares.end(), Likelier);
  while (drops.shares.size() > model::DropEpisode::kMaxShares) {
    drops.unattributed += drops.shares.back().drops.min;
    drops.shares.pop_back();
  }
}

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_DROP_SHARES_H_
