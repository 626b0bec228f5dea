#include "agent/collect/refresh_plan.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace listenq::collect {
namespace {

// A group of k members wants k·ln k probes on average; four times as many and a few leave it to chance hardly
// ever, and then the namespace is read by dumps.
constexpr size_t kProbesPerMember = 6;
constexpr size_t kMaxProbesPerGroup = 1024;

// What a look-up tells sockets apart by.
auto GroupKey(const model::ListenerReading& listener) {
  return std::make_tuple(listener.address, listener.port, listener.bound_interface);
}

using Groups = absl::flat_hash_map<decltype(GroupKey({})), std::vector<const model::ListenerReading*>>;

Groups FindGroups(absl::Span<const model::ListenerReading> listeners) {
  Groups groups;
  for (const model::ListenerReading& listener : listeners) groups[GroupKey(listener)].push_back(&listener);
  return groups;
}

}  // namespace

bool RefreshPlan::Fits(absl::Span<const model::ListenerReading> listeners) const {
  return made_ && !missed_ &&
         std::equal(listeners.begin(), listeners.end(), cookies_.begin(), cookies_.end(),
                    [](const model::ListenerReading& listener, uint64_t cookie) {
                      return listener.cookie == cookie;
                    });
}

std::vector<ExactRequest> RefreshPlan::Probes(absl::Span<const model::ListenerReading> listeners) {
  std::vector<ExactRequest> probes;
  for (const auto& [key, members] : FindGroups(listeners)) {
    if (members.size() < 2) continue;
    const size_t count = std::min(members.size() * kProbesPerMember + 8, kMaxProbesPerGroup);
    for (size_t port = 0; port < count; ++port) {
      probes.push_back(
          {.listener = *members.front(), .remote_port = static_cast<uint16_t>(port), .check_cookie = false});
    }
  }
  return probes;
}

void RefreshPlan::Make(absl::Span<const model::ListenerReading> listeners, size_t total,
                       const absl::flat_hash_map<uint64_t, uint16_t>& remote_ports) {
  const Groups groups = FindGroups(listeners);
  std::vector<uint64_t> cookies;
  std::vector<ExactRequest> requests;
  bool reachable = true;
  for (const model::ListenerReading& listener : listeners) {
    cookies.push_back(listener.cookie);
    const auto port = remote_ports.find(listener.cookie);
    const bool alone = groups.at(GroupKey(listener)).size() == 1;
    reachable = reachable && (alone || port != remote_ports.end());
    requests.push_back(
        {.listener = listener, .remote_port = alone || !reachable ? uint16_t{0} : port->second});
  }
  if (cookies != cookies_) misses_ = 0;
  by_dump_ = !reachable || misses_ > 1;
  made_ = true;
  missed_ = false;
  total_ = total;
  cookies_ = std::move(cookies);
  batches_.clear();
  if (by_dump_) return;
  for (size_t first = 0; first < requests.size(); first += kMaxBatch) {
    const auto some = absl::MakeConstSpan(requests).subspan(first, kMaxBatch);
    batches_.push_back({.bytes = EncodeExactRequests(some), .count = some.size()});
  }
}

}  // namespace listenq::collect
