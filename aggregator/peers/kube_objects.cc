#include "aggregator/peers/kube_objects.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/json.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

using nlohmann::json;

// The rest of a pod is ten times as much, and is not kept.
bool IsRead(const std::string& key) {
  static const auto& keys = *new absl::flat_hash_set<std::string>({
      "affinity",
      "conditions",
      "containerStatuses",
      "continue",
      "controller",
      "deletionTimestamp",
      "desiredNumberScheduled",
      "initContainerStatuses",
      "involvedObject",
      "items",
      "key",
      "kind",
      "lastTimestamp",
      "matchFields",
      "message",
      "metadata",
      "name",
      "nodeAffinity",
      "nodeName",
      "nodeSelectorTerms",
      "numberMisscheduled",
      "ownerReferences",
      "phase",
      "podIP",
      "reason",
      "requiredDuringSchedulingIgnoredDuringExecution",
      "spec",
      "state",
      "status",
      "type",
      "values",
      "waiting",
  });
  return keys.contains(key);
}

std::string TextAt(const json& value, std::initializer_list<const char*> path) {
  const json& child = sys::Child(value, path);
  return child.is_string() ? child.get<std::string>() : "";
}

// Children of what is no array: none.
const json& ArrayAt(const json& value, std::initializer_list<const char*> path) {
  static const json kEmpty = json::array();
  const json& child = sys::Child(value, path);
  return child.is_array() ? child : kEmpty;
}

uint32_t CountAt(const json& value, std::initializer_list<const char*> path) {
  const json& child = sys::Child(value, path);
  if (!child.is_number_unsigned()) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(child.get<uint64_t>(), UINT32_MAX));
}

