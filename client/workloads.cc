#include "client/workloads.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace listenq::client {
namespace {

// Whoever says most of where a row belongs; null when nobody does.
const v1::Owner* BestOwner(const Owners& owners) {
  const auto first = [&](const auto& has) {
    const auto found = std::find_if(owners.begin(), owners.end(), has);
    return found == owners.end() ? nullptr : &*found;
  };
  const v1::Owner* pod = first([](const auto& o) { return !o.pod().empty() || !o.pod_uid().empty(); });
  return pod != nullptr
             ? pod
             : first([](const auto& o) { return !o.container().empty() || !o.container_id().empty(); });
}

std::string PodName(const v1::Owner& owner) { return owner.pod().empty() ? owner.pod_uid() : owner.pod(); }

// A pod's own address differs from that of its neighbour in the same workload; these do not.
bool IsSharedAddress(absl::string_view address) {
  return address == "0.0.0.0" || address == "::" || address == "::1" || absl::StartsWith(address, "127.");
}

struct Key {
  Workload workload;
  // "" for pods' own addresses.
  std::string address;
  uint32_t port = 0;
  bool operator<(const Key& other) const {
    return std::tie(workload, address, port) < std::tie(other.workload, other.address, other.port);
  }
};

template <typename Row>
Key KeyOf(const Workload& workload, const Row& row) {
  return {workload, IsSharedAddress(row.local_address()) ? ListenAddress(row) : "", row.local_port()};
}

void AddMember(const Owners& owners, const std::string& node_name, const std::string& address,
               Members& members) {
  members.addresses.insert(address);
  if (members.listen.empty()) members.listen = address;
  members.nodes.insert(node_name);
  members.stale = members.stale || IsStale(owners);
  const v1::Owner* owner = BestOwner(owners);
  const std::string pod = owner == nullptr ? "" : PodName(*owner);
  if (pod.empty()) return;
  members.pods.insert(pod);
  if (members.worst_pod.empty()) members.worst_pod = pod;
}

// Takes the group of a key, in the order of first sight.
template <typename Group>
class Groups {
 public:
  Group& Of(const Key& key) {
    const auto [found, is_new] = index_.try_emplace(key, groups_.size());
    if (is_new) groups_.emplace_back().members.workload = key.workload;
    return groups_[found->second];
  }

  // `less(a, b)`: a comes before b.
  template <typename Less>
  std::vector<Group> Take(const Less& less, size_t limit) {
    for (Group& group : groups_) {
      const size_t others = group.members.addresses.size() - 1;
      if (others > 0) absl::StrAppend(&group.members.listen, " +", others);
    }
    std::stable_sort(groups_.begin(), groups_.end(), less);
    if (limit > 0 && groups_.size() > limit) groups_.resize(limit);
    return std::move(groups_);
  }

