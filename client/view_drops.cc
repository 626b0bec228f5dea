#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// "14:02:11"; with the date when it is not today's.
std::string ClockText(const google::protobuf::Timestamp& timestamp, const ViewContext& context) {
  const absl::Time time = ToTime(timestamp);
  const bool today = absl::ToCivilDay(time, context.zone) == absl::ToCivilDay(context.now, context.zone);
  return absl::FormatTime(today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", time, context.zone);
}

// The owner of a share is the namespace's unless it says another.
const Owners& OwnersOf(const v1::DropShare& share, const Owners& of_namespace) {
  return share.owners().empty() ? of_namespace : share.owners();
}

std::string WhereOf(const Owners& owners, const v1::Netns& netns) {
  const std::string owner = OwnerName(owners);
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
      {.title = "WHERE", .least_width = 16},
      {.title = "PROCESS", .fall_away_rank = 5, .least_width = 8},
      {.title = "LISTEN", .least_width = 21},
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
      ClockText(start, context),
      FormatAge(ToTime(last) - ToTime(start)),
      OrNone(item.node_name),
      WhereOf(share == nullptr ? episode.owners() : OwnersOf(*share, episode.owners()), episode.netns()),
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
      ClockText(event.interval_end_time(), context),
      OrNone(event.node_name()),
      WhereOf(share == nullptr ? event.owners() : OwnersOf(*share, event.owners()), event.netns()),
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

Table DropEventTable(const v1::DropEvent& event, const ViewContext& context) {
  Table table;
  table.columns = {
      {.title = "TIME", .padded_width = 8},
      {.title = "NODE", .fall_away_rank = 3, .least_width = 8, .wide_only = true},
      {.title = "WHERE", .least_width = 24, .padded_width = 24},
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
