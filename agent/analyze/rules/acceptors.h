// What the processes that hold a listener say of it, for the rules.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_ACCEPTORS_H_
#define LISTENQ_AGENT_ANALYZE_RULES_ACCEPTORS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/analyze/rules/rule.h"
#include "agent/model/acceptor.h"
#include "agent/model/finding.h"
#include "agent/model/listener.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

using AcceptorList = std::vector<const model::Acceptor*>;

// Those of its processes that were read, in the order of SocketProcesses::first.
AcceptorList AcceptorsOf(const model::Namespace& ns, const model::Listener& listener);

// "web (pid 12)".
std::string NameOf(const model::Acceptor& acceptor);
// "3: web (pid 12), web (pid 13), …"; how many hold the socket and who was read.
std::string ListNames(const model::Listener& listener, const AcceptorList& acceptors);

// The first that has nearly none left; null.
const model::Acceptor* FindOutOfDescriptors(const AcceptorList& acceptors);
// "1020 of 1024".
std::string Descriptors(const model::Acceptor& acceptor);
// How a process is given more, by systemd, a container runtime or itself.
std::string DescriptorAdvice();

// The CPU limit that held one of them back most, of those that did so in a tenth of their periods or more;
// null.
const model::Wall* FindThrottling(const model::Namespace& ns, const AcceptorList& acceptors);

// "container web" where the namespace's owners name it, else "cgroup /system.slice/web.service".
std::string PlaceOf(const model::Namespace& ns, const model::Wall& wall);

// How it is known that nothing is accepted.
struct Stop {
  enum class Reason {
    // No more connections completed in the namespace than the queue grew by.
    kProven,
    // Every process that holds it is stopped, or held by a debugger.
    kStopped,
    // … or its main thread is in uninterruptible sleep, and the queue does not fall.
    kAsleep,
    // Not a single sample differed for kUnchanged, though there is room in the queue, or though it is full
    // and
    // lost nothing all that time: nobody came, so what was accepted would be missing.
    kUnchanged,
  };
  Reason reason = Reason::kProven;
  // However it is known.
  bool all_stopped = false;
  // Since when the queue is as it is, as far as it did not change; that nothing was accepted may be proven
  // for a shorter time (AcceptLag::no_accept_since).
  absl::Time since;
};
inline constexpr absl::Duration kUnchanged = absl::Seconds(30);
// A queue that is always full is no such sign by itself: new connections fill what a slow acceptor leaves.
std::optional<Stop> FindStop(const Case& the_case, const model::Listener& listener);

// It was over its limit in every sample lately: it may be refilled that fast, or nobody accepts.
bool IsPinned(const model::Listener& listener);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_ACCEPTORS_H_
