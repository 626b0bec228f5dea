// The first rows of many answers.
#ifndef LISTENQ_AGGREGATOR_TOP_ROWS_H_
#define LISTENQ_AGGREGATOR_TOP_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace listenq::aggregator {

// Contract: keeps the `limit` rows that come first by `before`; ties as by node name, then as they came from
//   their node. A batch's head (all of it but rows) is shared by its rows.
template <typename Batch, typename Row>
class TopRows {
 public:
  using Before = std::function<bool(const Row&, const Row&)>;
  struct Entry {
    Row row;
    std::shared_ptr<const Batch> head;
    size_t position = 0;
  };

  TopRows(size_t limit, Before before) : limit_(limit), before_(std::move(before)) {}

  // A row that does not come among them is left as it is.
  void Add(const std::shared_ptr<const Batch>& head, Row&& row) {
    const size_t position = next_position_++;
    if (entries_.size() == limit_ && !ComesFirst(row, *head, position, entries_.front())) return;
    entries_.push_back({.row = std::move(row), .head = head, .position = position});
    std::push_heap(entries_.begin(), entries_.end(), Order());
    if (entries_.size() <= limit_) return;
    std::pop_heap(entries_.begin(), entries_.end(), Order());
    entries_.pop_back();
  }

  // The first one first; leaves nothing behind.
  std::vector<Entry> Take() {
    std::sort_heap(entries_.begin(), entries_.end(), Order());
    return std::move(entries_);
  }

 private:
  bool ComesFirst(const Row& row, const Batch& head, size_t position, const Entry& other) const {
    if (before_(row, other.row)) return true;
    if (before_(other.row, row)) return false;
    if (const int order = head.node_name().compare(other.head->node_name()); order != 0) return order < 0;
    return position < other.position;
  }
  auto Order() const {
    return [this](const Entry& a, const Entry& b) { return ComesFirst(a.row, *a.head, a.position, b); };
  }

  const size_t limit_;
  const Before before_;
  size_t next_position_ = 0;
  // A heap whose front comes last.
  std::vector<Entry> entries_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_TOP_ROWS_H_
