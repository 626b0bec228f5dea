// One streamed answer as a source of messages: batches of rows, then the NodeStatus, then the Summary. Rows
// are converted when their batch is sent, not before.
#ifndef LISTENQ_AGENT_SERVE_BATCHES_H_
#define LISTENQ_AGENT_SERVE_BATCHES_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

inline constexpr size_t kMaxBatchRows = 256;
// Of the rows as encoded. A batch holds at least one row, however large.
inline constexpr size_t kMaxBatchBytes = size_t{256} << 10;

// Fills the (empty) message with the next one of a stream; false when there is none.
template <typename Response>
using MessageSource = std::function<bool(Response*)>;

template <typename Response>
struct BatchedAnswer {
  size_t row_count = 0;
  // Appends row `i` to the message's batch and returns its encoded size in bytes. Called once per row, in
  // order; whatever the rows point into is kept alive by it.
  std::function<size_t(size_t i, Response* message)> add_row;
  // Sent as they are, between the rows and the status.
  std::vector<Response> extras;
  v1::NodeStatus status;
  v1::Summary summary;
};

template <typename Response>
MessageSource<Response> ToMessages(BatchedAnswer<Response> answer) {
  enum class Next { kRows, kExtras, kStatus, kSummary, kEnd };
  return [answer = std::move(answer), row = size_t{0}, extra = size_t{0},
          next = Next::kRows](Response* message) mutable {
    if (next == Next::kRows && row == answer.row_count) next = Next::kExtras;
    if (next == Next::kExtras && extra == answer.extras.size()) next = Next::kStatus;
    switch (next) {
      case Next::kRows: {
        auto* batch = message->mutable_batch();
        batch->set_node_name(answer.status.node_name());
        *batch->mutable_read_time() = answer.status.read_time();
        *batch->mutable_age() = answer.status.age();
        size_t bytes = 0;
        for (size_t rows = 0; row < answer.row_count && rows < kMaxBatchRows; ++rows) {
          bytes += answer.add_row(row++, message);
          if (bytes >= kMaxBatchBytes) break;
        }
        return true;
      }
      case Next::kExtras:
        *message = std::move(answer.extras[extra++]);
        return true;
      case Next::kStatus:
        *message->mutable_node_status() = answer.status;
        next = Next::kSummary;
        return true;
      case Next::kSummary:
        *message->mutable_summary() = answer.summary;
        next = Next::kEnd;
        return true;
      case Next::kEnd:
        return false;
    }
    return false;
  };
}

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_BATCHES_H_
