#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/text.h"
#include "client/timeline.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

std::string WhereOf(const v1::ListenerHistory& history) {
  const std::string owner = MarkStale(OwnerName(history.owners()), history.owners());
  const bool has_name = PodOf(history.owners()) != kNone || ContainerOf(history.owners()) != kNone;
  return has_name ? owner : absl::StrCat("netns ", NetnsName(history.netns()));
}

std::vector<Cell> HistoryRow(const Item<v1::ListenerHistory>& item, const Buckets& buckets) {
  const v1::ListenerHistory& history = item.row;
  const std::vector<uint64_t> queue = QueueCells(history, buckets);
  const std::vector<uint64_t> drops = DropCells(history, buckets);
  const uint64_t peak = *std::max_element(queue.begin(), queue.end());
  const v1::ListenDrops total = TotalOf(history, buckets);
  const bool full = history.has_limit() && peak > history.limit();
  return {
      OrNone(item.node_name),
      WhereOf(history),
      ListenAddress(history),
      Sparkline(queue, std::max<uint64_t>(peak, history.limit())),
      Cell(std::to_string(peak), full ? Style::kCritical : Style::kPlain),
      OptionalNumber(history.has_limit(), history.limit()),
      Sparkline(drops, *std::max_element(drops.begin(), drops.end())),
      Cell(DropsText(total), total.min() > 0 ? Style::kCritical : Style::kPlain),
  };
}

}  // namespace

Table HistoryTable(const Answer<v1::ListenerHistory>& answer, const ViewContext& context, absl::Time since,
                   size_t cells) {
  const Buckets buckets = {since, context.now, std::max<size_t>(cells, 1)};
  Table table;
  table.columns = {
      {.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
      {.title = "WHERE", .least_width = 12, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 14, .cut_in_the_middle = true},
      {.title = "QUEUE"},
      {.title = "PEAK", .right_aligned = true},
      {.title = "LIMIT", .right_aligned = true, .fall_away_rank = 3},
      {.title = "LOST", .fall_away_rank = 2},
      {.title = "DROPS", .right_aligned = true},
  };
  for (const auto& item : answer.items) table.rows.push_back(HistoryRow(item, buckets));
  return table;
}

std::string NameOf(const v1::ListenerHistory& history) {
  const std::string owner =
      PodOf(history.owners()) == kNone ? NetnsName(history.netns()) : OwnerName(history.owners());
  return absl::StrCat("history/", owner, "/", ListenAddress(history));
}

}  // namespace listenq::client
