#include "agent/collect/connection_tally.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace listenq::collect {
namespace {

constexpr size_t kMostDestinations = 65536;  // positions have 16 bits

ConnectionTally::Bounds WithinReach(ConnectionTally::Bounds bounds) {
  bounds.max_destinations = std::min(bounds.max_destinations, kMostDestinations);
  return bounds;
}

template <typename Row>
auto Identity(const Row& row) {
  return std::make_tuple(row.address.family, row.address.bytes, row.port);
}

template <typename Row>
void OrderAndCut(uint32_t Row::*most, size_t max_rows, std::vector<Row>* rows) {
  const size_t kept = std::min(max_rows, rows->size());
  std::partial_sort(rows->begin(), rows->begin() + static_cast<std::ptrdiff_t>(kept), rows->end(),
                    [most](const Row& a, const Row& b) {
                      if (a.*most != b.*most) return a.*most > b.*most;
                      return Identity(a) < Identity(b);
                    });
  rows->resize(kept);
}

}  // namespace

ConnectionTally::ConnectionTally(absl::Span<const model::ListenerReading> listeners,
                                 std::optional<model::PortRange> ephemeral, Bounds bounds)
    : listeners_(listeners), ephemeral_(ephemeral), bounds_(WithinReach(bounds)) {}

void ConnectionTally::Add(const model::Connection& connection) {
  ++by_state_[static_cast<size_t>(connection.state)];
  if (connection.state == model::TcpState::kSynRecv) {
    AddSynRecv(connection);
  } else if (IsOpenedHere(connection)) {
    AddDestination(connection);
  }
}

bool ConnectionTally::IsOpenedHere(const model::Connection& connection) const {
  return ephemeral_.has_value() && connection.remote_port != 0 &&
         connection.local_port >= ephemeral_->first && connection.local_port <= ephemeral_->last &&
         !listeners_.HasPort(connection.local_port);
}

void ConnectionTally::AddSynRecv(const model::Connection& connection) {
  const Endpoint listener = {listeners_.AddressFor(connection), connection.local_port};
  const auto found = syn_recv_.find(listener);
  if (found != syn_recv_.end()) {
    ++found->second;
  } else if (syn_recv_.size() < bounds_.max_destinations) {
    syn_recv_.emplace(listener, 1);
  } else {
    truncated_ = true;
  }
}

void ConnectionTally::AddDestination(const model::Connection& connection) {
  PortKey position = 0;
  model::DestinationPorts* const destination =
      FindDestination({model::WithoutV4Mapping(connection.remote), connection.remote_port}, &position);
  if (destination == nullptr) return;
  const PortKey key = position << 16 | connection.local_port;
  const bool known = live_.contains(key) || waiting_.contains(key);
  if (!known && live_.size() + waiting_.size() >= bounds_.max_ports) {
    truncated_ = true;
    return;
  }
  if (!known) ++destination->ports_in_use;
  if (connection.state != model::TcpState::kTimeWait) {
    live_.insert(key);
    if (waiting_.erase(key) != 0) --destination->time_wait;
  } else if (!known) {
    waiting_.insert(key);
    ++destination->time_wait;
  }
}

model::DestinationPorts* ConnectionTally::FindDestination(const Endpoint& remote, PortKey* position) {
  const auto found = positions_.find(remote);
  if (found != positions_.end()) {
    *position = found->second;
    return &destinations_[found->second];
  }
  if (destinations_.size() >= bounds_.max_destinations) {
    truncated_ = true;
    return nullptr;
  }
  *position = static_cast<PortKey>(destinations_.size());
  positions_.emplace(remote, *position);
  destinations_.push_back({.address = remote.address, .port = remote.port});
  return &destinations_.back();
}

model::ConnectionCounts ConnectionTally::Counts(size_t max_rows) const {
  model::ConnectionCounts counts;
  counts.by_state = by_state_;
  counts.syn_queues.reserve(syn_recv_.size());
  for (const auto& [listener, count] : syn_recv_) {
    counts.syn_queues.push_back({.address = listener.address, .port = listener.port, .syn_recv = count});
  }
  // One that was seen first and then was beyond a bound has no ports.
  counts.destinations.reserve(destinations_.size());
  for (const model::DestinationPorts& destination : destinations_) {
    if (destination.ports_in_use > 0) counts.destinations.push_back(destination);
  }
  OrderAndCut(&model::SynQueue::syn_recv, max_rows, &counts.syn_queues);
  OrderAndCut(&model::DestinationPorts::ports_in_use, max_rows, &counts.destinations);
  counts.truncated = truncated_;
  return counts;
}

}  // namespace listenq::collect
