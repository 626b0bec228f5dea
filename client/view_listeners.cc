#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

bool HasPods(const Answer<v1::Listener>& answer) {
  return std::any_of(answer.items.begin(), answer.items.end(),
                     [](const auto& item) { return PodOf(item.row.owners()) != kNone; });
}

// A pod says where a listener is, unless that is the host's namespace; without a pod, only the network
// namespace does: "*:22 (host)".
std::string ListenAndNetns(const v1::Listener& listener) {
  const Owners& owners = listener.owners();
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  if (has_name && !listener.netns().host()) return ListenAddress(listener);
  return absl::StrCat(ListenAddress(listener), " (", NetnsName(listener.netns()), ")");
}

Style StyleOf(const v1::Listener& listener) {
  if (IsFull(listener)) return Style::kCritical;
  const auto percent = FillPercent(listener);
  return percent && *percent >= 80 ? Style::kWarning : Style::kPlain;
}

bool IsDropping(const v1::Listener& listener) {
  return listener.has_recent_drops() && listener.recent_drops().max() > 0;
}

std::string StatusOf(const v1::Listener& listener, absl::Time now) {
  if (listener.has_ended_time()) {
    return absl::StrCat("ended ", AgeOf(true, listener.ended_time(), now), " ago");
  }
  return OrNone(listener.degraded_reason());
}

std::string FullText(const v1::Listener& listener) {
  const auto percent = FillPercent(listener);
  return percent ? absl::StrCat(*percent, "%") : kNone;
}

Cell DropsCell(const v1::Listener& listener) {
  if (!listener.has_listen_drops()) return kNone;
  return {DropsText(listener.listen_drops()), IsDropping(listener) ? Style::kCritical : Style::kPlain};
}

std::string ProtocolOf(const v1::Listener& listener) {
  switch (listener.protocol()) {
    case v1::PROTOCOL_TCP:
      return "TCP";
    case v1::PROTOCOL_MPTCP:
      return "MPTCP";
    case v1::PROTOCOL_UNIX:
      return "UNIX";
    default:
      return kNone;
  }
}

std::string PidsOf(const v1::Listener& listener) {
  return OrNone(absl::StrJoin(listener.processes(), ",", [](std::string* out, const v1::Process& process) {
    absl::StrAppend(out, process.pid());
  }));
}

std::string FirstOf(const Owners& owners, const std::string& (v1::Owner::*field)() const) {
  return owners.empty() ? kNone : OrNone((owners.Get(0).*field)());
}

// The mark of old names stands once in a row.
std::string ContainerCell(const Owners& owners) {
  return PodOf(owners) == kNone ? MarkStale(ContainerOf(owners), owners) : ContainerOf(owners);
}

std::vector<Column> ListenerColumns(bool with_node, bool has_pods) {
  return {
      {.title = "NODE", .fall_away_rank = 3, .wide_only = !with_node},
      {.title = "NAMESPACE", .fall_away_rank = 1, .least_width = 9, .cut_in_the_middle = true},
      {.title = "POD", .least_width = 18, .cut_in_the_middle = true},
      {.title = "CONTAINER", .fall_away_rank = 5, .least_width = 9, .cut_in_the_middle = true},
      {.title = "NETNS", .fall_away_rank = 4, .least_width = 12, .wide_only = has_pods},
      {.title = "PROCESS", .fall_away_rank = 2, .least_width = 10, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "QUEUE", .right_aligned = true},
      {.title = "LIMIT", .right_aligned = true},
      {.title = "FULL", .right_aligned = true, .fall_away_rank = 7},
      {.title = "DROPS", .right_aligned = true},
      {.title = "LIMITED BY", .fall_away_rank = 8, .least_width = 11},
      {.title = "STATUS", .fall_away_rank = 9, .least_width = 12},
      {.title = "PEAK", .right_aligned = true, .wide_only = true},
      {.title = "LAST DROP", .right_aligned = true, .wide_only = true},
      {.title = "SK_DROPS", .right_aligned = true, .wide_only = true},
      {.title = "SEEN", .right_aligned = true, .wide_only = true},
      {.title = "PROTOCOL", .wide_only = true},
      {.title = "PID", .wide_only = true},
      {.title = "PROCESS UNREADABLE", .wide_only = true},
      {.title = "WORKLOAD", .wide_only = true},
      {.title = "IMAGE", .wide_only = true},
  };
}

std::vector<Cell> ListenerRow(const Item<v1::Listener>& item, bool has_pods, absl::Time now) {
  const v1::Listener& row = item.row;
  return {
      OrNone(item.node_name),
      NamespaceOf(row.owners()),
      MarkStale(PodOf(row.owners()), row.owners()),
      ContainerCell(row.owners()),
      NetnsName(row.netns()),
      ProcessOf(row),
      has_pods ? ListenAndNetns(row) : ListenAddress(row),
      Cell(OptionalNumber(row.has_queue(), row.queue()), StyleOf(row)),
      OptionalNumber(row.has_limit(), row.limit()),
      Cell(FullText(row), StyleOf(row)),
      DropsCell(row),
      Cell(LimitedBy(row), row.limit_state() == v1::LIMIT_STATE_LATCHED ? Style::kWarning : Style::kPlain),
      StatusOf(row, now),
      OptionalNumber(row.has_peak_queue(), row.peak_queue()),
      AgeOf(row.has_last_drop_time(), row.last_drop_time(), now),
      OptionalNumber(row.has_sk_drops(), row.sk_drops()),
      AgeOf(row.has_first_seen_time(), row.first_seen_time(), now),
      ProtocolOf(row),
      PidsOf(row),
      OrNone(row.processes_unreadable_reason()),
      FirstOf(row.owners(), &v1::Owner::workload),
      FirstOf(row.owners(), &v1::Owner::image),
  };
}

