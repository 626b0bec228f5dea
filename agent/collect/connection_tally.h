// Counts connections as they come.
#ifndef LISTENQ_AGENT_COLLECT_CONNECTION_TALLY_H_
#define LISTENQ_AGENT_COLLECT_CONNECTION_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "agent/collect/listener_match.h"
#include "agent/model/connections.h"
#include "agent/model/listener.h"
#include "agent/model/sysctl.h"

namespace listenq::collect {

// Contract: counts by state, by listener (SYN_RECV) and by destination. To a destination belongs what this
//   side opened: the local port is in the ephemeral range and no listener has it. IPv4-mapped addresses are
//   IPv4 ones. (A connection that was accepted by a listener which is closed since, on an ephemeral port, is
//   taken for one that this side opened.)
// Memory: no connection is kept; by the bounds below at most about 50 MiB, whatever the namespace holds.
class ConnectionTally {
 public:
  struct Bounds {
    // At most 65,536. As many listeners with SYN_RECV entries are kept.
    size_t max_destinations = 65536;
    // Distinct local ports, summed over the destinations.
    size_t max_ports = size_t{1} << 20;
  };

  // Without the ephemeral range there are no destinations.
  ConnectionTally(absl::Span<const model::ListenerReading> listeners,
                  std::optional<model::PortRange> ephemeral, Bounds bounds);

  void Add(const model::Connection& connection);
  // At most `max_rows` listeners and as many destinations, ties by address and port.
  [[nodiscard]] model::ConnectionCounts Counts(size_t max_rows) const;

 private:
  struct Endpoint {
    model::IpAddress address;
    uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Endpoint& endpoint) {
      return H::combine(std::move(h), endpoint.address, endpoint.port);
    }
  };
  // The destination's position above, its local port below.
  using PortKey = uint32_t;

  [[nodiscard]] bool IsOpenedHere(const model::Connection& connection) const;
  void AddSynRecv(const model::Connection& connection);
  void AddDestination(const model::Connection& connection);
  // Null when there are too many.
  model::DestinationPorts* FindDestination(const Endpoint& remote, PortKey* position);

  const ListenerMatch listeners_;
  const std::optional<model::PortRange> ephemeral_;
  const Bounds bounds_;
  std::array<uint64_t, model::kTcpStates> by_state_{};
  absl::flat_hash_map<Endpoint, uint32_t> syn_recv_;
  absl::flat_hash_map<Endpoint, PortKey> positions_;
  std::vector<model::DestinationPorts> destinations_;
  // Ports with a connection that is not in TIME_WAIT, and ports with nothing else.
  absl::flat_hash_set<PortKey> live_;
  absl::flat_hash_set<PortKey> waiting_;
  bool truncated_ = false;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_CONNECTION_TALLY_H_
