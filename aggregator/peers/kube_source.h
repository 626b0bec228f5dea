// Peers by the pods of a cluster: the agents of a DaemonSet.
#ifndef LISTENQ_AGGREGATOR_PEERS_KUBE_SOURCE_H_
#define LISTENQ_AGGREGATOR_PEERS_KUBE_SOURCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "aggregator/peers/kube_objects.h"
#include "aggregator/peers/peer_source.h"
#include "base/address.h"

namespace listenq::aggregator {

// The API server, and as whom it is asked.
struct KubeApi {
  std::string host;
  uint16_t port = 443;
  // Holds "token" and "ca.crt".
  std::string account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  // For all requests of one reading.
  absl::Duration timeout = absl::Seconds(8);
};

// By the environment of every pod. InvalidArgument: this is no pod.
absl::StatusOr<KubeApi> KubeApiOfPod();

// Contract: every pod of a namespace that has the labels and runs is a peer, which must answer for its node.
//   Nodes where the pods' DaemonSet should run one, and none runs, are absent ones. Pods are listed from the
//   API server's cache, at one page after the other; nothing is watched. The account's files are read each
//   time: tokens live an hour.
// Failure: without the DaemonSets the pods are still a list, of which nobody knows whether it is all; without
// the
//   events an absent node has no reason.
class KubeSource final : public PeerSource {
 public:
  // "NAMESPACE/SELECTOR:PORT", SELECTOR in kubectl's syntax: "app=listenq,component=agent".
  static absl::StatusOr<std::unique_ptr<KubeSource>> Make(absl::string_view text,
                                                          base::OffMachine off_machine, KubeApi api);

  absl::StatusOr<PeerList> Read() override;
  absl::Duration NextPause() override { return AnyOf(absl::Seconds(9), absl::Seconds(11)); }
  [[nodiscard]] bool asks_others() const override { return true; }

 private:
  using Query = std::map<std::string, std::string>;
  // One reading.
  struct Visit {
    std::string token;
    absl::Time deadline;
  };
  struct Question {
    // "list", "pods": as a Role grants it.
    std::string verb;
    std::string resource;
    std::string path;
    Query query;
  };

  KubeSource(KubeApi api, std::string name_space, std::string selector, base::Address peers_at)
      : api_(std::move(api)),
        namespace_(std::move(name_space)),
        selector_(std::move(selector)),
        peers_at_(std::move(peers_at)) {}

  // The answer's text. Every error begins with what was asked.
  [[nodiscard]] absl::StatusOr<std::string> Get(const Visit& visit, const Question& question) const;
  [[nodiscard]] absl::StatusOr<std::vector<KubeDaemonSet>> GetDaemonSets(const Visit& visit,
                                                                         const Question& question) const;
  [[nodiscard]] absl::StatusOr<std::vector<KubePod>> ListPods(const Visit& visit) const;
  // Those with the labels, and those that the pods belong to.
  [[nodiscard]] absl::StatusOr<std::vector<KubeDaemonSet>> FindDaemonSets(
      const Visit& visit, const std::vector<KubePod>& pods) const;
  // Why their controller makes no pods (Pod Security, a quota), as far as it may be asked; "" otherwise.
  [[nodiscard]] std::string WhyNoPods(const Visit& visit,
                                      const std::vector<KubeDaemonSet>& daemon_sets) const;
  [[nodiscard]] std::string Describe(const Question& question) const;

  const KubeApi api_;
  const std::string namespace_;
  const std::string selector_;
  // Without a host.
  const base::Address peers_at_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_KUBE_SOURCE_H_
