#include "agent/serve/ownership.h"

#include <algorithm>

namespace listenq::serve {
namespace {

bool Has(const model::SocketProcesses& processes, const model::Owner& owner) {
  return std::find(processes.container_ids.begin(), processes.container_ids.end(), owner.container_id) !=
         processes.container_ids.end();
}

}  // namespace

OwnerRefs SocketOwners(const std::vector<model::Owner>* owners) {
  OwnerRefs result;
  if (owners == nullptr) return result;
  for (const model::Owner& owner : *owners) result.push_back(&owner);
  return result;
}

OwnerRefs NamespaceOwners(const std::vector<model::Owner>* owners) {
  OwnerRefs result = SocketOwners(owners);
  if (!result.empty() && result.front()->source == model::OwnerSource::kHost) result.resize(1);
  return result;
}

OwnerRefs OwnersOf(const model::SocketProcesses* processes, const std::vector<model::Owner>* owners) {
  OwnerRefs result;
  if (processes != nullptr && owners != nullptr && owners->size() > 1) {
    for (const model::Owner& owner : *owners) {
      if (Has(*processes, owner)) result.push_back(&owner);
    }
  }
  return result.empty() ? NamespaceOwners(owners) : result;
}

}  // namespace listenq::serve
