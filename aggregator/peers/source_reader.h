// Reads a source again and again.
#ifndef LISTENQ_AGGREGATOR_PEERS_SOURCE_READER_H_
#define LISTENQ_AGGREGATOR_PEERS_SOURCE_READER_H_

#include <condition_variable>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/peers/peer_source.h"

namespace listenq::aggregator {

// Contract: reads the source after `first_pause`, and whenever a reading has grown old, until destroyed: that
//   waits for a reading under way. Only the newest reading is kept.
// Threading: one thread of its own, where sources may take their time; Take from any.
class SourceReader {
 public:
  SourceReader(std::unique_ptr<PeerSource> source, absl::Duration first_pause);
  ~SourceReader();
  SourceReader(const SourceReader&) = delete;
  SourceReader& operator=(const SourceReader&) = delete;

  // What was read since the last call; absent when nothing was.
  std::optional<absl::StatusOr<PeerList>> Take() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(absl::Duration pause) ABSL_LOCKS_EXCLUDED(mutex_);
  // False: it is to stop.
  bool Wait(absl::Duration pause) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::unique_ptr<PeerSource> source_;
  sys::Mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::StatusOr<PeerList>> newest_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_SOURCE_READER_H_
