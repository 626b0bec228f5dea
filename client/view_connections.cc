#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

std::string WhereOf(const v1::ConnectionSummary& summary) {
  const Owners& owners = summary.owners();
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  return has_name && !summary.netns().host() ? MarkStale(OwnerName(owners), owners)
                                             : absl::StrCat("netns ", NetnsName(summary.netns()));
}

std::string StatusOf(const v1::ConnectionSummary& summary) { return summary.truncated() ? "cut" : kNone; }

uint64_t TotalOf(const v1::ConnectionSummary& summary) {
  uint64_t total = 0;
  for (const auto& [name, count] : summary.by_state()) total += count;
  return total;
}

struct State {
  std::string name;
  // Of all rows.
  uint64_t count = 0;
};

// The states of all rows, in the kernel's order.
std::vector<State> AllStates(const Answer<v1::ConnectionSummary>& answer) {
  v1::ConnectionSummary all;
  for (const auto& item : answer.items) {
    for (const auto& [name, count] : item.row.by_state()) (*all.mutable_by_state())[name] += count;
  }
  for (const char* always : {"ESTABLISHED", "TIME_WAIT"}) ++(*all.mutable_by_state())[always];
  std::vector<State> states;
  for (const auto& [name, count] : StatesOf(all)) states.push_back({.name = name, .count = count});
  return states;
}

// Where there is no room for all, those with the most connections stay.
int RankOf(const State& state, const std::vector<State>& all) {
  constexpr int kLastToGo = 2;
  return kLastToGo + static_cast<int>(std::count_if(all.begin(), all.end(), [&](const State& other) {
           return other.count > state.count;
         }));
}

using Items = std::vector<const Item<v1::ConnectionSummary>*>;

Items MostConnectionsFirst(const Answer<v1::ConnectionSummary>& answer) {
  Items items;
  for (const auto& item : answer.items) items.push_back(&item);
  std::stable_sort(items.begin(), items.end(),
                   [](const auto* a, const auto* b) { return TotalOf(a->row) > TotalOf(b->row); });
  return items;
}

// A destination, or none, of a namespace.
struct Use {
  const v1::ConnectionSummary* summary = nullptr;
  const v1::DestinationPorts* destination = nullptr;
  // In percent of the usable ports; 0 where they are not known.
  double share = 0;
};

Use UseOf(const v1::ConnectionSummary& summary, const v1::DestinationPorts& destination) {
  const auto usable = UsablePorts(summary);
  const double share =
      usable.value_or(0) == 0 ? 0 : 100.0 * destination.ports_in_use() / static_cast<double>(*usable);
  return {&summary, &destination, share};
}

std::vector<Use> FullestFirst(const Answer<v1::ConnectionSummary>& answer) {
  std::vector<Use> uses;
  for (const auto& item : answer.items) {
    for (const auto& destination : item.row.destinations()) uses.push_back(UseOf(item.row, destination));
    if (item.row.destinations().empty()) uses.push_back({.summary = &item.row});
  }
  std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) {
    const auto key = [](const Use& use) {
      return std::make_tuple(use.destination == nullptr, -use.share,
                             use.destination == nullptr ? 0 : -int64_t{use.destination->ports_in_use()});
    };
    return key(a) < key(b);
  });
  return uses;
}

// Above it connect(2) begins to search long, then fails.
Style StyleOf(double share) {
  if (share > 90) return Style::kCritical;
  return share > 70 ? Style::kWarning : Style::kPlain;
}

std::string RangeText(const v1::ConnectionSummary& summary) {
  if (!summary.has_ephemeral_first() || !summary.has_ephemeral_last()) return kNone;
  return absl::StrCat(summary.ephemeral_first(), "-", summary.ephemeral_last());
}

std::vector<Cell> PortsRow(const Use& use) {
  const v1::ConnectionSummary& summary = *use.summary;
  std::vector<Cell> row = {OrNone(summary.node_name()), WhereOf(summary), RangeText(summary),
                           summary.has_reserved_ports() ? FormatCount(summary.reserved_ports()) : kNone};
  if (use.destination == nullptr) {
    row.insert(row.end(), {"none", "0", "0", kNone, StatusOf(summary)});
    return row;
  }
  const bool known = UsablePorts(summary).value_or(0) > 0;
  row.insert(row.end(),
             {DestinationText(*use.destination), FormatCount(use.destination->ports_in_use()),
              FormatCount(use.destination->time_wait()),
              known ? Cell(PercentText(use.share), StyleOf(use.share)) : Cell(kNone), StatusOf(summary)});
  return row;
}

}  // namespace

Table StatesTable(const Answer<v1::ConnectionSummary>& answer) {
  Table table;
  table.columns = {
      {.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
      {.title = "WHERE", .least_width = 18, .cut_in_the_middle = true},
      {.title = "TOTAL", .right_aligned = true},
  };
  const std::vector<State> states = AllStates(answer);
  for (const State& state : states) {
    table.columns.push_back(
        {.title = state.name, .right_aligned = true, .fall_away_rank = RankOf(state, states)});
  }
  table.columns.push_back({.title = "STATUS"});
  for (const auto* item : MostConnectionsFirst(answer)) {
    const v1::ConnectionSummary& summary = item->row;
    std::vector<Cell> row = {OrNone(summary.node_name()), WhereOf(summary), FormatCount(TotalOf(summary))};
    for (const State& state : states) {
      const auto found = summary.by_state().find(state.name);
      row.emplace_back(FormatCount(found == summary.by_state().end() ? 0 : found->second));
    }
    row.emplace_back(StatusOf(summary));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table SynQueuesTable(const Answer<v1::ConnectionSummary>& answer) {
  std::vector<std::pair<const v1::ConnectionSummary*, const v1::ListenerSynQueue*>> queues;
  for (const auto& item : answer.items) {
    for (const auto& queue : item.row.syn_queues()) queues.emplace_back(&item.row, &queue);
  }
  std::stable_sort(queues.begin(), queues.end(),
                   [](const auto& a, const auto& b) { return a.second->syn_recv() > b.second->syn_recv(); });
  Table table;
  table.columns = {
      {.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
      {.title = "WHERE", .least_width = 18, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 21, .cut_in_the_middle = true},
      {.title = "SYN_RECV", .right_aligned = true},
  };
  for (const auto& [summary, queue] : queues) {
    table.rows.push_back({OrNone(summary->node_name()), WhereOf(*summary), ListenAddress(*queue),
                          FormatCount(queue->syn_recv())});
  }
  return table;
}

Table PortsTable(const Answer<v1::ConnectionSummary>& answer) {
  Table table;
  table.columns = {
      {.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
      {.title = "WHERE", .least_width = 18, .cut_in_the_middle = true},
      {.title = "RANGE", .fall_away_rank = 2},
      {.title = "RESERVED", .right_aligned = true, .fall_away_rank = 3},
      {.title = "DESTINATION", .least_width = 21, .cut_in_the_middle = true},
      {.title = "IN USE", .right_aligned = true},
      {.title = "TIME_WAIT", .right_aligned = true, .fall_away_rank = 4},
      {.title = "SHARE", .right_aligned = true},
      {.title = "STATUS"},
  };
  for (const Use& use : FullestFirst(answer)) table.rows.push_back(PortsRow(use));
  return table;
}

std::string NameOf(const v1::ConnectionSummary& summary) {
  const Owners& owners = summary.owners();
  return absl::StrCat("connections/", PodOf(owners) == kNone || summary.netns().host()
                                          ? NetnsName(summary.netns())
                                          : OwnerName(owners));
}

}  // namespace listenq::client