 private:
  std::vector<Group> groups_;
  std::map<Key, size_t> index_;
};

void AddDrops(const v1::ListenDrops& drops, v1::ListenDrops& sum) {
  sum.set_min(sum.min() + drops.min());
  sum.set_max(sum.max() + drops.max());
}

void AddQueue(const v1::Listener& row, ListenerGroup& group) {
  if (row.has_queue()) group.max_queue = std::max(group.max_queue.value_or(0), row.queue());
  if (row.has_limit()) {
    group.min_limit = std::min(group.min_limit.value_or(row.limit()), row.limit());
    group.max_limit = std::max(group.max_limit.value_or(0), row.limit());
  }
  if (const auto percent = FillPercent(row)) {
    group.max_fill_percent = std::max(group.max_fill_percent.value_or(0), *percent);
  }
  if (!IsFull(row)) return;
  group.full = true;
  const v1::Owner* owner = BestOwner(row.owners());
  if (owner != nullptr && !PodName(*owner).empty()) group.full_pods.insert(PodName(*owner));
}

void AddListener(const Item<v1::Listener>& item, ListenerGroup& group) {
  const v1::Listener& row = item.row;
  AddMember(row.owners(), item.node_name, ListenAddress(row), group.members);
  ++group.listeners;
  AddQueue(row, group);
  if (row.has_listen_drops()) {
    if (!group.drops) group.drops.emplace();
    AddDrops(row.listen_drops(), *group.drops);
  }
  AddDrops(row.recent_drops(), group.recent);
  if (row.has_last_drop_time()) {
    const absl::Time last = ToTime(row.last_drop_time());
    group.last_drop = std::max(group.last_drop.value_or(last), last);
  }
}

uint64_t MaxDrops(const ListenerGroup& group) { return group.drops ? group.drops->max() : 0; }

bool IsWorse(const ListenerGroup& a, const ListenerGroup& b, SortOrder sort) {
  switch (sort) {
    case SortOrder::kWorst:
      return std::tuple(a.recent.max(), a.full, a.max_fill_percent) >
             std::tuple(b.recent.max(), b.full, b.max_fill_percent);
    case SortOrder::kDrops:
      return std::tuple(MaxDrops(a), a.max_fill_percent) > std::tuple(MaxDrops(b), b.max_fill_percent);
    case SortOrder::kFill:
      return std::tuple(a.full, a.max_fill_percent) > std::tuple(b.full, b.max_fill_percent);
    case SortOrder::kQueue:
      return a.max_queue > b.max_queue;
    case SortOrder::kAddress:
      return std::tie(a.members.workload, a.members.listen) < std::tie(b.members.workload, b.members.listen);
  }
  return false;
}

void AddCauses(const v1::DropCounts& counts, v1::DropCounts& sum) {
  sum.set_accept_queue_full(sum.accept_queue_full() + counts.accept_queue_full());
  sum.set_syn_queue_full(sum.syn_queue_full() + counts.syn_queue_full());
  sum.set_probably_syn_queue(sum.probably_syn_queue() + counts.probably_syn_queue());
  sum.set_other(sum.other() + counts.other());
}

void AddEpisode(const Item<v1::DropEpisode>& item, const Owners& owners, const std::string& address,
                const v1::ListenDrops& drops, DropGroup& group) {
  const v1::DropEpisode& episode = item.row;
  AddMember(owners, item.node_name, address, group.members);
  if (group.episodes.emplace(item.node_name, episode.id()).second) AddCauses(episode.counts(), group.causes);
  AddDrops(drops, group.drops);
  group.last = std::max(group.last, ToTime(episode.last_time()));
  group.ongoing = group.ongoing || episode.ongoing();
}

}  // namespace

Workload WorkloadOf(const Owners& owners, absl::string_view comm, const v1::Netns& netns) {
  const v1::Owner* owner = BestOwner(owners);
  if (owner == nullptr) {
    if (!comm.empty()) return {"", absl::StrCat("Process ", comm)};
    return {"", absl::StrCat("netns ", NetnsName(netns))};
  }
  const std::string pod = PodName(*owner);
  if (pod.empty()) {
    Owners one;
    *one.Add() = *owner;
    return {"", absl::StrCat("Container ", ContainerOf(one))};
  }
  return {owner->namespace_(), owner->workload().empty() ? absl::StrCat("Pod ", pod) : owner->workload()};
}

std::vector<ListenerGroup> GroupListeners(const Answer<v1::Listener>& answer, SortOrder sort, size_t limit) {
  Groups<ListenerGroup> groups;
  for (const auto& item : answer.items) {
    const v1::Listener& row = item.row;
    const std::string comm = row.processes().empty() ? "" : row.processes(0).comm();
    AddListener(item, groups.Of(KeyOf(WorkloadOf(row.owners(), comm, row.netns()), row)));
  }
  return groups.Take([sort](const auto& a, const auto& b) { return IsWorse(a, b, sort); }, limit);
}

// The host's drops are nobody's but those whose listener says so.
std::vector<DropGroup> GroupDrops(const Answer<v1::DropEpisode>& answer, size_t limit) {
  Groups<DropGroup> groups;
  for (const auto& item : answer.items) {
    const v1::DropEpisode& episode = item.row;
    const Owners of_namespace = episode.netns().host() ? Owners() : episode.owners();
    for (const auto& share : episode.shares()) {
      const Owners& owners = share.owners().empty() ? of_namespace : share.owners();
      const std::string comm = share.processes().empty() ? "" : share.processes(0).comm();
      DropGroup& group = groups.Of(KeyOf(WorkloadOf(owners, comm, episode.netns()), share));
      AddEpisode(item, owners, ListenAddress(share), share.drops(), group);
    }
    if (episode.unattributed() == 0) continue;
    v1::ListenDrops drops;
    drops.set_min(episode.unattributed());
    drops.set_max(episode.unattributed());
    DropGroup& group = groups.Of({WorkloadOf(of_namespace, "", episode.netns()), "unattributed", 0});
    AddEpisode(item, of_namespace, "unattributed", drops, group);
  }
  return groups.Take([](const auto& a, const auto& b) { return a.drops.max() > b.drops.max(); }, limit);
}

}  // namespace listenq::client
