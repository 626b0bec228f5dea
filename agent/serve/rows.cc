#include "agent/serve/rows.h"

#include <algorithm>
#include <compare>
#include <tuple>

#include "absl/strings/string_view.h"

namespace listenq::serve {
namespace {

// Below every known fill.
constexpr double kNoFill = -1;

double Fill(const model::Listener& listener) {
  return FillPercent(listener.reading.queue, listener.reading.limit).value_or(kNoFill);
}

auto Identity(const ListenerRow& row) {
  const model::ListenerReading& reading = row.listener->reading;
  return std::make_tuple(row.ns->id->serial, reading.address.family, reading.address.bytes, reading.port,
                         model::ListenerKey(reading));
}

// By the upper bound: a listener that may have lost more must not be cut below one that surely lost less.
bool MoreDrops(const model::DropBounds& a, const model::DropBounds& b) {
  return std::tie(a.max, a.min) > std::tie(b.max, b.min);
}

// "Worse first" for each order; the identity decides ties.
struct ByFill {
  bool operator()(const ListenerRow& a, const ListenerRow& b) const {
    const double fill_a = Fill(*a.listener);
    const double fill_b = Fill(*b.listener);
    if (fill_a != fill_b) return fill_a > fill_b;
    return Identity(a) < Identity(b);
  }
};
template <model::DropBounds model::Listener::*kDrops>
struct ByDrops {
  bool operator()(const ListenerRow& a, const ListenerRow& b) const {
    const model::DropBounds& drops_a = a.listener->*kDrops;
    const model::DropBounds& drops_b = b.listener->*kDrops;
    if (MoreDrops(drops_a, drops_b)) return true;
    if (MoreDrops(drops_b, drops_a)) return false;
    return ByFill()(a, b);
  }
};
struct ByQueue {
  bool operator()(const ListenerRow& a, const ListenerRow& b) const {
    if (a.listener->reading.queue != b.listener->reading.queue) {
      return a.listener->reading.queue > b.listener->reading.queue;
    }
    return ByFill()(a, b);
  }
};
struct ByAddress {
  static auto OwnerKey(const ListenerRow& row) {
    const OwnerRefs owners = OwnersOf(row.listener->processes.get(), row.ns->owners.get());
    const model::Owner* first = owners.empty() ? nullptr : owners.front();
    const auto text = [](const std::string* value) {
      return value == nullptr ? absl::string_view() : absl::string_view(*value);
    };
    return std::make_tuple(text(first == nullptr ? nullptr : &first->namespace_name),
                           text(first == nullptr ? nullptr : &first->pod),
                           text(first == nullptr ? nullptr : &first->container));
  }
  bool operator()(const ListenerRow& a, const ListenerRow& b) const {
    const auto owner_a = OwnerKey(a);
    const auto owner_b = OwnerKey(b);
    return owner_a != owner_b ? owner_a < owner_b : Identity(a) < Identity(b);
  }
};

template <typename Row, typename Before>
void OrderAndCut(std::vector<Row>* rows, uint32_t limit, Before before) {
  if (limit == 0 || limit >= rows->size()) {
    std::sort(rows->begin(), rows->end(), before);
    return;
  }
  std::partial_sort(rows->begin(), rows->begin() + limit, rows->end(), before);
  rows->resize(limit);
}

void Order(v1::ListenerOrder order, uint32_t limit, std::vector<ListenerRow>* rows) {
  switch (order) {
    case v1::LISTENER_ORDER_DROPS:
      return OrderAndCut(rows, limit, ByDrops<&model::Listener::drops>());
    case v1::LISTENER_ORDER_FILL:
      return OrderAndCut(rows, limit, ByFill());
    case v1::LISTENER_ORDER_QUEUE:
      return OrderAndCut(rows, limit, ByQueue());
    case v1::LISTENER_ORDER_ADDRESS:
      return OrderAndCut(rows, limit, ByAddress());
    default:
      return OrderAndCut(rows, limit, ByDrops<&model::Listener::recent_drops>());
  }
}

template <typename Visit>
void ForEachNamespace(const model::Snapshot& snapshot, bool include_ended, Visit visit) {
  for (const auto& ns : snapshot.namespaces) visit(*ns);
  if (!include_ended) return;
  for (const auto& ns : snapshot.ended) visit(*ns);
}

struct NamespaceKey {
  uint64_t drops = 0;
  double fill = kNoFill;
  const model::Namespace* ns = nullptr;
  bool operator<(const NamespaceKey& other) const {
    if (drops != other.drops) return drops > other.drops;
    if (fill != other.fill) return fill > other.fill;
    return ns->id->serial < other.ns->id->serial;
  }
};

NamespaceKey KeyOf(const model::Namespace& ns) {
  const model::Listener* worst = WorstListener(ns);
  return {.drops = ns.drops.has_value() ? ns.drops->listen_drops : 0,
          .fill = worst == nullptr ? kNoFill : Fill(*worst),
          .ns = &ns};
}

}  // namespace

ListenerRows SelectListeners(const model::Snapshot& snapshot, const Filter& filter, v1::ListenerOrder order,
                             uint32_t limit, bool include_ended) {
  ListenerRows result;
  ForEachNamespace(snapshot, include_ended, [&](const model::Namespace& ns) {
    ++result.examined.namespaces;
    result.examined.listeners += ns.listeners.size();
    if (!filter.MayMatchSockets(ns)) return;
    if (!ns.not_observable_reason.empty()) ++result.examined.unobservable;
    for (const model::Listener& listener : ns.listeners) {
      if (filter.Matches(ns, listener)) result.rows.push_back({&ns, &listener});
    }
  });
  result.examined.matched = result.rows.size();
  Order(order, limit, &result.rows);
  return result;
}

NamespaceRows SelectNamespaces(const model::Snapshot& snapshot, const Filter& filter, uint32_t limit,
                               bool include_ended) {
  NamespaceRows result;
  std::vector<NamespaceKey> keys;
  ForEachNamespace(snapshot, include_ended, [&](const model::Namespace& ns) {
    ++result.examined.namespaces;
    result.examined.listeners += ns.listeners.size();
    if (!filter.Matches(ns)) return;
    keys.push_back(KeyOf(ns));
    if (!ns.not_observable_reason.empty()) ++result.examined.unobservable;
  });
  result.examined.matched = keys.size();
  OrderAndCut(&keys, limit, std::less<>());
  result.rows.reserve(keys.size());
  for (const NamespaceKey& key : keys) result.rows.push_back(key.ns);
  return result;
}

uint64_t SelectEpisodes(const Filter& filter, uint32_t limit, std::vector<model::DropEpisode>* episodes) {
  std::erase_if(*episodes, [&](const model::DropEpisode& episode) { return !filter.Matches(episode); });
  const uint64_t matched = episodes->size();
  OrderAndCut(episodes, limit, [](const model::DropEpisode& a, const model::DropEpisode& b) {
    return a.last != b.last ? a.last > b.last : a.id > b.id;
  });
  return matched;
}

const model::Listener* WorstListener(const model::Namespace& ns) {
  const model::Listener* worst = nullptr;
  double worst_fill = kNoFill;
  for (const model::Listener& listener : ns.listeners) {
    const double fill = Fill(listener);
    if (fill > worst_fill) {
      worst = &listener;
      worst_fill = fill;
    }
  }
  return worst;
}

}  // namespace listenq::serve
