#include "agent/serve/ownership.h"

#include <algorithm>

namespace listenq::serve {
namespace {

bool RunsIn(const model::SocketProcesses& processes, const model::Owner& owner) {
  return std::any_of(processes.first.begin(), processes.first.end(), [&](const model::Process& process) {
    return process.container_id == owner.container_id;
  });
}

}  // namespace

OwnerRefs OwnersOf(const model::SocketProcesses* processes, const std::vector<model::Owner>* owners) {
  OwnerRefs result;
  if (owners == nullptr) return result;
  if (processes != nullptr && owners->size() > 1) {
    for (const model::Owner& owner : *owners) {
      if (RunsIn(*processes, owner)) result.push_back(&owner);
    }
  }
  if (!result.empty()) return result;
  for (const model::Owner& owner : *owners) result.push_back(&owner);
  return result;
}

}  // namespace listenq::serve
