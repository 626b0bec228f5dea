// Rows grouped by workload: what the pods of a Deployment have in common, and how bad the worst of them is.
// Pure.
#ifndef LISTENQ_CLIENT_WORKLOADS_H_
#define LISTENQ_CLIENT_WORKLOADS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/options.h"
#include "client/query.h"
#include "client/table.h"
#include "client/views.h"
#include "client/words.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

struct Workload {
  // Kubernetes namespace; "" outside pods.
  std::string namespace_name;
  // "Deployment api"; a pod of no controller stands for itself, "Pod web-0"; what is in no pod under its
  // container, process or network namespace: "Container redis", "Process sshd", "netns blue".
  std::string name;
  bool operator<(const Workload& other) const {
    return std::tie(namespace_name, name) < std::tie(other.namespace_name, other.name);
  }
};

// `comm` names the process that holds the socket; "" is unknown.
Workload WorkloadOf(const Owners& owners, absl::string_view comm, const v1::Netns& netns);

// What any group says of who is in it.
struct Members {
  Workload workload;
  // "*:8080". Addresses of pods' own differ and are one: "10.244.1.20:1883 +2".
  std::string listen;
  std::set<std::string> addresses;
  std::set<std::string> pods;
  std::set<std::string> nodes;
  // Of the worst row; "" for none.
  std::string worst_pod;
  bool stale = false;
};

struct ListenerGroup {
  Members members;
  std::set<std::string> full_pods;
  size_t listeners = 0;
  std::optional<uint32_t> max_queue;
  std::optional<uint32_t> min_limit;
  std::optional<uint32_t> max_limit;
  std::optional<uint32_t> max_fill_percent;
  // Some queue of the group is over its limit.
  bool full = false;
  // Sums; recent is that of the last interval.
  std::optional<v1::ListenDrops> drops;
  v1::ListenDrops recent;
  std::optional<absl::Time> last_drop;
};

struct DropGroup {
  Members members;
  std::set<std::pair<std::string, uint64_t>> episodes;  // node, id
  v1::ListenDrops drops;
  // Of the episodes as a whole: which causes there were, not how many drops of each.
  v1::DropCounts causes;
  absl::Time last = absl::InfinitePast();
  bool ongoing = false;
};

// Worst first by `sort`, at most `limit` groups (0 is all). The rows stand in the server's order.
std::vector<ListenerGroup> GroupListeners(const Answer<v1::Listener>& answer, SortOrder sort, size_t limit);
// Most drops first.
std::vector<DropGroup> GroupDrops(const Answer<v1::DropEpisode>& answer, size_t limit);

Table WorkloadTable(const std::vector<ListenerGroup>& groups, const ViewContext& context);
Table WorkloadTable(const std::vector<DropGroup>& groups, const ViewContext& context);

std::string WorkloadCsv(const std::vector<ListenerGroup>& groups, bool headers);
std::string WorkloadCsv(const std::vector<DropGroup>& groups, bool headers);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_WORKLOADS_H_