// The DaemonSet controller makes a pod for one node, and leaves it to the scheduler to place it there
// (pkg/controller/daemon/util, ReplaceDaemonSetPodNodeNameNodeAffinity).
std::string NodeOf(const json& pod) {
  if (std::string node = TextAt(pod, {"spec", "nodeName"}); !node.empty()) return node;
  const json& terms = ArrayAt(pod, {"spec", "affinity", "nodeAffinity",
                                    "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
  for (const json& term : terms) {
    for (const json& field : ArrayAt(term, {"matchFields"})) {
      const json& values = ArrayAt(field, {"values"});
      const bool is_one = TextAt(field, {"key"}) == "metadata.name" && values.size() == 1;
      if (is_one && values[0].is_string()) return values[0].get<std::string>();
    }
  }
  return "";
}

std::string WaitsFor(const json& pod) {
  for (const char* containers : {"initContainerStatuses", "containerStatuses"}) {
    for (const json& status : ArrayAt(pod, {"status", containers})) {
      if (std::string reason = TextAt(status, {"state", "waiting", "reason"}); !reason.empty()) return reason;
    }
  }
  for (const json& condition : ArrayAt(pod, {"status", "conditions"})) {
    const bool is_unplaced =
        TextAt(condition, {"type"}) == "PodScheduled" && TextAt(condition, {"status"}) == "False";
    if (is_unplaced) return TextAt(condition, {"reason"});
  }
  return "";
}

bool IsReady(const json& pod) {
  const json& conditions = ArrayAt(pod, {"status", "conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [](const json& condition) {
    return TextAt(condition, {"type"}) == "Ready" && TextAt(condition, {"status"}) == "True";
  });
}

std::string DaemonSetOf(const json& pod) {
  for (const json& owner : ArrayAt(pod, {"metadata", "ownerReferences"})) {
    if (TextAt(owner, {"kind"}) == "DaemonSet") return TextAt(owner, {"name"});
  }
  return "";
}

KubePod ToPod(const json& pod) {
  return {.name = TextAt(pod, {"metadata", "name"}),
          .node = NodeOf(pod),
          .ip = TextAt(pod, {"status", "podIP"}),
          .phase = TextAt(pod, {"status", "phase"}),
          .waits_for = WaitsFor(pod),
          .ready = IsReady(pod),
          .ending = !TextAt(pod, {"metadata", "deletionTimestamp"}).empty(),
          .daemon_set = DaemonSetOf(pod)};
}

KubeDaemonSet ToDaemonSet(const json& object) {
  return {.name = TextAt(object, {"metadata", "name"}),
          .desired = CountAt(object, {"status", "desiredNumberScheduled"}),
          .misscheduled = CountAt(object, {"status", "numberMisscheduled"})};
}

bool Runs(const KubePod& pod) { return pod.phase == "Running" && !pod.ip.empty(); }

// Of the pods of one node the one with the highest rank stands for it.
int Rank(const KubePod& pod) {
  if (Runs(pod)) return pod.ending ? 2 : pod.ready ? 4 : 3;
  return pod.phase == "Pending" ? 1 : 0;
}

std::string WhyAbsent(const KubePod& pod) {
  const std::string phase = pod.phase == "Running" ? "Running and has no address" : pod.phase;
  return absl::StrCat("pod ", pod.name, " is ", phase, pod.waits_for.empty() ? "" : ": ", pod.waits_for);
}

void AddNode(const KubePod& pod, const base::Address& at, PeerList* list) {
  if (!Runs(pod)) {
    list->absent.push_back({.node_name = pod.node, .reason = WhyAbsent(pod)});
    return;
  }
  base::Address address = at;
  address.host = pod.ip;
  list->peers.push_back({.address = std::move(address), .node_name = pod.node});
}

}  // namespace

absl::StatusOr<KubePodPage> ParseKubePods(absl::string_view text) {
  const json list = sys::ParseJson(text, IsRead);
  if (TextAt(list, {"kind"}) != "PodList") return absl::InvalidArgumentError("the answer is no PodList");
  KubePodPage page = {.next = TextAt(list, {"metadata", "continue"})};
  for (const json& pod : ArrayAt(list, {"items"})) page.pods.push_back(ToPod(pod));
  return page;
}

absl::StatusOr<std::vector<KubeDaemonSet>> ParseKubeDaemonSets(absl::string_view text) {
  const json answer = sys::ParseJson(text, IsRead);
  const std::string kind = TextAt(answer, {"kind"});
  if (kind == "DaemonSet") return std::vector<KubeDaemonSet>{ToDaemonSet(answer)};
  if (kind != "DaemonSetList") return absl::InvalidArgumentError("the answer is no DaemonSetList");
  std::vector<KubeDaemonSet> daemon_sets;
  for (const json& one : ArrayAt(answer, {"items"})) daemon_sets.push_back(ToDaemonSet(one));
  return daemon_sets;
}

std::string NewestMessageAbout(const std::vector<KubeDaemonSet>& daemon_sets, absl::string_view text) {
  const json list = sys::ParseJson(text, IsRead);
  std::string newest;
  std::string message;
  for (const json& event : ArrayAt(list, {"items"})) {
    const std::string name = TextAt(event, {"involvedObject", "name"});
    const bool is_about = std::any_of(daemon_sets.begin(), daemon_sets.end(),
                                      [&](const KubeDaemonSet& one) { return one.name == name; });
    // RFC 3339 in UTC: in the order of their letters.
    std::string time = TextAt(event, {"lastTimestamp"});
    if (!is_about || time < newest) continue;
    newest = std::move(time);
    message = TextAt(event, {"message"});
  }
  return message;
}

PeerList PeersOfPods(const std::vector<KubePod>& pods, const base::Address& at) {
  std::map<std::string, const KubePod*> of_node;
  PeerList list;
  for (const KubePod& pod : pods) {
    if (pod.node.empty()) {
      list.absent.push_back({.reason = WhyAbsent(pod)});
      continue;
    }
    const KubePod*& best = of_node[pod.node];
    if (best == nullptr || Rank(pod) > Rank(*best)) best = &pod;
  }
  for (const auto& [node, pod] : of_node) AddNode(*pod, at, &list);
  return list;
}

uint64_t CountNodesWithoutPod(const std::vector<KubeDaemonSet>& daemon_sets, const PeerList& list) {
  uint64_t desired = 0;
  uint64_t known = list.peers.size() + list.absent.size();
  for (const KubeDaemonSet& one : daemon_sets) {
    desired += one.desired;
    known -= std::min<uint64_t>(known, one.misscheduled);
  }
  return desired > known ? desired - known : 0;
}

void AddNodesWithoutPod(const std::vector<KubeDaemonSet>& daemon_sets, uint64_t count, absl::string_view why,
                        PeerList* list) {
  const std::string names = absl::StrJoin(
      daemon_sets, ", ", [](std::string* out, const KubeDaemonSet& one) { absl::StrAppend(out, one.name); });
  const AbsentNode missing = {
      .reason = absl::StrCat("no pod of DaemonSet ", names, " yet", why.empty() ? "" : ": ", why)};
  // What is too much is too much by one, too.
  count = std::min<uint64_t>(count, PeerSource::kMaxPeers + 1);
  list->absent.insert(list->absent.end(), count, missing);
}

}  // namespace listenq::aggregator
