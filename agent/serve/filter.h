// Which rows a request wants: listenq.v1.Filter, compiled once per request.
#ifndef LISTENQ_AGENT_SERVE_FILTER_H_
#define LISTENQ_AGENT_SERVE_FILTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/analyze/sample_store.h"
#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/serve/label_selector.h"
#include "agent/serve/ownership.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// Immutable once compiled: safe to share between threads.
class Filter {
 public:
  // How far back `only_dropping` looks: as far as the flight recorder keeps episodes.
  static constexpr absl::Duration kDroppingTime = absl::Hours(24);

  // InvalidArgument names the field, the value and what is allowed.
  static absl::StatusOr<Filter> Compile(const v1::Filter& proto, absl::Time now);

  // The namespace by its identity and owners alone.
  [[nodiscard]] bool MatchesIdentity(const model::Namespace& ns) const;
  // The same, or that of somebody who may own a socket there.
  [[nodiscard]] bool MayMatchSockets(const model::Namespace& ns) const;
  // MayMatchSockets, and its drops and listeners match as those of a namespace's row do.
  [[nodiscard]] bool MayMatchSamples(const model::Namespace& ns) const;
  // A namespace's row: its identity, its drops, and a listener (where the filter is about listeners).
  [[nodiscard]] bool Matches(const model::Namespace& ns) const;
  // A listener's row. Conditions on owners are about the listener's own.
  [[nodiscard]] bool Matches(const model::Namespace& ns, const model::Listener& listener) const;
  // Drops: the namespace, and a share whose listener matches. A fill is that of the share's peak queue.
  [[nodiscard]] bool Matches(const model::DropEpisode& episode) const;
  [[nodiscard]] bool Matches(const model::DropEvent& event) const;
  // The samples of one listener of a namespace.
  [[nodiscard]] bool Matches(const analyze::ListenerSamples& history) const;

  // It singles out pods, containers or network namespaces: worth heating what matches.
  [[nodiscard]] bool NamesNamespaces() const;

 private:
  bool MatchesNetns(const model::NetnsId& id) const;
  bool HasOwnerConditions() const;
  bool MatchesOwner(const model::Owner& owner) const;
  bool MatchesContainer(const model::Owner& owner) const;
  bool MatchesOwners(const OwnerRefs& owners) const;
  bool HasListenerConditions() const;
  bool MatchesProcesses(const model::SocketProcesses* processes) const;
  bool MatchesSocket(const model::ListenerReading& reading, uint32_t queue,
                     const model::SocketProcesses* processes) const;
  bool MatchesContent(const model::Namespace& ns) const;
  bool MatchesRowOfNamespace(const model::Namespace& ns) const;
  template <typename Drops>
  bool MatchesDrops(const Drops& drops) const;

  absl::flat_hash_set<std::string> namespaces_;
  std::vector<std::string> pods_;
  std::vector<std::string> containers_;
  LabelSelector labels_;
  absl::flat_hash_set<uint64_t> inodes_;
  absl::flat_hash_set<std::string> netns_names_;
  absl::flat_hash_set<uint32_t> ports_;
  std::optional<uint32_t> min_fill_percent_;
  // only_dropping: the last drop is not older. Absent: dropping or not.
  std::optional<absl::Time> dropping_since_;
  std::vector<std::string> processes_;
};

// Percent of its limit that a queue fills; a limit of 0 counts as 1 (it holds one). Absent without a limit.
std::optional<double> FillPercent(uint32_t queue, const std::optional<uint32_t>& limit);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_FILTER_H_
