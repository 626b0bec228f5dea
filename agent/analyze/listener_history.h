// The changes of one listener's queue and sk_drops, compactly.
#ifndef LISTENQ_AGENT_ANALYZE_LISTENER_HISTORY_H_
#define LISTENQ_AGENT_ANALYZE_LISTENER_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/listener.h"

namespace listenq::analyze {

struct Sample {
  absl::Time time;
  uint32_t queue = 0;
  std::optional<uint32_t> sk_drops;
  // Bounds of the listen drops in the interval that ended at `time`.
  uint64_t drops_min = 0;
  uint64_t drops_max = 0;
};

// Times are milliseconds since the epoch. 16 bytes a change; an unchanging listener has one, inline.
class ListenerHistory {
 public:
  ListenerHistory(const model::ListenerReading& reading, int64_t time_ms);

  [[nodiscard]] uint64_t key() const { return key_; }
  void Record(const model::ListenerReading& reading, int64_t time_ms);
  // Bounds above 2^32 - 1 are noted as that.
  void AddDrops(const model::DropBounds& drops, int64_t time_ms);

  // The listener is no longer there; these were its last values. Record takes that back.
  void MarkGone(const model::ListenerReading& last, int64_t time_ms);
  struct Gone {
    model::ListenerReading last;
    int64_t time_ms = 0;
  };
  [[nodiscard]] const Gone* gone() const { return gone_.get(); }

  // Oldest first. The one that stood at `since_ms` is the first, with that time.
  [[nodiscard]] std::vector<Sample> Since(int64_t since_ms) const;

  // Forgets what did not stand at `oldest_ms` or later; may leave up to a quarter of it until later.
  void Expire(int64_t oldest_ms);
  // The same, to the last byte, and remembers that samples are missing before then.
  void Cut(int64_t oldest_ms);
  // A cut took samples at or after `since_ms`.
  [[nodiscard]] bool TruncatedSince(int64_t since_ms) const { return cut_ms_ > since_ms; }
  [[nodiscard]] int64_t oldest_ms() const {
    return older_.empty() ? newest_.time_ms : older_.front().time_ms;
  }
  [[nodiscard]] int64_t newest_ms() const { return newest_.time_ms; }
  [[nodiscard]] size_t HeapBytes() const;

  // For the owner's use: the last pass that saw it.
  uint32_t generation = 0;

 private:
  struct Stamp {
    int64_t time_ms : 63;
    uint64_t has_sk_drops : 1;
    uint32_t queue;
    uint32_t sk_drops;
  };
  struct DropStamp {
    int64_t time_ms;
    uint32_t min;
    uint32_t max;
  };
  static_assert(sizeof(Stamp) == 16 && sizeof(DropStamp) == 16);
  static Stamp MakeStamp(const model::ListenerReading& reading, int64_t time_ms);
  // How many of older_ and of drops_ ended before then.
  [[nodiscard]] size_t CountOlder(int64_t oldest_ms) const;
  [[nodiscard]] size_t CountDrops(int64_t oldest_ms) const;

  uint64_t key_;
  Stamp newest_;
  std::vector<Stamp> older_;
  std::vector<DropStamp> drops_;
  std::unique_ptr<Gone> gone_;
  int64_t cut_ms_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_LISTENER_HISTORY_H_
