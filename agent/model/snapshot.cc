#include "agent/model/snapshot.h"

namespace listenq::model {

const Namespace* HostNamespace(const Snapshot& snapshot) {
  for (const auto& ns : snapshot.namespaces) {
    if (ns->id->host) return ns.get();
  }
  return nullptr;
}

}  // namespace listenq::model
