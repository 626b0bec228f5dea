// All that is known of a pod or a network namespace: several questions, one answer.
#ifndef LISTENQ_CLIENT_DESCRIBE_H_
#define LISTENQ_CLIENT_DESCRIBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/options.h"
#include "client/query.h"
#include "client/table.h"
#include "client/views.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

// A network namespace, or a pod that owns listeners in the node's own.
struct Subject {
  std::string node_name;
  v1::Netns netns;
  std::vector<v1::Owner> owners;
  // Absent for a pod in the node's own namespace, whose counters and sysctls are not the pod's.
  std::optional<v1::Namespace> row;
  // The worst first.
  std::vector<v1::Listener> listeners;
  std::vector<v1::ListenerHistory> histories;
  // The worst first.
  std::vector<v1::Finding> findings;
  std::optional<v1::ConnectionSummary> connections;
};

struct Description {
  std::vector<Subject> subjects;
  // Those that match beyond them, at least.
  uint64_t more = 0;
  // "history", "findings", "connections": what could not be had, and why, in one line.
  std::vector<v1::PartError> errors;
  std::vector<v1::NodeStatus> node_statuses;
  // Of the question which namespaces there are.
  v1::Summary summary;
};

// At most options.limit subjects (0 is 5); histories begin at `since`. Fails when namespaces or listeners
// cannot be had; nothing that matches is no failure.
absl::StatusOr<Description> Describe(ObserverClient& client, const Options& options, absl::Time since);

// {"items":[{"nodeName":…,"namespace":{…},"listeners":[…],"histories":[…],"findings":[…],
// "connections":{…},"errors":[…]}],…}: parts that are not there are left out.
std::string DescriptionToJson(const Description& description);

// One screen for each subject, an empty line or two between them. Escaped.
std::string DescriptionText(const Description& description, const ViewContext& context, absl::Time since,
                            const TableStyle& style);

// "pod api-7f9c5d-x2x4k, namespace shop": what was asked for.
std::string SelectionText(const Selection& selection);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_DESCRIBE_H_
