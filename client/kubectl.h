// What is said to kubectl, and what it answers. Pure.
#ifndef LISTENQ_CLIENT_KUBECTL_H_
#define LISTENQ_CLIENT_KUBECTL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"

namespace listenq::client {

// The port of a pod's loopback on which it serves plaintext gRPC.
inline constexpr int kPodPort = 7444;

struct PodName {
  std::string name_space;
  std::string name;
  bool operator==(const PodName&) const = default;
};

// "pod listenq/listenq-aggregator-5d8f9c-x2x4k".
std::string ToString(const PodName& pod);

// `program` is $KUBECTL's value ("" is unset): words, as in "microk8s kubectl". Then what `flags` has of
// kubectl's own flags, then `arguments`.
std::vector<std::string> KubectlCommand(absl::string_view program, const KubeFlags& flags,
                                        const std::vector<std::string>& arguments);

// `get --raw`: one request, where `get pods` asks the API server for all that it serves first, five times
// when it cannot be reached. Of the aggregator's pods, or of --node's.
std::vector<std::string> GetPodsArguments(const KubeFlags& flags);
std::vector<std::string> PortForwardArguments(const PodName& pod);

// A ready one of `text`, a PodList. NotFound: there is none; the message says where it was looked for, or why
// a pod is not ready. FailedPrecondition: listenq is in several namespaces. DataLoss: it is none.
absl::StatusOr<PodName> ChoosePod(absl::string_view text, const KubeFlags& flags);

// Why kubectl failed, by what it wrote to standard error: the object, its own words, and what to do.
// Unavailable.
absl::Status ExplainGetPods(absl::string_view errors, const KubeFlags& flags);
absl::Status ExplainPortForward(absl::string_view errors, const PodName& pod);
// Of a port-forward that has worked; Aborted: it does not come back.
absl::Status ExplainLostForward(absl::string_view errors, const PodName& pod);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_KUBECTL_H_
