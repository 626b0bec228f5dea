// How much memory values hold, near enough to bound it.
#ifndef LISTENQ_AGENT_ANALYZE_MEMORY_SIZE_H_
#define LISTENQ_AGENT_ANALYZE_MEMORY_SIZE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "agent/model/drop.h"
#include "agent/model/listener.h"
#include "agent/model/netns.h"
#include "agent/model/owner.h"
#include "agent/model/snapshot.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {

// A node of std::map or std::set beside its value: three pointers and a colour.
inline constexpr size_t kTreeNodeBytes = 32;

template <typename T>
size_t CapacityBytes(const std::vector<T>& vector) {
  return vector.capacity() * sizeof(T);
}

// Each with its own size and what it alone has on the heap; what it holds by shared_ptr is not included.
size_t SizeOf(const model::Namespace& value);
size_t SizeOf(const model::Sysctls& sysctls);
size_t SizeOf(const model::NetnsId& id);
size_t SizeOf(const model::SocketProcesses& processes);
size_t SizeOf(const std::vector<model::Owner>& owners);

// The size of shared values that a store holds, each counted once however often it is held.
class SharedSizes {
 public:
  template <typename T>
  void Hold(const std::shared_ptr<const T>& value) {
    if (value == nullptr) return;
    Held& held = held_[value.get()];
    if (held.count++ > 0) return;
    held.bytes = SizeOf(*value) + kEntryBytes;
    bytes_ += held.bytes;
  }
  // As often as Hold was called.
  template <typename T>
  void Release(const std::shared_ptr<const T>& value) {
    const auto found = held_.find(value.get());
    if (found == held_.end() || --found->second.count > 0) return;
    bytes_ -= found->second.bytes;
    held_.erase(found);
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  struct Held {
    size_t count = 0;
    size_t bytes = 0;
  };
  // A slot of held_ with its control byte, at half load, and the shared_ptr's counts.
  static constexpr size_t kEntryBytes = 2 * (sizeof(const void*) + sizeof(Held) + 1) + 16;

  absl::flat_hash_map<const void*, Held> held_;
  size_t bytes_ = 0;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_MEMORY_SIZE_H_
