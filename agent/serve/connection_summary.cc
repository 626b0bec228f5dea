#include "agent/serve/connection_summary.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/model/sysctl.h"
#include "agent/serve/node_status.h"
#include "agent/serve/ownership.h"
#include "agent/serve/to_proto.h"
#include "agent/serve/utf8.h"

namespace listenq::serve {
namespace {

std::optional<model::PortRange> EphemeralRange(const model::Namespace& ns) {
  return ns.sysctls == nullptr ? std::nullopt : model::SysctlPortRange(*ns.sysctls);
}

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

v1::ListenerSynQueue ToRow(const model::SynQueue& queue) {
  v1::ListenerSynQueue row;
  row.set_local_address(model::ToString(queue.address));
  row.set_local_port(queue.port);
  row.set_syn_recv(queue.syn_recv);
  return row;
}

v1::DestinationPorts ToRow(const model::DestinationPorts& destination) {
  v1::DestinationPorts row;
  row.set_remote_address(model::ToString(destination.address));
  row.set_remote_port(destination.port);
  row.set_ports_in_use(destination.ports_in_use);
  row.set_time_wait(destination.time_wait);
  return row;
}

// Adds rows as long as they fit into `*bytes`, which they use up. False when some did not.
template <typename Values, typename Rows>
bool AddRows(const Values& values, size_t* bytes, Rows* rows) {
  for (const auto& value : values) {
    auto row = ToRow(value);
    const size_t size = row.ByteSizeLong();
    if (size > *bytes) return false;
    *bytes -= size;
    *rows->Add() = std::move(row);
  }
  return true;
}

void HeadToProto(const Basis& basis, const model::Namespace& ns, v1::ConnectionSummary* proto) {
  proto->set_node_name(basis.snapshot->node.name);
  ToProto(basis.row_context(), *ns.id, proto->mutable_netns());
  for (const model::Owner* owner : NamespaceOwners(ns.owners.get())) ToProto(*owner, proto->add_owners());
  const std::optional<model::PortRange> range = EphemeralRange(ns);
  if (!range.has_value()) return;
  proto->set_ephemeral_first(range->first);
  proto->set_ephemeral_last(range->last);
  const std::optional<uint32_t> reserved = model::SysctlReservedPorts(*ns.sysctls);
  if (reserved.has_value()) proto->set_reserved_ports(*reserved);
}

void CountsToProto(const model::ConnectionCounts& counts, size_t bytes, v1::ConnectionSummary* proto) {
  for (size_t i = 0; i < model::kTcpStates; ++i) {
    if (counts.stopped && counts.by_state[i] == 0) continue;
    const absl::string_view name = model::TcpStateName(static_cast<model::TcpState>(i));
    (*proto->mutable_by_state())[std::string(name)] = counts.by_state[i];
  }
  const bool all_queues = AddRows(counts.syn_queues, &bytes, proto->mutable_syn_queues());
  const bool all_destinations = AddRows(counts.destinations, &bytes, proto->mutable_destinations());
  proto->set_truncated(counts.stopped || counts.truncated || !all_queues || !all_destinations);
  ToProto(counts.cpu_time, proto->mutable_cost());
}

// What went wrong on the way, for the NodeStatus.
class Troubles {
 public:
  void AddUnreadable(const model::Namespace& ns, const absl::Status& why) {
    ++unreadable_;
    // Those whose snapshot has errors are counted already.
    if (ns.errors.empty()) ++newly_unreadable_;
    if (first_reason_.empty())
      first_reason_ = absl::StrCat("netns ", ns.id->inode, ": ", std::string(why.message()));
  }
  void AddRangeUnknown() { ++ranges_unknown_; }