// "512/511  ████████".
std::string QueueBar(const v1::Listener& listener, size_t number_width) {
  if (!listener.has_queue()) return kNone;
  const std::string numbers =
      absl::StrCat(listener.queue(), "/", OptionalNumber(listener.has_limit(), listener.limit()));
  if (!listener.has_limit()) return numbers;
  const std::string bar = Bar(listener.queue(), listener.limit(), 8);
  if (bar.empty()) return numbers;
  return absl::StrCat(numbers, std::string(number_width - std::min(number_width, numbers.size()), ' '), "  ",
                      bar);
}

std::string WhereOf(const v1::Listener& listener) {
  const Owners& owners = listener.owners();
  if (PodOf(owners) != kNone) return MarkStale(OwnerName(owners), owners);
  const std::string container = ContainerOf(owners);
  return container == kNone ? absl::StrCat("netns ", NetnsName(listener.netns()))
                            : MarkStale(container, owners);
}

// " (node-17: deadline exceeded)" for each that did not answer in full.
std::string SilentNodes(const std::vector<v1::NodeStatus>& statuses, bool with_name) {
  std::string text;
  for (const v1::NodeStatus& status : statuses) {
    if (status.state() == v1::NODE_STATE_OK) continue;
    const std::string name = with_name ? absl::StrCat(status.node_name(), ": ") : "";
    absl::StrAppend(&text, " (", name,
                    status.message().empty() ? StateText(status.state()) : status.message(), ")");
  }
  return text;
}

size_t WidestNumbers(const Answer<v1::Listener>& answer) {
  size_t widest = 0;
  for (const auto& item : answer.items) {
    widest = std::max(widest, absl::StrCat(item.row.queue(), "/", item.row.limit()).size());
  }
  return widest;
}

}  // namespace

Table ListenersTable(const Answer<v1::Listener>& answer, const ViewContext& context) {
  Table table;
  const bool has_pods = HasPods(answer);
  table.columns = ListenerColumns(HasSeveralNodes(answer), has_pods);
  for (const auto& item : answer.items) table.rows.push_back(ListenerRow(item, has_pods, context.now));
  return table;
}

Table TopTable(const Answer<v1::Listener>& answer, const ViewContext& context, size_t max_rows) {
  Table table;
  table.columns = {
      {.title = "DROPS/S", .right_aligned = true},
      {.title = "QUEUE/LIMIT", .padded_width = 19},
      {.title = "PEAK", .right_aligned = true, .fall_away_rank = 3},
      {.title = "NODE", .fall_away_rank = 4, .wide_only = !HasSeveralNodes(answer)},
      {.title = "NAMESPACE/POD", .least_width = 20, .cut_in_the_middle = true},
      {.title = "PROCESS", .fall_away_rank = 5, .least_width = 8, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "DROPS", .right_aligned = true, .fall_away_rank = 1},
      {.title = "LAST DROP", .right_aligned = true, .fall_away_rank = 2},
  };
  const size_t number_width = WidestNumbers(answer);
  for (const auto& item : answer.items) {
    if (max_rows > 0 && table.rows.size() == max_rows) break;
    const v1::Listener& row = item.row;
    table.rows.push_back({
        Cell(DropRate(row), IsDropping(row) ? Style::kCritical : Style::kPlain),
        Cell(QueueBar(row, number_width), StyleOf(row)),
        OptionalNumber(row.has_peak_queue(), row.peak_queue()),
        OrNone(item.node_name),
        WhereOf(row),
        ProcessOf(row),
        ListenAddress(row),
        DropsCell(row),
        AgeOf(row.has_last_drop_time(), row.last_drop_time(), context.now),
    });
  }
  return table;
}

std::string TopHeadline(const Answer<v1::Listener>& answer, const ViewContext& context,
                        absl::Duration interval) {
  const v1::Summary& summary = answer.summary;
  const bool is_live = interval > absl::ZeroDuration();
  std::string line;
  if (summary.nodes_expected() > 1) {
    absl::StrAppend(&line, summary.nodes_answered(), " of ", summary.nodes_expected(), " nodes");
  } else {
    line = answer.node_statuses.empty() ? "" : answer.node_statuses.front().node_name();
  }
  if (is_live) absl::StrAppend(&line, SilentNodes(answer.node_statuses, summary.nodes_expected() > 1));
  absl::StrAppend(&line, line.empty() ? "" : " · ",
                  Counted(summary.listeners_examined(), "listener", "listeners"), " in ",
                  Counted(summary.namespaces_examined(), "namespace", "namespaces"),
                  summary.unobservable_namespaces() == 0
                      ? ""
                      : absl::StrCat(", ", FormatCount(summary.unobservable_namespaces()), " not observable"),
                  " · ", absl::FormatTime("%H:%M:%S", context.now, context.zone));
  if (is_live) absl::StrAppend(&line, " · every ", absl::FormatDuration(interval));
  return line;
}

std::string NameOf(const v1::Listener& listener) {
  const std::string owner =
      PodOf(listener.owners()) == kNone ? NetnsName(listener.netns()) : OwnerName(listener.owners());
  return absl::StrCat("listener/", owner, "/", ListenAddress(listener));
}

}  // namespace listenq::client
