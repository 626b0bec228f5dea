#include "aggregator/peers/peer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

// gRPC's "failed to connect to all addresses; last error: UNKNOWN: unix:/run/x.sock: No such file", from the
// cause on.
std::string Cause(absl::string_view message) {
  constexpr absl::string_view kLast = "last error: ";
  const size_t last = message.find(kLast);
  if (last == absl::string_view::npos) return std::string(message);
  message.remove_prefix(last + kLast.size());
  for (const absl::string_view code : {"UNKNOWN: ", "UNAVAILABLE: "}) absl::ConsumePrefix(&message, code);
  return std::string(message);
}

// TLS 1.3: whoever refuses our certificate closes a connection that stands already.
absl::string_view Hint(const Peer& peer, absl::string_view message) {
  const bool is_refusal = peer.spec().address.tls && absl::EndsWith(message, "Socket closed");
  return is_refusal ? " (perhaps it refused our certificate: its log says so)" : "";
}

std::string Explain(const Peer& peer, const grpc::Status& status) {
  const std::string message = Cause(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::StrCat("unreachable: ", message, Hint(peer, message));
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

absl::StatusOr<std::shared_ptr<Peer>> Peer::Make(PeerSpec spec, const base::ChannelOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel, base::MakeChannel(spec.address, options));
  return std::make_shared<Peer>(std::move(spec), std::move(channel));
}

std::string Peer::name() const {
  if (!spec_.node_name.empty()) return spec_.node_name;
  const sys::MutexLock lock(mutex_);
  return last_node_.empty() ? base::ToString(spec_.address) : last_node_;
}

void Peer::NoteNode(const std::string& node_name) const {
  const sys::MutexLock lock(mutex_);
  last_node_ = node_name;
}

v1::NodeStatus FailedStatus(const Peer& peer, const grpc::Status& status) {
  v1::NodeStatus row;
  row.set_node_name(peer.name());
  row.set_state(status.error_code() == grpc::StatusCode::UNIMPLEMENTED ? v1::NODE_STATE_VERSION_SKEW
                                                                       : v1::NODE_STATE_UNAVAILABLE);
  row.set_message(Explain(peer, status));
  return row;
}

grpc::Status CheckNodeName(const Peer& peer, const std::string& node_name) {
  if (peer.spec().node_name.empty() || peer.spec().node_name == node_name) return grpc::Status::OK;
  return {grpc::StatusCode::FAILED_PRECONDITION,
          absl::StrCat(base::ToString(peer.spec().address), " answers for node \"", node_name,
                       "\", not for \"", peer.spec().node_name, "\": refused")};
}

}  // namespace listenq::aggregator
