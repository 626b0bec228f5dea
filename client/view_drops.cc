#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// What was lost in the host's namespace is nobody's else, unless a listener says whose it is.
std::string WhereOf(const v1::DropShare* share, const Owners& of_namespace, const v1::Netns& netns) {
  const bool has_own = share != nullptr && !share->owners().empty();
  if (netns.host() && !has_own) return "netns host";
  const Owners& owners = has_own ? share->owners() : of_namespace;
  const std::string owner = MarkStale(OwnerName(owners), owners);
  return PodOf(owners) == kNone && ContainerOf(owners) == kNone ? absl::StrCat("netns ", NetnsName(netns))
                                                                : owner;
}

std::string PeakText(const v1::DropShare& share) {
  if (!share.has_peak_queue()) return kNone;
  return absl::StrCat(share.peak_queue(), "/", OptionalNumber(share.has_limit(), share.limit()));
}

std::string ProcessOf(const v1::DropShare& share) {
  return share.processes().empty() ? kNone : share.processes(0).comm();
}

std::vector<Column> EpisodeColumns(bool with_node) {
  return {
      {.title = "START", .fall_away_rank = 0},
      {.title = "DURATION", .right_aligned = true, .fall_away_rank = 3},
      {.title = "NODE", .fall_away_rank = 4, .wide_only = !with_node},
      {.title = "WHERE", .least_width = 16, .cut_in_the_middle = true},
      {.title = "PROCESS", .fall_away_rank = 5, .least_width = 8},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "DROPS", .right_aligned = true},
      {.title = "CAUSE", .fall_away_rank = 1, .least_width = 17},
      {.title = "PEAK/LIMIT", .right_aligned = true, .fall_away_rank = 6},
      {.title = "STATE", .fall_away_rank = 7},
      {.title = "PROBABLY", .right_aligned = true, .wide_only = true},
      {.title = "NETNS", .wide_only = true},
      {.title = "EPISODE", .right_aligned = true, .wide_only = true},
  };
}

std::vector<Cell> EpisodeRow(const Item<v1::DropEpisode>& item, const v1::DropShare* share,
                             const ViewContext& context) {
  const v1::DropEpisode& episode = item.row;
  const auto& start =
      share != nullptr && share->has_start_time() ? share->start_time() : episode.start_time();
  const auto& last = share != nullptr && share->has_last_time() ? share->last_time() : episode.last_time();
  return {
      ClockText(ToTime(start), context.now, context.zone),
      FormatAge(ToTime(last) - ToTime(start)),
      OrNone(item.node_name),
      WhereOf(share, episode.owners(), episode.netns()),
      share == nullptr ? kNone : ProcessOf(*share),
      share == nullptr ? "unattributed" : ListenAddress(*share),
      share == nullptr ? FormatCount(episode.unattributed()) : DropsText(share->drops()),
      CauseText(episode.counts()),
      share == nullptr ? kNone : PeakText(*share),
      episode.ongoing() ? Cell("ongoing", Style::kCritical) : Cell("over"),
      share == nullptr || share->drops().inferred() == 0 ? kNone : FormatCount(share->drops().inferred()),
      NetnsName(episode.netns()),
      std::to_string(episode.id()),
  };
}

std::vector<Cell> EventRow(const v1::DropEvent& event, const v1::DropShare* share,
                           const ViewContext& context) {
  return {
      ClockText(ToTime(event.interval_end_time()), context.now, context.zone),
      OrNone(event.node_name()),
      WhereOf(share, event.owners(), event.netns()),
      share == nullptr ? "unattributed" : ListenAddress(*share),
      share == nullptr ? FormatCount(event.unattributed()) : DropsText(share->drops()),
      CauseText(event.counts()),
      share == nullptr ? kNone : PeakText(*share),
  };
}

}  // namespace

Table DropsTable(const Answer<v1::DropEpisode>& answer, const ViewContext& context) {
  Table table;
  table.columns = EpisodeColumns(HasSeveralNodes(answer));
  for (const auto& item : answer.items) {
    for (const auto& share : item.row.shares()) table.rows.push_back(EpisodeRow(item, &share, context));
    if (item.row.unattributed() > 0) table.rows.push_back(EpisodeRow(item, nullptr, context));
  }
  return table;
}

Table DropEventTable(const v1::DropEvent& event, const ViewContext& context, bool with_node) {
  Table table;
  table.columns = {
      {.title = "TIME", .padded_width = 8},
      {.title = "NODE",
       .fall_away_rank = 3,
       .least_width = 12,
       .cut_in_the_middle = true,
       .wide_only = !with_node,
       .padded_width = 12},
      {.title = "WHERE", .least_width = 24, .cut_in_the_middle = true, .padded_width = 24},
      {.title = "LISTEN", .least_width = 14, .padded_width = 14},
      {.title = "DROPS", .right_aligned = true, .padded_width = 7},
      {.title = "CAUSE", .fall_away_rank = 1, .least_width = 17, .padded_width = 17},
      {.title = "PEAK/LIMIT", .right_aligned = true, .fall_away_rank = 2, .padded_width = 11},
  };
  for (const auto& share : event.shares()) table.rows.push_back(EventRow(event, &share, context));
  if (event.unattributed() > 0) table.rows.push_back(EventRow(event, nullptr, context));
  return table;
}

std::string NameOf(const v1::DropEpisode& episode) { return absl::StrCat("drops/", episode.id()); }

}  // namespace listenq::client