  void ToStatus(size_t walked, v1::NodeStatus* status) const {
    status->set_unreadable_namespaces(status->unreadable_namespaces() + newly_unreadable_);
    if (unreadable_ > 0) {
      Add(absl::StrCat("connections of ", unreadable_, " of ", walked,
                       " network namespaces could not be read: ", first_reason_),
          status);
    }
    if (ranges_unknown_ > 0) {
      Add(absl::StrCat("net.ipv4.ip_local_port_range of ", ranges_unknown_, " of ", walked,
                       " network namespaces is not known: no destinations there"),
          status);
    }
  }

 private:
  static void Add(const std::string& message, v1::NodeStatus* status) {
    if (status->state() == v1::NODE_STATE_OK) status->set_state(v1::NODE_STATE_PARTIAL);
    if (!status->message().empty()) status->mutable_message()->append("; ");
    status->mutable_message()->append(ValidUtf8(message));
  }

  uint32_t unreadable_ = 0;
  uint32_t newly_unreadable_ = 0;
  uint32_t ranges_unknown_ = 0;
  std::string first_reason_;
};

}  // namespace

absl::StatusOr<NamespaceRows> SelectToWalk(const model::Snapshot& snapshot, const Filter& filter) {
  NamespaceRows selected = SelectNamespaces(snapshot, filter, 0, false);
  std::erase_if(selected.rows, [](const model::Namespace* ns) { return !ns->not_observable_reason.empty(); });
  if (selected.rows.size() > kMaxWalked) {
    return absl::InvalidArgumentError(absl::StrCat(
        "count connections: the filter selects ", selected.rows.size(), " network namespaces, and at most ",
        kMaxWalked, " are walked in one call: name pods, containers or network namespaces"));
  }
  return selected;
}

absl::StatusOr<WalkOrder> MakeWalkOrder(const NamespaceRows& selected,
                                        const v1::SummarizeConnectionsRequest& request) {
  WalkOrder order;
  order.max_rows =
      request.limit() == 0 ? kDefaultConnectionRows : std::min(request.limit(), kMaxConnectionRows);
  order.time_limit = kDefaultWalkTime;
  if (request.has_time_limit()) order.time_limit = std::min(ToDuration(request.time_limit()), kMaxWalkTime);
  if (order.time_limit <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("read time_limit: ", absl::FormatDuration(order.time_limit), " is not a time above 0"));
  }
  order.subjects.reserve(selected.rows.size());
  for (const model::Namespace* ns : selected.rows) {
    order.subjects.push_back(
        {.serial = ns->id->serial, .cookie = ns->id->cookie, .ephemeral = EphemeralRange(*ns)});
  }
  return order;
}

void AnswerConnections(const Basis& basis, const NamespaceRows& selected, const WalkResults& results,
                       v1::SummarizeConnectionsResponse* response) {
  const size_t bytes_each = kMaxConnectionBytes / std::max(results.size(), size_t{1});
  Troubles troubles;
  bool truncated = false;
  for (size_t i = 0; i < results.size(); ++i) {
    const model::Namespace& ns = *selected.rows[i];
    if (absl::IsNotFound(results[i].status())) continue;
    v1::ConnectionSummary* row = response->add_connections();
    HeadToProto(basis, ns, row);
    if (results[i].ok()) {
      CountsToProto(*results[i], bytes_each, row);
      if (!row->has_ephemeral_first()) troubles.AddRangeUnknown();
    } else if (absl::IsDeadlineExceeded(results[i].status())) {
      row->set_truncated(true);
    } else {
      troubles.AddUnreadable(ns, results[i].status());
    }
    truncated = truncated || row->truncated();
  }
  v1::NodeStatus* status = response->add_node_statuses();
  *status = StatusOf(*basis.snapshot, basis.now);
  troubles.ToStatus(results.size(), status);
  Examined examined = selected.examined;
  const auto rows = static_cast<uint64_t>(response->connections_size());
  examined.matched = rows;
  *response->mutable_summary() = SummaryOf(examined, rows);
  response->mutable_summary()->set_truncated(truncated);
}

}  // namespace listenq::serve
