#include "client/describe.h"

#include <algorithm>
#include <future>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/status.h"
#include "client/encode.h"
#include "client/print.h"
#include "client/time_proto.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// Counters that move when something is lost, in the order of a connection's life. Successes are not here.
constexpr const char* kLossCounters[] = {"TcpExtListenDrops",
                                         "TcpExtListenOverflows",
                                         "TcpExtTCPReqQFullDrop",
                                         "TcpExtTCPReqQFullDoCookies",
                                         "TcpExtSyncookiesSent",
                                         "TcpExtSyncookiesFailed",
                                         "TcpExtEmbryonicRsts",
                                         "TcpAttemptFails",
                                         "TcpExtTCPTimeWaitOverflow",
                                         "TcpExtTCPAbortOnMemory",
                                         "TcpExtTCPMemoryPressures",
                                         "TcpExtTCPBacklogDrop",
                                         "TcpExtTCPRcvQDrop",
                                         "TcpExtTCPOFODrop",
                                         "TcpExtPruneCalled",
                                         "TcpExtRcvPruned",
                                         "TcpExtPAWSActive",
                                         "TcpExtPAWSEstab",
                                         "TcpExtPAWSPassive",
                                         "TcpExtTCPDeferAcceptDrop",
                                         "TcpExtTCPMinTTLDrop",
                                         "TcpExtIPReversePathFilter",
                                         "TcpInErrs",
                                         "TcpInCsumErrors",
                                         "UdpRcvbufErrors",
                                         "UdpSndbufErrors",
                                         "UdpInCsumErrors",
                                         "IpInDiscards",
                                         "IpOutDiscards",
                                         "IpOutNoRoutes"};

bool IsOf(const std::string& node_name, const v1::Netns& netns, const Subject& subject) {
  return node_name == subject.node_name && netns.inode() == subject.netns.inode() &&
         netns.boot_id() == subject.netns.boot_id();
}

// A pod in the node's own namespace is told from its neighbours by its name.
bool IsAbout(const std::string& node_name, const v1::Netns& netns, const Owners& owners,
             const Subject& subject) {
  if (!IsOf(node_name, netns, subject)) return false;
  return subject.row.has_value() ||
         OwnerName(owners) == OwnerName({subject.owners.begin(), subject.owners.end()});
}

void AddNamespaces(Answer<v1::Namespace>& answer, Description& description) {
  for (auto& item : answer.items) {
    Subject& subject = description.subjects.emplace_back();
    subject.node_name = item.node_name;
    subject.netns = item.row.netns();
    subject.owners.assign(item.row.owners().begin(), item.row.owners().end());
    subject.row = std::move(item.row);
  }
  const uint64_t matched = answer.summary.rows_matched();
  description.more = matched - std::min<uint64_t>(matched, description.subjects.size());
}

// Also of pods that have no namespace of their own.
void AddListeners(Answer<v1::Listener>& answer, size_t limit, Description& description) {
  std::vector<std::string> left_out;
  for (auto& item : answer.items) {
    const auto is_about = [&](const Subject& subject) {
      return IsAbout(item.node_name, item.row.netns(), item.row.owners(), subject);
    };
    auto subject = std::find_if(description.subjects.begin(), description.subjects.end(), is_about);
    if (subject == description.subjects.end()) {
      if (!item.row.netns().host()) continue;
      if (description.subjects.size() >= limit) {
        left_out.push_back(absl::StrCat(item.node_name, "/", OwnerName(item.row.owners())));
        continue;
      }
      subject = description.subjects.insert(description.subjects.end(), Subject());
      subject->node_name = item.node_name;
      subject->netns = item.row.netns();
      subject->owners.assign(item.row.owners().begin(), item.row.owners().end());
    }
    subject->listeners.push_back(std::move(item.row));
  }
  std::sort(left_out.begin(), left_out.end());
  description.more += static_cast<uint64_t>(std::unique(left_out.begin(), left_out.end()) - left_out.begin());
}

