// A listening socket: what the kernel says of it, and what was learnt of it over time.
#ifndef LISTENQ_AGENT_MODEL_LISTENER_H_
#define LISTENQ_AGENT_MODEL_LISTENER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/owner.h"

namespace listenq::model {

struct IpAddress {
  enum class Family : uint8_t { kV4, kV6 };
  Family family = Family::kV4;
  // Network order; an IPv4 address is the first 4 bytes.
  std::array<uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.family, a.bytes);
  }
};

// "0.0.0.0", "::", "10.0.0.7": no brackets.
std::string ToString(const IpAddress& address);

enum class Protocol : uint8_t { kTcp, kMptcp };

// One socket in one reading.
struct ListenerReading {
  Protocol protocol = Protocol::kTcp;
  IpAddress address;
  uint16_t port = 0;
  // SO_BINDTODEVICE; 0 is not bound.
  uint32_t bound_interface = 0;
  std::optional<bool> v6_only;
  // idiag_cookie; 0 where the way of reading has none (/proc/net/tcp).
  uint64_t cookie = 0;
  // N of socket:[N].
  uint64_t inode = 0;
  uint32_t uid = 0;
  std::optional<uint64_t> cgroup_id;
  // Connections waiting for accept(2): idiag_rqueue.
  uint32_t queue = 0;
  // idiag_wqueue; a limit of N holds N + 1.
  std::optional<uint32_t> limit;
  // SK_MEMINFO_DROPS: 32 bits, wraps, counts more than listen drops.
  std::optional<uint32_t> sk_drops;
  bool operator==(const ListenerReading&) const = default;
};

// What identifies a socket from reading to reading: the cookie where there is one, else the inode.
inline uint64_t ListenerKey(const ListenerReading& reading) {
  return reading.cookie != 0 ? reading.cookie : reading.inode;
}

// Full means that the next connection is lost: the kernel's sk_acceptq_is_full.
inline bool IsFull(const ListenerReading& reading) {
  return reading.limit.has_value() && reading.queue > *reading.limit;
}

enum class LimitState : uint8_t { kUnknown, kApplication, kSomaxconn, kLatched };

// Listen drops of one listener: at least `min`, at most `max` of its namespace's ListenDrops.
struct DropBounds {
  uint64_t min = 0;
  uint64_t max = 0;
  // A hint, never part of min: probably this listener's too.
  uint64_t inferred = 0;
  bool operator==(const DropBounds&) const = default;
  DropBounds& operator+=(const DropBounds& other) {
    min += other.min;
    max += other.max;
    inferred += other.inferred;
    return *this;
  }
};

// Who holds a socket. One object is shared by the snapshots in which it does not change.
struct SocketProcesses {
  // All that hold it; `first` has at most kMaxProcesses of them. Absent with a reason.
  std::optional<uint32_t> count;
  std::vector<Process> first;
  std::string unreadable_reason;
  // Containers of all processes that hold it, and the one in whose cgroup the socket was made: 64 hex digits,
  // "" for processes outside containers. Each once, at most kMaxContainers.
  std::vector<std::string> container_ids;
  static constexpr size_t kMaxContainers = 16;
  void AddContainer(const std::string& id) {
    const bool known = std::find(container_ids.begin(), container_ids.end(), id) != container_ids.end();
    if (!known && container_ids.size() < kMaxContainers) container_ids.push_back(id);
  }
  static constexpr size_t kMaxProcesses = 8;
  bool operator==(const SocketProcesses&) const = default;
};

// How long connections have been waiting for accept(2), where that stands out: each time is there only if it
// held for kLeast, sample by sample.
struct AcceptLag {
  static constexpr absl::Duration kLeast = absl::Seconds(10);
  // How long the end of a high queue is remembered.
  static constexpr absl::Duration kMemory = absl::Minutes(15);
  // The queue was never below kHighPercent of the limit between these, the last time it was so; InfinitePast:
  // never. `high_until` is InfiniteFuture while it goes on.
  static constexpr uint64_t kHighPercent = 80;
  absl::Time high_since = absl::InfinitePast();
  absl::Time high_until = absl::InfinitePast();
  // InfiniteFuture for the following: not so. The queue was never empty and never seen to fall since then.
  absl::Time waiting_since = absl::InfiniteFuture();
  // Nor to rise.
  absl::Time unchanged_since = absl::InfiniteFuture();
  // Nothing was accepted: in the whole namespace no more connections were completed than this queue grew by.
  absl::Time no_accept_since = absl::InfiniteFuture();

  [[nodiscard]] bool is_high() const { return high_until == absl::InfiniteFuture(); }
  [[nodiscard]] bool is_waiting() const { return waiting_since < absl::InfiniteFuture(); }
  bool operator==(const AcceptLag&) const = default;
};

struct Listener {
  ListenerReading reading;
  LimitState limit_state = LimitState::kUnknown;
  // The highest queue sampled in the last 5 minutes.
  uint32_t peak_queue = 0;
  absl::Time first_seen;
  // Since first_seen.
  DropBounds drops;
  // Of the last interval in which drops were counted; zero when that interval had none.
  DropBounds recent_drops;
  absl::Duration recent_interval;
  // When a drop may last have been its own; InfinitePast is never.
  absl::Time last_drop = absl::InfinitePast();
  // Null until looked for.
  std::shared_ptr<const SocketProcesses> processes;
  // Null: nothing stands out.
  std::shared_ptr<const AcceptLag> lag;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_LISTENER_H_
