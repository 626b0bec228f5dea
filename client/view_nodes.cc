#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// "0.4s": a reading is seldom older than a second.
std::string ShortDuration(bool has, const google::protobuf::Duration& duration) {
  if (!has) return kNone;
  const absl::Duration value = ToDuration(duration);
  if (value < absl::Milliseconds(100)) return absl::StrFormat("%.1fms", absl::ToDoubleMilliseconds(value));
  if (value < absl::Seconds(10)) return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(value));
  return FormatAge(value);
}

std::string MessageOf(const v1::Node& node) {
  std::vector<std::string> parts;
  if (!node.status().message().empty()) parts.push_back(node.status().message());
  for (const v1::PartError& error : node.errors())
    parts.push_back(absl::StrCat(error.part(), ": ", error.reason()));
  for (const v1::SourceHealth& source : node.sources()) {
    if (!source.healthy()) parts.push_back(absl::StrCat(source.source(), ": ", source.message()));
  }
  return OrNone(absl::StrJoin(parts, "; "));
}

std::string SourcesOf(const v1::Node& node) {
  return OrNone(absl::StrJoin(node.sources(), ",", [](std::string* out, const v1::SourceHealth& source) {
    absl::StrAppend(out, source.source());
  }));
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
      MessageOf(node),
      AgeOf(node.has_start_time(), node.start_time(), now),
      ShortDuration(node.has_last_beat_duration(), node.last_beat_duration()),
      OptionalNumber(node.has_late_beats(), node.late_beats()),
      OptionalNumber(node.has_vanished_namespaces(), node.vanished_namespaces()),
      cost.has_recorder_bytes() ? FormatBytes(cost.recorder_bytes()) : kNone,
      std::to_string(status.api_minor()),
      SourcesOf(node),
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
      {.title = "MESSAGE", .fall_away_rank = 1, .least_width = 12},
      {.title = "UP", .right_aligned = true, .wide_only = true},
      {.title = "BEAT", .right_aligned = true, .wide_only = true},
      {.title = "LATE", .right_aligned = true, .wide_only = true},
      {.title = "VANISHED", .right_aligned = true, .wide_only = true},
      {.title = "RECORDER", .right_aligned = true, .wide_only = true},
      {.title = "API", .right_aligned = true, .wide_only = true},
      {.title = "SOURCES", .wide_only = true},
  };
  for (const auto& item : answer.items) table.rows.push_back(NodeRow(item.row, context.now));
  return table;
}

std::string NameOf(const v1::Node& node) { return absl::StrCat("node/", node.status().node_name()); }

}  // namespace listenq::client