v1::Filter FilterFor(const Options& options, const Description& description) {
  v1::Filter filter = MakeFilter(options.selection);
  filter.clear_netns_inodes();
  std::set<uint64_t> inodes;
  for (const Subject& subject : description.subjects) inodes.insert(subject.netns.inode());
  for (uint64_t inode : inodes) filter.add_netns_inodes(inode);
  return filter;
}

// Gives each row to the subject that it is about. What fails is an error of the description.
template <typename Row, typename Add>
void Distribute(const char* part, absl::StatusOr<Answer<Row>> answer, Description& description, Add add) {
  if (!answer.ok()) {
    v1::PartError& error = description.errors.emplace_back();
    error.set_part(part);
    const absl::string_view message = answer.status().message();
    error.set_reason(std::string(message.substr(0, message.find('\n'))));
    return;
  }
  for (auto& item : answer->items) {
    for (Subject& subject : description.subjects) {
      if (!IsAbout(item.node_name, item.row.netns(), item.row.owners(), subject)) continue;
      add(std::move(item.row), subject);
      break;
    }
  }
}

v1::GetHistoryRequest HistoryRequest(const v1::Filter& filter, absl::Time since) {
  v1::GetHistoryRequest request;
  *request.mutable_filter() = filter;
  SetTime(since, *request.mutable_since_time());
  return request;
}

// A screen waits for no long walk.
v1::SummarizeConnectionsRequest ConnectionsRequest(const v1::Filter& filter, absl::Duration timeout) {
  constexpr absl::Duration kLongest = absl::Seconds(1);
  constexpr uint32_t kRows = 5;
  v1::SummarizeConnectionsRequest request;
  *request.mutable_filter() = filter;
  request.set_limit(kRows);
  SetDuration(std::min(kLongest, timeout / 2), *request.mutable_time_limit());
  return request;
}

bool WantsConnections(const Description& description) {
  return std::any_of(description.subjects.begin(), description.subjects.end(), [](const Subject& subject) {
    return subject.row && subject.row->not_observable_reason().empty();
  });
}

// What is known beside the namespaces.
struct Parts {
  absl::StatusOr<Answer<v1::Listener>> listeners;
  absl::StatusOr<Answer<v1::ListenerHistory>> histories;
  absl::StatusOr<Answer<v1::Finding>> findings;
  // Absent: not asked for.
  std::optional<absl::StatusOr<Answer<v1::ConnectionSummary>>> connections;
};

// All at once: a node that does not answer keeps each of them waiting.
Parts AskForParts(ObserverClient& client, const v1::Filter& filter, absl::Time since, absl::Duration timeout,
                  bool wants_connections) {
  v1::ListListenersRequest listeners_request;
  *listeners_request.mutable_filter() = filter;
  v1::ListFindingsRequest findings_request;
  *findings_request.mutable_filter() = filter;
  auto histories =
      std::async(std::launch::async, [&] { return client.GetHistory(HistoryRequest(filter, since)); });
  auto findings = std::async(std::launch::async, [&] { return client.ListFindings(findings_request); });
  auto connections = std::async(wants_connections ? std::launch::async : std::launch::deferred, [&] {
    return client.SummarizeConnections(ConnectionsRequest(filter, timeout));
  });
  Parts parts;
  parts.listeners = client.ListListeners(listeners_request);
  parts.histories = histories.get();
  parts.findings = findings.get();
  if (wants_connections) parts.connections = connections.get();
  return parts;
}

v1::ListNamespacesRequest NamespacesRequest(const Options& options, size_t limit) {
  v1::ListNamespacesRequest request;
  *request.mutable_filter() = MakeFilter(options.selection);
  request.set_limit(static_cast<uint32_t>(limit));
  request.add_sysctl_names(std::string("*"));  // gcc 12 warns of a text that overlaps itself (PR 105651)
  for (const char* name : kLossCounters) request.add_counter_names(name);
  return request;
}

