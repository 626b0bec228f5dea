// How long connections have been waiting at one listener.
#ifndef LISTENQ_AGENT_ANALYZE_QUEUE_WATCH_H_
#define LISTENQ_AGENT_ANALYZE_QUEUE_WATCH_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "agent/model/listener.h"

namespace listenq::analyze {

// From samples of its queue, and from connections that completed in its namespace. A queue that doesn't fall
// may still be accepted from, as fast as connections come; one that grew by all connections that completed
// (TcpPassiveOpens counts each as it enters a queue: tcp_create_openreq_child) is not.
//
// A pause between samples longer than kLongestPause is a new beginning. Threading: none; one thread uses it.
class QueueWatch {
 public:
  static constexpr absl::Duration kLongestPause = absl::Seconds(30);

  void AddSample(const model::ListenerReading& listener, absl::Time time);
  // TcpPassiveOpens of the namespace, read just after the last sample.
  void AddOpens(uint64_t passive_opens, absl::Time time);
  // As of the last sample.
  [[nodiscard]] model::AcceptLag Lag() const;

 private:
  struct Opens {
    uint64_t count = 0;
    uint32_t queue = 0;
    absl::Time time;
    // When it was last seen that nothing was accepted since.
    absl::Time proven;
  };

  void WatchHigh(const model::ListenerReading& listener, absl::Time time);
  void WatchQueue(uint32_t queue, absl::Time time);

  absl::Time last_time_ = absl::InfinitePast();
  uint32_t last_queue_ = 0;
  // InfiniteFuture: not so.
  absl::Time high_since_ = absl::InfiniteFuture();
  absl::Time waiting_since_ = absl::InfiniteFuture();
  absl::Time unchanged_since_ = absl::InfiniteFuture();
  // The last long one that is over.
  absl::Time past_high_since_ = absl::InfinitePast();
  absl::Time past_high_until_ = absl::InfinitePast();
  std::optional<Opens> opens_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_QUEUE_WATCH_H_
