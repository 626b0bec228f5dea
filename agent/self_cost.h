// What the agent itself uses.
#ifndef LISTENQ_AGENT_SELF_COST_H_
#define LISTENQ_AGENT_SELF_COST_H_

#include <cstddef>
#include <deque>
#include <utility>

#include "absl/time/time.h"
#include "agent/model/snapshot.h"

namespace listenq::agent {

// Reads CPU time, memory and descriptors of this process; remembers CPU times of the last minute for the
// share of a core. Sources: getrusage(2), /proc/self/status, /proc/self/fd, getrlimit(2). Threading: one
// thread. Failure: what can't be read is absent.
class SelfCostMeter {
 public:
  model::SelfCost Read(absl::Time now);

 private:
  std::deque<std::pair<absl::Time, absl::Duration>> cpu_times_;
};

// Raises the soft limit of open descriptors to the hard one.
void RaiseDescriptorLimit();
// The soft limit; 0 when it can't be read.
size_t DescriptorLimit();

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_SELF_COST_H_