template <typename Rows>
std::string JsonList(const Rows& rows) {
  return absl::StrCat(
      "[", absl::StrJoin(rows, ",", [](std::string* out, const auto& row) { *out += ToJson(row); }), "]");
}

std::string SubjectToJson(const Subject& subject, const std::vector<v1::PartError>& errors) {
  std::vector<std::string> parts;
  parts.push_back(absl::StrCat("\"nodeName\":", JsonString(subject.node_name)));
  if (subject.row) parts.push_back(absl::StrCat("\"namespace\":", ToJson(*subject.row)));
  parts.push_back(absl::StrCat("\"listeners\":", JsonList(subject.listeners)));
  parts.push_back(absl::StrCat("\"histories\":", JsonList(subject.histories)));
  parts.push_back(absl::StrCat("\"findings\":", JsonList(subject.findings)));
  if (subject.connections) parts.push_back(absl::StrCat("\"connections\":", ToJson(*subject.connections)));
  parts.push_back(absl::StrCat("\"errors\":", JsonList(errors)));
  return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
}

}  // namespace

absl::StatusOr<Description> Describe(ObserverClient& client, const Options& options, absl::Time since) {
  constexpr size_t kDefaultLimit = 5;
  const size_t limit = options.limit == 0 ? kDefaultLimit : options.limit;
  Description description;
  ASSIGN_OR_RETURN(auto namespaces, client.ListNamespaces(NamespacesRequest(options, limit)));
  AddNamespaces(namespaces, description);
  description.node_statuses = std::move(namespaces.node_statuses);
  description.summary = std::move(namespaces.summary);

  if (NobodyAnswered(description.summary)) return description;

  // Where there may be more than is shown, nobody else's rows are asked for.
  const v1::Filter filter =
      description.subjects.size() >= limit ? FilterFor(options, description) : MakeFilter(options.selection);
  Parts parts = AskForParts(client, filter, since, options.timeout, WantsConnections(description));
  RETURN_IF_ERROR(parts.listeners.status());
  AddListeners(*parts.listeners, limit, description);
  Distribute("history", std::move(parts.histories), description,
             [](v1::ListenerHistory row, Subject& subject) { subject.histories.push_back(std::move(row)); });
  Distribute("findings", std::move(parts.findings), description,
             [](v1::Finding row, Subject& subject) { subject.findings.push_back(std::move(row)); });
  if (!parts.connections) return description;
  Distribute("connections", *std::move(parts.connections), description,
             [](v1::ConnectionSummary row, Subject& subject) {
               if (subject.row) subject.connections = std::move(row);
             });
  return description;
}

std::string DescriptionToJson(const Description& description) {
  std::vector<std::string> items;
  items.reserve(description.subjects.size());
  for (const Subject& subject : description.subjects) {
    items.push_back(SubjectToJson(subject, description.errors));
  }
  return ItemsToJson(items, description.node_statuses, description.summary, false);
}

std::string SelectionText(const Selection& selection) {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, const auto& values) {
    if (!values.empty()) parts.push_back(absl::StrCat(what, " ", absl::StrJoin(values, " or ")));
  };
  add("pod", selection.pods);
  add("namespace", selection.namespaces);
  if (!selection.label_selector.empty()) parts.push_back(absl::StrCat("labels ", selection.label_selector));
  add("container", selection.containers);
  add("netns", selection.netns_names);
  add("netns", selection.netns_inodes);
  add("process", selection.processes);
  add("port", selection.ports);
  if (selection.min_fill_percent) parts.push_back(absl::StrCat("min-fill ", *selection.min_fill_percent));
  if (selection.only_dropping) parts.emplace_back("dropping");
  return absl::StrJoin(parts, ", ");
}

}  // namespace listenq::client
