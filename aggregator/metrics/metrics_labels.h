// Whose a series is.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_LABELS_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_LABELS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

using Owners = google::protobuf::RepeatedPtrField<v1::Owner>;

// Labels of a namespace's series: its pod; else its container; else what the namespace is called.
std::string NamespaceLabels(absl::string_view node, const v1::Netns& netns, const Owners& owners);
// Of a listener's: the pod and container of the first owner, and the port.
std::string ListenerLabels(absl::string_view node, const v1::Netns& netns, const Owners& owners,
                           uint32_t port);
// `labels` of a namespace, of all its ports beyond the bound.
std::string OverflowOf(std::string labels);
// Of all listeners, or namespaces, of a node beyond the bound.
std::string ListenerOverflow(absl::string_view node);
std::string NamespaceOverflow(absl::string_view node);
// "" when it is not known.
std::string WorkloadLabels(absl::string_view node, const Owners& owners);
std::string WorkloadOverflow(absl::string_view node);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_LABELS_H_
