#include "aggregator/peers/peer.h"

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "base/unix_socket.h"

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

// "DNS resolution failed for x.y:7443: C-ares status is not ARES_SUCCESS qtype=AAAA name=x.y is_balancer=0:
// Domain name not found", as dns_source.cc says it. "" for another message.
std::string DnsCause(absl::string_view message) {
  constexpr absl::string_view kName = " name=";
  const size_t name = message.find(kName);
  if (!absl::StrContains(message, "C-ares status") || name == absl::string_view::npos) return "";
  const absl::string_view rest = message.substr(name + kName.size());
  absl::string_view cause = message.substr(message.rfind(": ") + 2);
  if (cause == "Domain name not found") cause = "no such name";
  return absl::StrCat("resolve ", rest.substr(0, rest.find(' ')), ": ", cause);
}

// TLS 1.3: whoever refuses our certificate closes a connection that stands already. A server that wants TLS
// closes one without.
absl::string_view HintOfHangUp(const base::Address& address) {
  if (address.is_unix()) return "";
  return address.tls ? " (perhaps it refused our certificate: its log says so)"
                     : " (does it speak TLS? then tls://HOST:PORT, with --tls-ca, --tls-cert and --tls-key)";
}

std::string Hint(const base::Address& address, absl::string_view message) {
  for (const absl::string_view hang_up : {"Socket closed", "Connection reset by peer"}) {
    if (absl::EndsWith(message, hang_up)) return std::string(HintOfHangUp(address));
  }
  const bool is_locked = address.is_unix() && absl::EndsWith(message, "Permission denied");
  return is_locked ? absl::StrCat(" (", base::kJoinSocketGroup, ")") : "";
}

std::string Explain(const Peer& peer, const grpc::Status& status) {
  const std::string dns_cause = DnsCause(status.error_message());
  const std::string message = dns_cause.empty() ? Cause(status.error_message()) : dns_cause;
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::StrCat("unreachable: ", message, Hint(peer.spec().address, message));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return message == "Deadline Exceeded" ? "deadline exceeded"
                                            : absl::StrCat("deadline exceeded: ", message);
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

std::string Peer::last_node() const {
  const sys::MutexLock lock(mutex_);
  return last_node_;
}

void Peer::NoteNode(const std::string& node_name) const {
  const sys::MutexLock lock(mutex_);
  last_node_ = node_name;
}

void Peer::AskHealth(grpc::ClientContext* context, grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                     std::function<void(grpc::Status)> done) const {
  // A HealthCheckRequest of the whole server is a message of no bytes.
  const grpc::Slice nothing;
  *request = grpc::ByteBuffer(&nothing, 1);
  grpc::GenericStub(channel_).UnaryCall(context, "/grpc.health.v1.Health/Check", {}, request, response,
                                        std::move(done));
}

std::optional<Silence> Peer::NoteSilence(std::optional<Silence> silence) const {
  const sys::MutexLock lock(mutex_);
  if (silence_.has_value() && !silence.has_value()) back_since_ = absl::Now();
  return std::exchange(silence_, std::move(silence));
}

std::optional<Silence> Peer::silence() const {
  const sys::MutexLock lock(mutex_);
  return silence_;
}

absl::Time Peer::back_since() const {
  const sys::MutexLock lock(mutex_);
  return back_since_;
}

grpc::Status WithoutAnswer(const grpc::Status& status, absl::Duration waited) {
  if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) return status;
  const absl::Duration shown = absl::Trunc(waited, absl::Milliseconds(100));
  return {grpc::StatusCode::DEADLINE_EXCEEDED, absl::StrCat("no answer for ", absl::FormatDuration(shown))};
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
