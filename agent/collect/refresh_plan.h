// How the known listeners of one namespace are read again, at what is lost when it is done naively.
#ifndef LISTENQ_AGENT_COLLECT_REFRESH_PLAN_H_
#define LISTENQ_AGENT_COLLECT_REFRESH_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "agent/collect/sock_diag_message.h"
#include "agent/model/listener.h"

namespace listenq::collect {

// Exact requests for a set of listeners, made once per set and sent every second. Of an SO_REUSEPORT group a
// request reaches the member that its remote port hashes to, so the plan knows a remote port for each member.
// A listener that no request reaches (bound to a device beside one that is not, a BPF program that chooses)
// makes the plan fall back to dumps.
// Threading: none of its own; whoever owns it.
class RefreshPlan {
 public:
  // True when the plan was made for these sockets and all of them answered since.
  [[nodiscard]] bool Fits(absl::Span<const model::ListenerReading> listeners) const;

  // Requests that find out which member each remote port leads to, for every group among `listeners`; empty
  // when there is no group.
  static std::vector<ExactRequest> Probes(absl::Span<const model::ListenerReading> listeners);

  // Makes the plan. `remote_ports`: cookie -> remote port, as the probes found. `total`: listeners of the
  // namespace, more than `listeners` where not all are kept.
  void Make(absl::Span<const model::ListenerReading> listeners, size_t total,
            const absl::flat_hash_map<uint64_t, uint16_t>& remote_ports);

  // A request was not answered: the group changed, the listener is gone, or no request can reach it. The
  // second time for the same sockets it is the last of these.
  void Miss() {
    missed_ = true;
    ++misses_;
  }

  // Nothing can be asked exactly: read it by a dump.
  [[nodiscard]] bool by_dump() const { return by_dump_; }

  struct Batch {
    std::string bytes;
    size_t count = 0;
  };
  [[nodiscard]] const std::vector<Batch>& batches() const { return batches_; }
  [[nodiscard]] size_t size() const { return cookies_.size(); }
  // Listeners that a dump of the namespace would bring.
  [[nodiscard]] size_t total() const { return total_; }
  // The namespace has more listeners than are kept.
  [[nodiscard]] bool partial() const { return total_ > size(); }

 private:
  std::vector<uint64_t> cookies_;
  std::vector<Batch> batches_;
  size_t total_ = 0;
  bool made_ = false;
  bool missed_ = false;
  int misses_ = 0;  // for the same sockets
  bool by_dump_ = false;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_REFRESH_PLAN_H_
