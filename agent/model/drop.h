// Lost connection attempts of one namespace.
#ifndef LISTENQ_AGENT_MODEL_DROP_H_
#define LISTENQ_AGENT_MODEL_DROP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/listener.h"
#include "agent/model/netns.h"
#include "agent/model/owner.h"

namespace listenq::model {

// By cause; the sum is the namespace's TcpExt ListenDrops.
struct DropCounts {
  uint64_t accept_queue_full = 0;   // ListenOverflows
  uint64_t syn_queue_full = 0;      // TCPReqQFullDrop
  uint64_t probably_syn_queue = 0;  // the rest, with tcp_syncookies=0
  uint64_t other = 0;               // the rest
  [[nodiscard]] uint64_t total() const {
    return accept_queue_full + syn_queue_full + probably_syn_queue + other;
  }
  bool operator==(const DropCounts&) const = default;
  DropCounts& operator+=(const DropCounts& more) {
    accept_queue_full += more.accept_queue_full;
    syn_queue_full += more.syn_queue_full;
    probably_syn_queue += more.probably_syn_queue;
    other += more.other;
    return *this;
  }
};

// One listener's part.
struct DropShare {
  // The socket as last read.
  ListenerReading listener;
  std::shared_ptr<const SocketProcesses> processes;
  DropBounds drops;
  absl::Time start;
  absl::Time last;
  uint32_t peak_queue = 0;
};

// What was lost in one interval between two readings.
struct DropEvent {
  uint64_t episode_id = 0;  // set by the recorder
  std::shared_ptr<const NetnsId> netns;
  std::shared_ptr<const std::vector<Owner>> owners;
  absl::Time start;
  absl::Time end;
  DropCounts counts;
  std::vector<DropShare> shares;
  // The part of counts that no share's min covers.
  uint64_t unattributed = 0;
};

// Events of one namespace without a pause of kEpisodePause.
struct DropEpisode {
  static constexpr absl::Duration kPause = absl::Seconds(30);
  static constexpr size_t kMaxShares = 16;
  uint64_t id = 0;
  std::shared_ptr<const NetnsId> netns;
  std::shared_ptr<const std::vector<Owner>> owners;
  absl::Time start;
  absl::Time last;
  DropCounts counts;
  std::vector<DropShare> shares;  // the likeliest first
  uint64_t unattributed = 0;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_DROP_H_
