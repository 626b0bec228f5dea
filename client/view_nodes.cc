#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// "cri unix:///run/containerd/containerd.sock" is one; "cri" alone says that no such source was found, which
// is how a machine without containers looks.
bool HasAddress(const v1::SourceHealth& source) { return absl::StrContains(source.source(), ' '); }
bool IsFailing(const v1::SourceHealth& source) { return !source.healthy() && HasAddress(source); }

std::string MessageOf(const v1::Node& node) {
  std::vector<std::string> parts;
  if (!node.status().message().empty()) parts.push_back(node.status().message());
  // The server's own line tells some of these already.
  const auto add = [&](const std::string& subject, const std::string& reason) {
    const bool told = absl::StrContains(node.status().message(), subject) &&
                      absl::StrContains(node.status().message(), reason);
    if (!told) parts.push_back(absl::StrCat(subject, ": ", reason));
  };
  for (const v1::PartError& error : node.errors()) add(error.part(), error.reason());
  for (const v1::SourceHealth& source : node.sources()) {
    if (IsFailing(source)) add(source.source(), source.message());
  }
  return OrNone(absl::StrJoin(parts, "; "));
}

// "cri, cgroup"; "cri failing"; "no cri".
Cell SourcesCell(const v1::Node& node) {
  std::vector<std::string> parts;
  bool failing = false;
  for (const v1::SourceHealth& source : node.sources()) {
    const std::string kind = source.source().substr(0, source.source().find(' '));
    failing = failing || IsFailing(source);
    if (source.healthy()) {
      parts.push_back(kind);
    } else {
      parts.push_back(HasAddress(source) ? kind + " failing" : "no " + kind);
    }
  }
  return {OrNone(absl::StrJoin(parts, ", ")), failing ? Style::kWarning : Style::kPlain};
}

// "cri unix:///run/containerd/containerd.sock (2s ago)", each with its age or what it says.
std::string SourceHealthOf(const v1::Node& node, absl::Time now) {
  std::vector<std::string> parts;
  for (const v1::SourceHealth& source : node.sources()) {
    const std::string last = source.has_last_success_time()
                                 ? AgeOf(true, source.last_success_time(), now) + " ago"
                                 : std::string(source.healthy() ? "" : "never answered");
    std::string text = source.source();
    if (!HasAddress(source) && !source.healthy()) {
      absl::StrAppend(&text, ": ", source.message());
    } else if (!last.empty()) {
      absl::StrAppend(&text, " (", source.healthy() ? "" : "failing, ", last, ")");
    }
    parts.push_back(std::move(text));
  }
  return OrNone(absl::StrJoin(parts, ", "));
}

std::string FdsOf(const v1::SelfCost& cost) {
  return cost.has_open_fds()
             ? absl::StrCat(cost.open_fds(), "/", OptionalNumber(cost.has_fd_limit(), cost.fd_limit()))
             : kNone;
}

Style StateStyle(v1::NodeState state) {
  if (state == v1::NODE_STATE_OK) return Style::kPlain;
  return state == v1::NODE_STATE_UNAVAILABLE ? Style::kCritical : Style::kWarning;
}

std::vector<Cell> NodeRow(const v1::Node& node, absl::Time now) {
  const v1::NodeStatus& status = node.status();
  const v1::SelfCost& cost = node.cost();
  return {
      status.node_name(),
      Cell(StateText(status.state()), StateStyle(status.state())),
      OrNone(node.version()),
      OrNone(node.kernel_release()),
      OptionalNumber(node.has_namespace_count(), node.namespace_count()),
      OptionalNumber(node.has_listener_count(), node.listener_count()),
      ShortDuration(status.has_age(), status.age()),
      cost.has_cpu_percent() ? absl::StrFormat("%.1f%%", cost.cpu_percent()) : kNone,
      cost.has_rss_bytes() ? FormatBytes(cost.rss_bytes()) : kNone,
      FdsOf(cost),
      SourcesCell(node),
      MessageOf(node),
      AgeOf(node.has_start_time(), node.start_time(), now),
      ShortDuration(node.has_last_beat_duration(), node.last_beat_duration()),
      OptionalNumber(node.has_late_beats(), node.late_beats()),
      OptionalNumber(node.has_vanished_namespaces(), node.vanished_namespaces()),
      cost.has_recorder_bytes() ? FormatBytes(cost.recorder_bytes()) : kNone,
      std::to_string(status.api_minor()),
      SourceHealthOf(node, now),
  };
}

}  // namespace

Table NodesTable(const Answer<v1::Node>& answer, const ViewContext& context) {
  Table table;
  table.columns = {
      {.title = "NODE", .least_width = 12},
      {.title = "STATE"},
      {.title = "VERSION", .fall_away_rank = 4},
      {.title = "KERNEL", .fall_away_rank = 5, .least_width = 12},
      {.title = "NAMESPACES", .right_aligned = true, .fall_away_rank = 2},
      {.title = "LISTENERS", .right_aligned = true, .fall_away_rank = 2},
      {.title = "READ", .right_aligned = true, .fall_away_rank = 3},
      {.title = "CPU", .right_aligned = true, .fall_away_rank = 6},
      {.title = "MEMORY", .right_aligned = true, .fall_away_rank = 7},
      {.title = "FDS", .right_aligned = true, .fall_away_rank = 8},
      {.title = "SOURCES", .fall_away_rank = 3},
      {.title = "MESSAGE", .fall_away_rank = 1, .least_width = 30},
      {.title = "UP", .right_aligned = true, .wide_only = true},
      {.title = "BEAT", .right_aligned = true, .wide_only = true},
      {.title = "LATE", .right_aligned = true, .wide_only = true},
      {.title = "VANISHED", .right_aligned = true, .wide_only = true},
      {.title = "RECORDER", .right_aligned = true, .wide_only = true},
      {.title = "API", .right_aligned = true, .wide_only = true},
      {.title = "SOURCE HEALTH", .wide_only = true},
  };
  for (const auto& item : answer.items) table.rows.push_back(NodeRow(item.row, context.now));
  return table;
}

std::string NameOf(const v1::Node& node) { return absl::StrCat("node/", node.status().node_name()); }

}  // namespace listenq::client
