#include "agent/collect/listener_match.h"

#include <utility>

namespace listenq::collect {
namespace {

model::IpAddress Wildcard(model::IpAddress::Family family) {
  model::IpAddress address;
  address.family = family;
  return address;
}

}  // namespace

ListenerMatch::ListenerMatch(absl::Span<const model::ListenerReading> listeners) {
  const model::IpAddress any4 = Wildcard(model::IpAddress::Family::kV4);
  const model::IpAddress any6 = Wildcard(model::IpAddress::Family::kV6);
  for (const model::ListenerReading& listener : listeners) {
    ports_.set(listener.port);
    listeners_.emplace(
        Key{model::WithoutV4Mapping(listener.address), listener.port, listener.bound_interface},
        listener.address);
  }
  // After the IPv4 ones: they come first.
  for (const model::ListenerReading& listener : listeners) {
    if (listener.address != any6 || listener.v6_only.value_or(false)) continue;
    listeners_.emplace(Key{any4, listener.port, listener.bound_interface}, any6);
  }
}

model::IpAddress ListenerMatch::AddressFor(const model::Connection& entry) const {
  const model::IpAddress own = model::WithoutV4Mapping(entry.local);
  for (const model::IpAddress& address : {own, Wildcard(own.family)}) {
    for (const uint32_t bound_interface : {entry.bound_interface, uint32_t{0}}) {
      const auto found = listeners_.find(Key{address, entry.local_port, bound_interface});
      if (found != listeners_.end()) return found->second;
    }
  }
  return own;
}

}  // namespace listenq::collect
