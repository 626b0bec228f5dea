// The flight recorder's samples in cells of equal length. Pure.
#ifndef LISTENQ_CLIENT_TIMELINE_H_
#define LISTENQ_CLIENT_TIMELINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

// Cells of equal length between two times.
struct Buckets {
  absl::Time start;
  absl::Time end;
  size_t count = 0;

  // The cell of a time between them, the nearest one for others.
  [[nodiscard]] size_t IndexOf(absl::Time time) const;
};

// The highest queue in each cell: a sample holds until the next one.
std::vector<uint64_t> QueueCells(const v1::ListenerHistory& history, const Buckets& buckets);

// What is surely this listener's, summed in each cell.
std::vector<uint64_t> DropCells(const v1::ListenerHistory& history, const Buckets& buckets);

v1::ListenDrops TotalOf(const v1::ListenerHistory& history, const Buckets& buckets);

// Since when the queue has been over the limit without a pause; absent when it is not. The first sample may
// have been full for longer.
std::optional<absl::Time> FullSince(const v1::ListenerHistory& history);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TIMELINE_H_
