// Whose a network namespace is: what was found of it, joined with what container runtimes tell.
#ifndef LISTENQ_AGENT_DISCOVER_NAMING_H_
#define LISTENQ_AGENT_DISCOVER_NAMING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/discover/discovery.h"
#include "agent/discover/names.h"
#include "agent/model/owner.h"

namespace listenq::discover {

struct NamedNamespace {
  // The node's own: first kHost, then the containers that live in it: they own sockets, and nothing else of
  // it. Of a pod: its containers (an id without a name where the runtime has not listed it yet), or the pod
  // alone while it has none. Else its processes' containers (kDocker, kCgroup). Else one owner: kPin where it
  // is bind mounted, else kProcess with the lowest PID. All but the node's own have at most kMaxOwners.
  std::vector<model::Owner> owners;
  bool owners_truncated = false;
  // A guest kernel owns the sockets. "" when they can be seen.
  std::string not_observable_reason;
  // Null: not known.
  std::shared_ptr<const SysctlMap> declared_sysctls;
  static constexpr size_t kMaxOwners = 64;
};

// The pod of a namespace is the one whose network namespace has the name of one of its bind mounts; else the
// one whose sandbox process lives there; else that of a container of its processes. (A process of another pod
// may be a visitor: it counts only where nothing better is known.) `now` is the source_time of what was seen
// just now; names from a runtime have the time when the runtime confirmed them.
NamedNamespace NameNamespace(const FoundNamespace& found, const Names& names, absl::Time now);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_NAMING_H_
