#include "aggregator/peer.h"

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "base/channel.h"

namespace listenq::aggregator {
namespace {

std::string Explain(const grpc::Status& status) {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::StrCat("unreachable: ", message);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::StrCat("deadline exceeded: ", message);
    case grpc::StatusCode::UNAUTHENTICATED:
      return absl::StrCat("unauthenticated: ", message);
    case grpc::StatusCode::PERMISSION_DENIED:
      return absl::StrCat("permission denied: ", message);
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::StrCat("older version of listenq.v1 (", message, "): upgrade it");
    default:
      return absl::StrCat("failed: ", message);
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<Peer>> Peer::Make(PeerSpec spec) {
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel, base::MakeChannel(spec.address));
  return std::make_shared<Peer>(std::move(spec), std::move(channel));
}

v1::NodeStatus FailedStatus(const Peer& peer, const grpc::Status& status) {
  v1::NodeStatus row;
  row.set_node_name(peer.name());
  row.set_state(status.error_code() == grpc::StatusCode::UNIMPLEMENTED ? v1::NODE_STATE_VERSION_SKEW
                                                                       : v1::NODE_STATE_UNAVAILABLE);
  row.set_message(Explain(status));
  return row;
}

grpc::Status CheckNodeName(const Peer& peer, const std::string& node_name) {
  if (peer.spec().node_name.empty() || peer.spec().node_name == node_name) return grpc::Status::OK;
  return {grpc::StatusCode::FAILED_PRECONDITION,
          absl::StrCat(peer.spec().address, " answers for node \"", node_name, "\", not for \"",
                       peer.spec().node_name, "\": refused")};
}

}  // namespace listenq::aggregator
