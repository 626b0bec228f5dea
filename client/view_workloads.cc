#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/encode.h"
#include "client/text.h"
#include "client/workloads.h"

namespace listenq::client {
namespace {

template <typename Number>
std::string OptionalText(const std::optional<Number>& number) {
  return number ? absl::StrCat(*number) : "";
}

// "511"; "128-511" where they differ.
std::string LimitText(const ListenerGroup& group) {
  if (!group.min_limit) return kNone;
  return group.min_limit == group.max_limit ? absl::StrCat(*group.min_limit)
                                            : absl::StrCat(*group.min_limit, "-", *group.max_limit);
}

std::string PodCount(const Members& members) {
  return members.pods.empty() ? kNone : FormatCount(members.pods.size());
}

// "2 of 6".
Cell FullPodsCell(const ListenerGroup& group) {
  if (group.members.pods.empty() || !group.max_queue) return kNone;
  return {absl::StrCat(group.full_pods.size(), " of ", group.members.pods.size()),
          group.full_pods.empty() ? Style::kPlain : Style::kCritical};
}

// A pod without a controller is the workload.
std::string WorstPod(const Members& members) {
  return absl::StartsWith(members.workload.name, "Pod ") ? kNone : OrNone(members.worst_pod);
}

std::string WorkloadText(const Members& members) {
  return absl::StrCat(members.workload.name, members.stale ? "*" : "");
}

Style StyleOf(const ListenerGroup& group) {
  if (group.full) return Style::kCritical;
  return group.max_fill_percent.value_or(0) >= 80 ? Style::kWarning : Style::kPlain;
}

Cell DropsCell(const ListenerGroup& group) {
  if (!group.drops) return kNone;
  return {DropsText(*group.drops), group.recent.max() > 0 ? Style::kCritical : Style::kPlain};
}

std::vector<Cell> RowOf(const ListenerGroup& group, absl::Time now) {
  const Members& members = group.members;
  return {
      OrNone(members.workload.namespace_name),
      WorkloadText(members),
      members.listen,
      FullPodsCell(group),
      Cell(OrNone(OptionalText(group.max_queue)), StyleOf(group)),
      LimitText(group),
      Cell(group.max_fill_percent ? absl::StrCat(*group.max_fill_percent, "%") : kNone, StyleOf(group)),
      DropsCell(group),
      WorstPod(members),
      group.last_drop ? FormatAge(now - *group.last_drop) : kNone,
      FormatCount(group.listeners),
      FormatCount(members.nodes.size()),
  };
}

// Which there were; how many of each only an episode knows.
std::vector<std::string> CauseNames(const v1::DropCounts& causes) {
  const std::pair<const char*, uint64_t> all[] = {{"accept queue full", causes.accept_queue_full()},
                                                  {"SYN queue full", causes.syn_queue_full()},
                                                  {"probably SYN queue", causes.probably_syn_queue()},
                                                  {"other", causes.other()}};
  std::vector<std::string> names;
  for (const auto& [name, count] : all) {
    if (count > 0) names.emplace_back(name);
  }
  return names;
}

std::vector<Cell> RowOf(const DropGroup& group, const ViewContext& context) {
  const Members& members = group.members;
  return {
      OrNone(members.workload.namespace_name),
      WorkloadText(members),
      members.listen,
      PodCount(members),
      FormatCount(group.episodes.size()),
      DropsText(group.drops),
      OrNone(absl::StrJoin(CauseNames(group.causes), ", ")),
      ClockText(group.last, context.now, context.zone),
      group.ongoing ? Cell("ongoing", Style::kCritical) : Cell("over"),
      FormatCount(members.nodes.size()),
  };
}

}  // namespace

Table WorkloadTable(const std::vector<ListenerGroup>& groups, const ViewContext& context) {
  Table table;
  table.columns = {
      {.title = "NAMESPACE", .fall_away_rank = 1, .least_width = 11, .cut_in_the_middle = true},
      {.title = "WORKLOAD", .least_width = 20, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "FULL PODS", .right_aligned = true, .fall_away_rank = 3},
      {.title = "QUEUE", .right_aligned = true},
      {.title = "LIMIT", .right_aligned = true},
      {.title = "FULL", .right_aligned = true, .fall_away_rank = 2},
      {.title = "DROPS", .right_aligned = true},
      {.title = "WORST POD", .fall_away_rank = 4, .least_width = 16, .cut_in_the_middle = true},
      {.title = "LAST DROP", .right_aligned = true, .wide_only = true},
      {.title = "LISTENERS", .right_aligned = true, .wide_only = true},
      {.title = "NODES", .right_aligned = true, .wide_only = true},
  };
  for (const ListenerGroup& group : groups) table.rows.push_back(RowOf(group, context.now));
  return table;
}

Table WorkloadTable(const std::vector<DropGroup>& groups, const ViewContext& context) {
  Table table;
  table.columns = {
      {.title = "NAMESPACE", .fall_away_rank = 1, .least_width = 11, .cut_in_the_middle = true},
      {.title = "WORKLOAD", .least_width = 20, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "PODS", .right_aligned = true, .fall_away_rank = 4},
      {.title = "EPISODES", .right_aligned = true, .fall_away_rank = 5},
      {.title = "DROPS", .right_aligned = true},
      {.title = "CAUSE", .fall_away_rank = 2, .least_width = 17},
      {.title = "LAST"},
      {.title = "STATE", .fall_away_rank = 3},
      {.title = "NODES", .right_aligned = true, .wide_only = true},
  };
  for (const DropGroup& group : groups) table.rows.push_back(RowOf(group, context));
  return table;
}

std::string WorkloadCsv(const std::vector<ListenerGroup>& groups, bool headers) {
  std::string csv = headers ? "namespace,workload,listen,pods,fullPods,queueMax,limitMin,limitMax,"
                              "fillPercentMax,dropsMin,dropsMax,worstPod,listeners,nodes\n"
                            : "";
  for (const ListenerGroup& group : groups) {
    const Members& members = group.members;
    csv +=
        CsvLine({members.workload.namespace_name, members.workload.name, members.listen,
                 absl::StrCat(members.pods.size()), absl::StrCat(group.full_pods.size()),
                 OptionalText(group.max_queue), OptionalText(group.min_limit), OptionalText(group.max_limit),
                 OptionalText(group.max_fill_percent), group.drops ? absl::StrCat(group.drops->min()) : "",
                 group.drops ? absl::StrCat(group.drops->max()) : "", members.worst_pod,
                 absl::StrCat(group.listeners), absl::StrCat(members.nodes.size())});
  }
  return csv;
}

std::string WorkloadCsv(const std::vector<DropGroup>& groups, bool headers) {
  std::string csv =
      headers ? "namespace,workload,listen,pods,episodes,dropsMin,dropsMax,causes,lastTime,ongoing,nodes\n"
              : "";
  for (const DropGroup& group : groups) {
    const Members& members = group.members;
    csv += CsvLine({members.workload.namespace_name, members.workload.name, members.listen,
                    absl::StrCat(members.pods.size()), absl::StrCat(group.episodes.size()),
                    absl::StrCat(group.drops.min()), absl::StrCat(group.drops.max()),
                    absl::StrJoin(CauseNames(group.causes), ";"),
                    absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", group.last, absl::UTCTimeZone()),
                    group.ongoing ? "true" : "false", absl::StrCat(members.nodes.size())});
  }
  return csv;
}

}  // namespace listenq::client
