// Pods and DaemonSets as the API server describes them, and the fleet that they are. Pure.
#ifndef LISTENQ_AGGREGATOR_PEERS_KUBE_OBJECTS_H_
#define LISTENQ_AGGREGATOR_PEERS_KUBE_OBJECTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/peers/peer_source.h"
#include "base/address.h"

namespace listenq::aggregator {

struct KubePod {
  std::string name;
  // spec.nodeName; while the scheduler has not placed it, the node that its DaemonSet made it for.
  std::string node;
  // status.podIP, "" for none yet.
  std::string ip;
  // "Pending", "Running", "Succeeded", "Failed", "Unknown".
  std::string phase;
  // What it waits for: "ImagePullBackOff", "Unschedulable".
  std::string waits_for;
  bool ready = false;
  // It was deleted, and has not ended yet.
  bool ending = false;
  // "" for a pod of nobody, or of somebody else.
  std::string daemon_set;
  bool operator==(const KubePod&) const = default;
};

struct KubePodPage {
  std::vector<KubePod> pods;
  // metadata.continue, "" on the last page.
  std::string next;
};

struct KubeDaemonSet {
  std::string name;
  // status.desiredNumberScheduled: nodes that should run it.
  uint32_t desired = 0;
  // status.numberMisscheduled: nodes that run it and should not.
  uint32_t misscheduled = 0;
  bool operator==(const KubeDaemonSet&) const = default;
};

// A PodList, in JSON. InvalidArgument: it is none.
absl::StatusOr<KubePodPage> ParseKubePods(absl::string_view text);
// A DaemonSetList, or one DaemonSet.
absl::StatusOr<std::vector<KubeDaemonSet>> ParseKubeDaemonSets(absl::string_view text);

// Of an EventList the newest message about one of these DaemonSets; "" for none.
std::string NewestMessageAbout(const std::vector<KubeDaemonSet>& daemon_sets, absl::string_view text);

// One row per node, in the order of their names. A pod that runs is a peer which must answer for its node; of
// several on a node the one that is ready. A node whose pod does not run is absent. `port` and what is spoken
// there are those of `at`.
PeerList PeersOfPods(const std::vector<KubePod>& pods, const base::Address& at);
// How many nodes these want to be on, beyond those of `list`: their names are not known.
uint64_t CountNodesWithoutPod(const std::vector<KubeDaemonSet>& daemon_sets, const PeerList& list);
// As many absent nodes. `why`: "" where it is not known.
void AddNodesWithoutPod(const std::vector<KubeDaemonSet>& daemon_sets, uint64_t count, absl::string_view why,
                        PeerList* list);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_KUBE_OBJECTS_H_
