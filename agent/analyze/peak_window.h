// The highest value of the last five minutes, to half a minute.
#ifndef LISTENQ_AGENT_ANALYZE_PEAK_WINDOW_H_
#define LISTENQ_AGENT_ANALYZE_PEAK_WINDOW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace listenq::analyze {

class PeakWindow {
 public:
  static constexpr size_t kBuckets = 10;
  static constexpr absl::Duration kBucketLength = absl::Seconds(30);

  void Add(uint32_t value) { buckets_[head_] = std::max(buckets_[head_], value); }
  [[nodiscard]] uint32_t Max() const { return *std::max_element(buckets_.begin(), buckets_.end()); }

  // `steps` bucket lengths passed.
  void Advance(size_t steps) {
    for (size_t i = 0; i < std::min(steps, kBuckets); ++i) {
      head_ = static_cast<uint8_t>((head_ + 1) % kBuckets);
      buckets_[head_] = 0;
    }
  }

 private:
  std::array<uint32_t, kBuckets> buckets_{};
  uint8_t head_ = 0;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_PEAK_WINDOW_H_
