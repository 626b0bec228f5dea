// Sysctls by value: how many network namespaces have it, and whose those are that differ from most. Pure.
#ifndef LISTENQ_CLIENT_SYSCTL_GROUPS_H_
#define LISTENQ_CLIENT_SYSCTL_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/options.h"
#include "client/query.h"
#include "client/table.h"
#include "client/workloads.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

struct OwnedNamespaces {
  uint64_t count = 0;
  // The name is old.
  bool stale = false;
};

// The network namespaces of one group (all, a workload, a node) that have one value of one sysctl.
struct SysctlGroup {
  // With dots.
  std::string name;
  // Of --by workload and --by node.
  Workload workload;
  std::string node_name;
  // Absent: could not be read, for the reason.
  std::optional<std::string> value;
  std::string unreadable_reason;
  // It is the value of the node's own namespace; what a new namespace gets on this kernel. For all of them.
  bool is_host = false;
  bool is_default = false;
  // Those with the value, out of those of the group.
  uint64_t namespaces = 0;
  uint64_t of = 0;
  // More namespaces of the answer have this value than have any other.
  bool is_most_frequent = false;
  // Namespaces by whose they are. Fewer than `namespaces` where the server gave samples.
  std::map<Workload, OwnedNamespaces> owners;
};

// Sysctls in which a few differ from most come first, then those without a most frequent value, then those in
// which nobody differs; each in the order of the answer (summaries) or by name. Within a sysctl the rarest
// value of the answer comes first, then what could not be read, last the most frequent one. At most `limit`
// groups (0 is all).
std::vector<SysctlGroup> GroupSysctls(const Answer<v1::SysctlSummary>& answer, size_t limit);
// `grouping` is kWorkload or kNode.
std::vector<SysctlGroup> GroupSysctls(const Answer<v1::Namespace>& answer, SysctlGrouping grouping,
                                      size_t limit);

// Owners of the most frequent value are not listed, unless the groups are workloads.
Table SysctlGroupsTable(const std::vector<SysctlGroup>& groups, SysctlGrouping grouping);
// The same columns for each grouping.
std::string SysctlGroupsCsv(const std::vector<SysctlGroup>& groups, bool headers);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_SYSCTL_GROUPS_H_
