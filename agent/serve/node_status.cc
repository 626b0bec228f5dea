#include "agent/serve/node_status.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/serve/to_proto.h"
#include "agent/serve/utf8.h"

namespace listenq::serve {
namespace {

v1::NodeStatus Head(const model::Snapshot& snapshot, absl::Time now) {
  v1::NodeStatus status;
  status.set_node_name(snapshot.node.name);
  ToProto(snapshot.read_time, status.mutable_read_time());
  ToProto(now - snapshot.read_time, status.mutable_age());
  status.set_api_minor(kApiMinor);
  return status;
}

size_t CountUnreadable(const model::Snapshot& snapshot) {
  return static_cast<size_t>(std::count_if(snapshot.namespaces.begin(), snapshot.namespaces.end(),
                                           [](const auto& ns) { return !ns->errors.empty(); }));
}

// One clause per thing that is amiss; none when all is well.
std::vector<std::string> Troubles(const model::Snapshot& snapshot, size_t unreadable, absl::Duration age) {
  std::vector<std::string> troubles;
  if (age > kStaleAge) {
    troubles.push_back(absl::StrCat("stale: the last reading is ",
                                    absl::FormatDuration(absl::Trunc(age, absl::Seconds(1))), " old"));
  }
  if (unreadable > 0) {
    troubles.push_back(absl::StrCat(unreadable, " of ", snapshot.namespaces.size(),
                                    " network namespaces could not be read in full"));
  }
  for (const model::PartError& error : snapshot.node.errors) {
    troubles.push_back(ValidUtf8(absl::StrCat(error.part, ": ", error.reason)));
  }
  return troubles;
}

}  // namespace

v1::NodeStatus StatusOf(const model::Snapshot& snapshot, absl::Time now) {
  v1::NodeStatus status = Head(snapshot, now);
  const size_t unreadable = CountUnreadable(snapshot);
  status.set_unreadable_namespaces(static_cast<uint32_t>(unreadable));
  std::vector<std::string> troubles = Troubles(snapshot, unreadable, now - snapshot.read_time);
  status.set_state(troubles.empty() ? v1::NODE_STATE_OK : v1::NODE_STATE_PARTIAL);
  if (!snapshot.complete) {
    status.set_state(v1::NODE_STATE_STARTING);
    troubles.insert(troubles.begin(), "starting: not every network namespace was read yet");
  }
  status.set_message(absl::StrJoin(troubles, "; "));
  return status;
}

v1::NodeStatus SkewStatus(const model::Snapshot& snapshot, uint32_t min_api_minor, absl::Time now) {
  v1::NodeStatus status = Head(snapshot, now);
  status.set_state(v1::NODE_STATE_VERSION_SKEW);
  status.set_message(absl::StrCat("the request needs listenq.v1 minor ", min_api_minor,
                                  ", this agent speaks minor ", kApiMinor, ": upgrade listenq-agent"));
  return status;
}

v1::Summary SummaryOf(const Examined& examined, uint64_t returned) {
  v1::Summary summary;
  summary.set_rows_matched(examined.matched);
  summary.set_rows_returned(returned);
  summary.set_namespaces_examined(examined.namespaces);
  summary.set_listeners_examined(examined.listeners);
  summary.set_unobservable_namespaces(examined.unobservable);
  summary.set_nodes_expected(1);
  summary.set_nodes_answered(1);
  return summary;
}

v1::Summary UnansweredSummary() {
  v1::Summary summary;
  summary.set_nodes_expected(1);
  return summary;
}

}  // namespace listenq::serve
