// How far counters of one network namespace rose lately.
#ifndef LISTENQ_AGENT_MODEL_COUNTER_INCREASES_H_
#define LISTENQ_AGENT_MODEL_COUNTER_INCREASES_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace listenq::model {

struct CounterIncrease {
  // By nstat's names; lives as long as the program.
  absl::string_view name;
  uint64_t by = 0;
  // The increase lies between these, to a minute; both are `until` while `by` is 0.
  absl::Time first;
  absl::Time last;
};

struct CounterIncreases {
  // How far back it really reaches.
  absl::Time since;
  absl::Time until;
  // Those that were read twice, 0 included. What the kernel lacks is not there.
  std::vector<CounterIncrease> list;

  // Null: not there.
  [[nodiscard]] const CounterIncrease* Find(absl::string_view name) const {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const CounterIncrease& increase) { return increase.name == name; });
    return found == list.end() ? nullptr : &*found;
  }
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_COUNTER_INCREASES_H_
