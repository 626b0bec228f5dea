// How often each value of a sysctl occurs on the node.
#ifndef LISTENQ_AGENT_SERVE_SYSCTL_SUMMARY_H_
#define LISTENQ_AGENT_SERVE_SYSCTL_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/model/snapshot.h"
#include "agent/serve/filter.h"
#include "agent/serve/to_proto.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

inline constexpr uint32_t kDefaultSysctlSamples = 5;
inline constexpr uint32_t kMaxSysctlSamples = 100;
// Of all values and samples in one answer. What is over it is cut: samples before values, those of the most
// frequent values and the rarest values first.
inline constexpr size_t kMaxSysctlSummaryBytes = size_t{3} << 20;

// One SysctlSummary per position in model::SysctlTable(), values most frequent first, ties by value, and the
// Summary's counts (rows are namespaces; `truncated` when the bound above cut values). Samples are of as many
// owners as can be. `max_samples` 0 is the default; more than the maximum is the maximum.
void SummarizeSysctls(const RowContext& context, const model::Snapshot& snapshot, const Filter& filter,
                      const std::vector<size_t>& positions, uint32_t max_samples,
                      v1::SummarizeSysctlsResponse* response);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_SYSCTL_SUMMARY_H_
