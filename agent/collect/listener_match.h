// Which listener a SYN_RECV entry belongs to.
#ifndef LISTENQ_AGENT_COLLECT_LISTENER_MATCH_H_
#define LISTENQ_AGENT_COLLECT_LISTENER_MATCH_H_

#include <bitset>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "agent/model/connections.h"
#include "agent/model/listener.h"

namespace listenq::collect {

// The listeners of one namespace, looked up as the kernel does for a packet (inet_lookup_listener,
// compute_score): the packet's own address before a wildcard, a listener bound to the entry's interface
// before one that is not bound, and a dual-stack [::] for IPv4 where no IPv4 wildcard listens. Members of an
// SO_REUSEPORT group are one.
class ListenerMatch {
 public:
  explicit ListenerMatch(absl::Span<const model::ListenerReading> listeners);

  // The address that the listener of `entry` is bound to; the entry's own where none matches (it was closed).
  [[nodiscard]] model::IpAddress AddressFor(const model::Connection& entry) const;
  // Some listener has this port.
  [[nodiscard]] bool HasPort(uint16_t port) const { return ports_.test(port); }

 private:
  // As looked up: IPv4-mapped addresses are IPv4 ones.
  struct Key {
    model::IpAddress address;
    uint16_t port = 0;
    uint32_t bound_interface = 0;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.address, key.port, key.bound_interface);
    }
  };

  // -> the address as bound.
  absl::flat_hash_map<Key, model::IpAddress> listeners_;
  std::bitset<65536> ports_;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_LISTENER_MATCH_H_
