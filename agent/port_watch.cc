#include "agent/port_watch.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/analyze/rules/port_range_pressure.h"
#include "agent/model/sysctl.h"

namespace listenq::agent {
namespace {

constexpr absl::Duration kInterval = absl::Minutes(1);
constexpr absl::Duration kTimeLimit = absl::Seconds(1);
// In one order; the rest has its turn with the next.
constexpr size_t kMaxNamespaces = 16;
constexpr size_t kMaxDestinations = 3;

}  // namespace

void PortWatch::Look(const model::Snapshot& snapshot) {
  if (walking_->load()) return;
  serve::WalkOrder order = MakeOrder(snapshot);
  if (order.subjects.empty()) return;
  std::vector<model::NetnsSerial> serials;
  for (const auto& subject : order.subjects) serials.push_back(subject.serial);
  order.done = [serials, walking = walking_, found = found_,
                clock = clock_](const absl::StatusOr<serve::WalkResults>& results) {
    for (size_t i = 0; results.ok() && i < serials.size(); ++i) {
      const absl::StatusOr<model::ConnectionCounts>& counts = (*results)[i];
      // What a walk that ended early counted is true as far as it goes.
      if (!counts.ok()) continue;
      found(serials[i], std::make_shared<const model::PortUse>(
                            model::PortUse{.time = clock->Now(), .destinations = counts->destinations}));
    }
    walking->store(false);
  };
  walking_->store(true);
  if (!walks_->Start(std::move(order)).ok()) {
    walking_->store(false);
    return;
  }
  for (const model::NetnsSerial serial : serials) due_[serial] = clock_->Now() + kInterval;
}

serve::WalkOrder PortWatch::MakeOrder(const model::Snapshot& snapshot) {
  serve::WalkOrder order{.time_limit = kTimeLimit, .max_rows = kMaxDestinations};
  order.cancelled = [] { return false; };
  const absl::Time now = clock_->Now();
  decltype(due_) due;
  for (const auto& ns : snapshot.namespaces) {
    if (!analyze::MayLackPorts(*ns)) continue;
    const auto known = due_.find(ns->id->serial);
    const absl::Time when = known == due_.end() ? absl::InfinitePast() : known->second;
    due[ns->id->serial] = when;
    if (when > now || order.subjects.size() == kMaxNamespaces) continue;
    order.subjects.push_back({.serial = ns->id->serial,
                              .cookie = ns->id->cookie,
                              .ephemeral = model::SysctlPortRange(*ns->sysctls)});
  }
  due_ = std::move(due);
  return order;
}

}  // namespace listenq::agent
