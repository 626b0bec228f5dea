// The processes that hold listeners, and the walls around them.
#ifndef LISTENQ_AGENT_MODEL_ACCEPTOR_H_
#define LISTENQ_AGENT_MODEL_ACCEPTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace listenq::model {

struct WallId {
  enum class Kind : uint8_t { kCpu, kMemory, kPids, kBeanCounter };
  Kind kind = Kind::kCpu;
  // The cgroup's path below the root of its hierarchy; of a bean counter its UID and resource: "101
  // tcpsndbuf".
  std::string name;
  bool operator==(const WallId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const WallId& id) {
    return H::combine(std::move(h), id.kind, id.name);
  }
};

// What the kernel counts at a wall.
struct WallHits {
  // nr_throttled; how often memory or tasks were at their limit; failcnt.
  uint64_t hits = 0;
  // Of kCpu: nr_periods, and for how long its tasks were held back.
  uint64_t periods = 0;
  uint64_t throttled_micros = 0;
  // Of kMemory.
  uint64_t oom_kills = 0;
  bool operator==(const WallHits&) const = default;
};

// How far they rose lately.
struct WallIncrease {
  WallHits by;
  // How far back it reaches; zero: the wall was read once.
  absl::Duration window;
  // When the first hit or kill in the window was, to a minute; InfinitePast where there was none.
  absl::Time first = absl::InfinitePast();
};

// A limit that binds a process: of its own cgroup or of the nearest one above that has one.
struct Wall {
  WallId id;
  // The kernel's name of what `hits` counts: "memory.events max". Lives as long as the program.
  absl::string_view counter;
  // The container of a process within; "" for none.
  std::string container_id;
  // kCpu: thousandths of a CPU; kMemory: bytes; kPids: tasks; kBeanCounter: the resource's own unit.
  uint64_t limit = 0;
  // Of kMemory: without the page cache that is free to go, where it is near its limit. Not of kCpu.
  std::optional<uint64_t> used;
  // Since the wall exists.
  WallHits total;
  WallIncrease increase;
};

struct Acceptor {
  uint32_t pid = 0;
  // As Process::comm: hostile text.
  std::string comm;
  // Of the main thread, by the letters of /proc/PID/stat (R, S, D, T, t, Z …). Absent: could not be read.
  std::optional<char> state;
  // Since when every reading saw it in this state.
  absl::Time state_since;
  std::optional<uint64_t> open_fds;
  // The soft limit; the highest number is "unlimited".
  std::optional<uint64_t> fd_limit;
  // Since when every reading saw it HasOpen(kNearlyAll); InfinitePast: not so.
  absl::Time fds_full_since = absl::InfinitePast();
  // Its walls among those of Acceptors.
  std::vector<WallId> walls;
  // Why something of it is absent; "" when nothing is.
  std::string unreadable_reason;
};

// This percentage of its descriptors is open, or more.
inline bool HasOpen(const Acceptor& acceptor, uint64_t percent) {
  if (!acceptor.open_fds.has_value() || !acceptor.fd_limit.has_value()) return false;
  const uint64_t limit = *acceptor.fd_limit;
  return *acceptor.open_fds >= limit / 100 * percent + limit % 100 * percent / 100;
}
inline constexpr uint64_t kNearlyAll = 95;

// Of one namespace. A process that is gone is not there.
struct Acceptors {
  // By PID.
  std::vector<Acceptor> processes;
  std::vector<Wall> walls;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_ACCEPTOR_H_
