// TCP connections of one network namespace: one of them, and what a walk over all of them counted.
#ifndef LISTENQ_AGENT_MODEL_CONNECTIONS_H_
#define LISTENQ_AGENT_MODEL_CONNECTIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/model/listener.h"

namespace listenq::model {

// Those of a connection: all but LISTEN. A request that waits for its third ACK (the kernel's NEW_SYN_RECV)
// is kSynRecv.
enum class TcpState : uint8_t {
  kEstablished,
  kSynSent,
  kSynRecv,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClose,
  kCloseWait,
  kLastAck,
  kClosing,
};
inline constexpr size_t kTcpStates = 10;
// The kernel's name: "ESTABLISHED", "FIN_WAIT1".
absl::string_view TcpStateName(TcpState state);

struct Connection {
  TcpState state = TcpState::kClose;
  IpAddress local;
  uint16_t local_port = 0;
  IpAddress remote;
  uint16_t remote_port = 0;
  // idiag_if: SO_BINDTODEVICE, of a request that of its listener; 0 is not bound.
  uint32_t bound_interface = 0;
  bool operator==(const Connection&) const = default;
};

// 10.0.0.1 for ::ffff:10.0.0.1; any other address as it is.
IpAddress WithoutV4Mapping(const IpAddress& address);

// SYN_RECV entries of one listener; of all of them where several share address and port (SO_REUSEPORT).
struct SynQueue {
  IpAddress address;
  uint16_t port = 0;
  uint32_t syn_recv = 0;
  bool operator==(const SynQueue&) const = default;
};

// Ephemeral ports in use towards one destination. A port counts once, whatever local addresses use it.
struct DestinationPorts {
  IpAddress address;
  uint16_t port = 0;
  uint32_t ports_in_use = 0;
  // Of those, with nothing but TIME_WAIT on them.
  uint32_t time_wait = 0;
  bool operator==(const DestinationPorts&) const = default;
};

// The kernel's table changes under the walk: a connection that opens, closes or changes its state meanwhile
// may be counted or not.
struct ConnectionCounts {
  std::array<uint64_t, kTcpStates> by_state{};
  std::vector<SynQueue> syn_queues;            // the longest first
  std::vector<DestinationPorts> destinations;  // the most used first
  // The walk ended early: every number is "at least".
  bool stopped = false;
  // There are more listeners, destinations or ports than are kept: the lists are incomplete.
  bool truncated = false;
  // CPU time of the walk, the kernel's part included.
  absl::Duration cpu_time;
};

// Who has a namespace's ephemeral ports, by one walk.
struct PortUse {
  absl::Time time;
  // The worst few, the most used first.
  std::vector<DestinationPorts> destinations;
  bool operator==(const PortUse&) const = default;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_CONNECTIONS_H_
