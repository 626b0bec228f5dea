#include "base/observer_rows.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace listenq::base {
namespace {

// Below every known fill.
constexpr double kNoFill = -1;

double Fill(const v1::Listener& listener) {
  if (!listener.has_queue() || !listener.has_limit()) return kNoFill;
  return 100.0 * listener.queue() / std::max(listener.limit(), 1u);
}

double Fill(const v1::Namespace& ns) { return ns.has_worst_listener() ? Fill(ns.worst_listener()) : kNoFill; }

// By the upper bound: a listener that may have lost more must not be cut below one that surely lost less.
auto DropsKey(const v1::ListenDrops& drops) { return std::make_tuple(drops.max(), drops.min()); }

auto OwnerKey(const v1::Listener& listener) {
  const v1::Owner& owner = listener.owners().empty() ? v1::Owner::default_instance() : listener.owners(0);
  return std::tie(owner.namespace_(), owner.pod(), owner.container());
}

auto TimeKey(const google::protobuf::Timestamp& time) {
  return std::make_tuple(time.seconds(), time.nanos());
}

}  // namespace

bool IsBefore(const v1::ListListenersRequest& request, const v1::Listener& a, const v1::Listener& b) {
  switch (request.order_by()) {
    case v1::LISTENER_ORDER_DROPS:
      return std::make_tuple(DropsKey(a.listen_drops()), Fill(a)) >
             std::make_tuple(DropsKey(b.listen_drops()), Fill(b));
    case v1::LISTENER_ORDER_FILL:
      return Fill(a) > Fill(b);
    case v1::LISTENER_ORDER_QUEUE:
      return std::make_tuple(a.queue(), Fill(a)) > std::make_tuple(b.queue(), Fill(b));
    case v1::LISTENER_ORDER_ADDRESS:
      return OwnerKey(a) < OwnerKey(b);
    default:
      return std::make_tuple(DropsKey(a.recent_drops()), Fill(a)) >
             std::make_tuple(DropsKey(b.recent_drops()), Fill(b));
  }
}

bool IsBefore(const v1::ListNamespacesRequest&, const v1::Namespace& a, const v1::Namespace& b) {
  return std::make_tuple(a.listen_drops(), Fill(a)) > std::make_tuple(b.listen_drops(), Fill(b));
}

bool IsBefore(const v1::ListDropsRequest&, const v1::DropEpisode& a, const v1::DropEpisode& b) {
  return TimeKey(a.last_time()) > TimeKey(b.last_time());
}

bool IsBefore(const v1::ListFindingsRequest&, const v1::Finding& a, const v1::Finding& b) {
  return a.severity() > b.severity();
}

}  // namespace listenq::base
