// Whose acceptors are looked at in which beat.
#ifndef LISTENQ_AGENT_ACCEPTOR_WATCH_H_
#define LISTENQ_AGENT_ACCEPTOR_WATCH_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "agent/analyze/acceptor_tracker.h"
#include "agent/analyze/namespace_tracker.h"
#include "agent/discover/acceptor_reader.h"
#include "agent/model/owner.h"
#include "agent/model/snapshot.h"

namespace listenq::agent {

// Contract: the processes of listeners whose queue stands out are read at every beat, those of all listeners
// once in `interval`; of a listener those that are named (SocketProcesses::first), of a namespace at most
// kMaxOfNamespace. A beat reads at most kMaxOfBeat in all: who does not find room waits for the next one.
// A node on which no queue stands out pays for the second kind only.
// Threading: one thread.
class AcceptorWatch {
 public:
  static constexpr size_t kMaxOfNamespace = 64;
  static constexpr size_t kMaxOfBeat = 256;

  // What is kept of one namespace.
  struct Watched {
    analyze::AcceptorTracker acceptors;
    absl::Time next_all = absl::InfinitePast();
  };

  AcceptorWatch(const discover::AcceptorReader::Options& options, absl::Duration interval)
      : reader_(options), interval_(interval) {}

  void BeginBeat() { left_ = kMaxOfBeat; }
  // First for every namespace of the beat.
  void LookAtLagging(analyze::NamespaceTracker* ns, Watched* watched, absl::Time now);
  // Then for every namespace: all of it, if it is time.
  void LookAtAll(analyze::NamespaceTracker* ns, Watched* watched, absl::Time now);

 private:
  bool Look(const std::vector<model::Process>& processes, bool all, analyze::NamespaceTracker* ns,
            Watched* watched, absl::Time now);

  const discover::AcceptorReader reader_;
  const absl::Duration interval_;
  size_t left_ = kMaxOfBeat;
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_ACCEPTOR_WATCH_H_
