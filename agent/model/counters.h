// The kernel's counters of one network namespace, by nstat's names ("TcpExtListenDrops").
#ifndef LISTENQ_AGENT_MODEL_COUNTERS_H_
#define LISTENQ_AGENT_MODEL_COUNTERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace listenq::model {

// The columns of one /proc/net file: the same for every namespace of a node, so one object serves them all.
class CounterNames {
 public:
  explicit CounterNames(std::vector<std::string> names);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::optional<size_t> Find(absl::string_view name) const;

 private:
  std::vector<std::string> names_;
  absl::flat_hash_map<absl::string_view, size_t> index_;  // views into names_
};

// Values beside names. A kernel that lacks a counter has no such name: absent, not 0.
struct Counters {
  std::shared_ptr<const CounterNames> names;  // null: not read
  std::vector<uint64_t> values;

  [[nodiscard]] bool empty() const { return names == nullptr; }
  [[nodiscard]] std::optional<uint64_t> Get(absl::string_view name) const;
};

// /proc/net/sockstat and sockstat6.
struct SocketCounts {
  std::optional<uint32_t> tcp_in_use;
  std::optional<uint32_t> tcp6_in_use;
  std::optional<uint32_t> time_wait;
  std::optional<uint32_t> udp_in_use;
  // Of the whole node.
  std::optional<uint32_t> orphans;
  std::optional<uint32_t> tcp_memory_pages;
  bool operator==(const SocketCounts&) const = default;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_COUNTERS_H_
