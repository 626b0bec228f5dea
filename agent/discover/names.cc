#include "agent/discover/names.h"

#include "agent/sys/file.h"

namespace listenq::discover {
namespace {

template <typename Map, typename Key>
typename Map::mapped_type Find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

Names::Names(std::vector<std::shared_ptr<const Pod>> pods,
             std::vector<std::shared_ptr<const PlainContainer>> containers, bool complete)
    : pods_(std::move(pods)), containers_(std::move(containers)), complete_(complete) {
  for (const auto& pod : pods_) {
    pods_by_id_.emplace(pod->sandbox_id, pod.get());
    for (const PodContainer& container : pod->containers) pods_by_id_.emplace(container.id, pod.get());
    if (pod->detail == nullptr) continue;
    const absl::string_view netns = sys::BaseName(pod->detail->netns_path);
    // /proc/PID/ns/net is nobody's own name.
    if (!netns.empty() && netns != "net") pods_by_netns_.emplace(netns, pod.get());
    if (pod->detail->pid != 0 && !pod->gone) pods_by_pid_.emplace(pod->detail->pid, pod.get());
  }
  for (const auto& container : containers_) containers_by_id_.emplace(container->id, container.get());
}

const Pod* Names::PodOfContainer(absl::string_view id) const { return Find(pods_by_id_, id); }
const Pod* Names::PodOfNetnsName(absl::string_view name) const { return Find(pods_by_netns_, name); }
const Pod* Names::PodOfSandboxPid(uint32_t pid) const { return Find(pods_by_pid_, pid); }
const PlainContainer* Names::ContainerById(absl::string_view id) const { return Find(containers_by_id_, id); }

}  // namespace listenq::discover
