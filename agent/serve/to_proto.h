// Values of the model as messages of listenq.v1. What is absent in the model stays absent.
#ifndef LISTENQ_AGENT_SERVE_TO_PROTO_H_
#define LISTENQ_AGENT_SERVE_TO_PROTO_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/serve/names.h"
#include "agent/serve/ownership.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// `time` must be finite. Both keep nanoseconds.
void ToProto(absl::Time time, google::protobuf::Timestamp* proto);
void ToProto(absl::Duration duration, google::protobuf::Duration* proto);
// Seconds since the epoch as sent; nanoseconds out of range are taken as they are.
absl::Time FromProto(const google::protobuf::Timestamp& proto);

void ToProto(const model::Owner& owner, v1::Owner* proto);
void ToProto(const model::DropBounds& bounds, v1::ListenDrops* proto);

// What every row of an answer shares.
struct RowContext {
  std::string boot_id;
  absl::Time now;
};

void ToProto(const RowContext& context, const model::NetnsId& id, v1::Netns* proto);
void ToProto(const RowContext& context, const model::Namespace& ns, const model::Listener& listener,
             v1::Listener* proto);
void ToProto(const RowContext& context, const model::DropEpisode& episode, v1::DropEpisode* proto);
// Without node_name and missed_events.
void ToProto(const RowContext& context, const model::DropEvent& event, v1::DropEvent* proto);

// Which parts of a namespace a row carries.
struct NamespaceParts {
  std::vector<size_t> sysctls;  // positions in model::SysctlTable()
  // Sysctls of the node's own namespace; null when they are not known.
  std::shared_ptr<const model::Sysctls> host_sysctls;
  CounterSelection counters;
};
void ToProto(const RowContext& context, const model::Namespace& ns, NamespaceParts& parts,
             v1::Namespace* proto);

// The sysctl at `position` in SysctlTable() of `ns`, or why there is none.
model::SysctlValue SysctlOf(const model::Namespace& ns, size_t position);
// The value alone; null when it was not read.
const std::string* ValueOf(const model::Sysctls* sysctls, size_t position);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_TO_PROTO_H_
