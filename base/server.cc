#include "base/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/sys/status.h"

namespace listenq::base {

namespace {

constexpr int kMaxStreamsPerConnection = 128;
// A connection outlives its certificate: age is what makes a revocation real. Streams that are open go on for
// a while, so that whoever watches need not begin anew every hour.
constexpr absl::Duration kMaxConnectionAge = absl::Hours(1);
constexpr absl::Duration kMaxConnectionAgeGrace = absl::Hours(11);
// Clients ping every 30 s (channel.cc): more often than gRPC lets them by itself.
constexpr absl::Duration kLeastPingInterval = absl::Seconds(20);

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

// Both are switches of the whole process; the plugin must not be registered twice.
void EnableHealthAndReflection() {
  [[maybe_unused]] static const bool kOnce = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
}

void SetBounds(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(kMaxConnectionAge));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(kMaxConnectionAgeGrace));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kLeastPingInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_TSI_MAX_FRAME_SIZE, kTlsRecordBytes);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const Address& address, const TlsServerOptions* tls) {
  return address.tls ? MakeTlsServerCredentials(*tls) : grpc::InsecureServerCredentials();
}

// What gRPC binds.
std::string Target(const Address& address) {
  return address.is_unix() ? absl::StrCat("unix:", address.socket_path) : HostPort(address);
}

}  // namespace

absl::Status CheckListen(const std::vector<Address>& addresses, bool have_tls) {
  for (const Address& address : addresses) {
    if (!address.tls || have_tls) continue;
    return absl::InvalidArgumentError(absl::StrCat("listen on ", ToString(address),
                                                   ": a network listener speaks mutual TLS: give --tls-ca, ",
                                                   "--tls-cert and --tls-key, or say --insecure"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Listening> StartServer(grpc::ServerBuilder& builder, const std::vector<Address>& addresses,
                                      const TlsServerOptions* tls) {
  RETURN_IF_ERROR(CheckListen(addresses, tls != nullptr));
  EnableHealthAndReflection();
  SetBounds(builder);
  Listening result;
  std::vector<int> ports(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    const Address& address = addresses[i];
    if (address.is_unix()) {
      ASSIGN_OR_RETURN(SocketClaim claim, SocketClaim::Take(address.socket_path));
      result.claims.push_back(std::move(claim));
    }
    std::shared_ptr<grpc::ServerCredentials> credentials = CredentialsFor(address, tls);
    builder.AddListeningPort(Target(address), credentials, &ports[i]);
    result.credentials.push_back(std::move(credentials));
  }
  {
    const ScopedUmask umask(kSocketUmask);
    result.server = builder.BuildAndStart();
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (result.server == nullptr || ports[i] <= 0) {
      return absl::UnavailableError(
          absl::StrCat("listen on ", ToString(addresses[i]), ": gRPC could not bind it; is it in use?"));
    }
    result.addresses.push_back(addresses[i]);
    if (!addresses[i].is_unix()) result.addresses[i].port = static_cast<uint16_t>(ports[i]);
  }
  for (const SocketClaim& claim : result.claims) RETURN_IF_ERROR(claim.SetAccess());
  return result;
}

}  // namespace listenq::base
