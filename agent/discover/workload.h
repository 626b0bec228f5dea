// Which workload a pod belongs to, without asking the Kubernetes API.
#ifndef LISTENQ_AGENT_DISCOVER_WORKLOAD_H_
#define LISTENQ_AGENT_DISCOVER_WORKLOAD_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace listenq::discover {

// "Deployment api", "Rollout api" (Argo's), "StatefulSet emqx", "DaemonSet fluentd", "Job backup-28990", by
// the labels that their controllers set and the name that they gave the pod. "" where the two do not say it
// for certain: a DaemonSet's name that may have been cut, labels that somebody copied.
std::string WorkloadOf(absl::string_view pod_name, const std::map<std::string, std::string>& labels);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_WORKLOAD_H_
