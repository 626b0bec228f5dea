#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

std::string WorstQueue(const v1::Namespace& row) {
  if (!row.has_worst_listener()) return kNone;
  const v1::Listener& worst = row.worst_listener();
  return absl::StrCat(OptionalNumber(worst.has_queue(), worst.queue()), "/",
                      OptionalNumber(worst.has_limit(), worst.limit()), " ", ListenAddress(worst));
}

std::string Ports(const v1::Namespace& row) {
  if (!row.has_ephemeral_first() || !row.has_ephemeral_last()) return kNone;
  return absl::StrCat(row.ephemeral_first(), "-", row.ephemeral_last());
}

std::string StatusOf(const v1::Namespace& row, absl::Time now) {
  if (row.has_ended_time()) return absl::StrCat("ended ", AgeOf(true, row.ended_time(), now), " ago");
  if (!row.not_observable_reason().empty()) return row.not_observable_reason();
  std::vector<std::string> parts;
  for (const v1::PartError& error : row.errors())
    parts.push_back(absl::StrCat(error.part(), ": ", error.reason()));
  if (row.listeners_truncated()) parts.emplace_back("more listeners than are kept");
  return OrNone(absl::StrJoin(parts, "; "));
}

Style WorstStyle(const v1::Namespace& row) {
  return row.has_worst_listener() && IsFull(row.worst_listener()) ? Style::kCritical : Style::kPlain;
}

std::vector<Column> NamespaceColumns(bool with_node) {
  return {
      {.title = "NODE", .fall_away_rank = 3, .wide_only = !with_node},
      {.title = "NETNS", .least_width = 12},
      {.title = "OWNER", .least_width = 24, .cut_in_the_middle = true},
      {.title = "LISTENERS", .right_aligned = true, .fall_away_rank = 4},
      {.title = "WORST QUEUE", .least_width = 21, .cut_in_the_middle = true},
      {.title = "DROPS", .right_aligned = true},
      {.title = "TIME_WAIT", .right_aligned = true, .fall_away_rank = 5},
      {.title = "PORTS", .fall_away_rank = 6},
      {.title = "PROCESSES", .right_aligned = true, .fall_away_rank = 7},
      {.title = "SEEN", .right_aligned = true, .fall_away_rank = 8},
      {.title = "STATUS", .fall_away_rank = 2, .least_width = 15},
      {.title = "FULL", .right_aligned = true, .wide_only = true},
      {.title = "OVERFLOWS", .right_aligned = true, .wide_only = true},
      {.title = "DROPS BEFORE", .right_aligned = true, .wide_only = true},
      {.title = "LAST DROP", .right_aligned = true, .wide_only = true},
      {.title = "IN USE", .right_aligned = true, .wide_only = true},
      {.title = "IN USE 6", .right_aligned = true, .wide_only = true},
      {.title = "INODE", .right_aligned = true, .wide_only = true},
      {.title = "CONTAINERS", .wide_only = true},
  };
}

std::string OptionalCount(bool has, uint64_t value) { return has ? FormatCount(value) : kNone; }

// What the node's kernel shows of a guest kernel's sockets is nothing: no number of it stands in a table.
v1::Namespace WithoutNumbers(const v1::Namespace& row) {
  v1::Namespace blind = row;
  blind.clear_listener_count();
  blind.clear_full_listener_count();
  blind.clear_worst_listener();
  blind.clear_listen_drops();
  blind.clear_listen_overflows();
  blind.clear_listen_drops_before();
  blind.clear_last_drop_time();
  blind.clear_time_wait();
  blind.clear_in_use();
  blind.clear_in_use6();
  blind.clear_ephemeral_first();
  blind.clear_ephemeral_last();
  return blind;
}

std::vector<Cell> NamespaceRow(const std::string& node_name, const v1::Namespace& row, absl::Time now) {
  return {
      OrNone(node_name),
      NetnsName(row.netns()),
      NamespaceOwner(row),
      OptionalNumber(row.has_listener_count(), row.listener_count()),
      Cell(WorstQueue(row), WorstStyle(row)),
      OptionalCount(row.has_listen_drops(), row.listen_drops()),
      OptionalCount(row.has_time_wait(), row.time_wait()),
      Ports(row),
      OptionalNumber(row.has_process_count(), row.process_count()),
      AgeOf(row.netns().has_first_seen_time(), row.netns().first_seen_time(), now),
      StatusOf(row, now),
      OptionalNumber(row.has_full_listener_count(), row.full_listener_count()),
      OptionalCount(row.has_listen_overflows(), row.listen_overflows()),
      OptionalCount(row.has_listen_drops_before(), row.listen_drops_before()),
      AgeOf(row.has_last_drop_time(), row.last_drop_time(), now),
      OptionalCount(row.has_in_use(), row.in_use()),
      OptionalCount(row.has_in_use6(), row.in_use6()),
      std::to_string(row.netns().inode()),
      ContainerOf(row.owners()),
  };
}

}  // namespace

Table NamespacesTable(const Answer<v1::Namespace>& answer, const ViewContext& context) {
  Table table;
  table.columns = NamespaceColumns(HasSeveralNodes(answer));
  for (const auto& item : answer.items) {
    const bool blind = !item.row.not_observable_reason().empty();
    table.rows.push_back(
        NamespaceRow(item.node_name, blind ? WithoutNumbers(item.row) : item.row, context.now));
  }
  return table;
}

std::string NameOf(const v1::Namespace& row) { return absl::StrCat("netns/", row.netns().inode()); }

}  // namespace listenq::client
