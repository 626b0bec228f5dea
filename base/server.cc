#include "base/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"

namespace listenq::base {

namespace {

constexpr int kMaxStreamsPerConnection = 128;

// Both are switches of the whole process; the plugin must not be registered twice.
void EnableHealthAndReflection() {
  [[maybe_unused]] static const bool kOnce = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
}

}  // namespace

absl::StatusOr<PlainServer> StartPlainServer(grpc::ServerBuilder& builder, const Address& address) {
  EnableHealthAndReflection();
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  PlainServer result{.address = address};
  std::string bind_to = ToString(address);
  if (address.is_unix()) {
    ASSIGN_OR_RETURN(result.claim, SocketClaim::Take(address.socket_path));
    bind_to = absl::StrCat("unix:", address.socket_path);
  }
  int port = 0;
  builder.AddListeningPort(bind_to, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  {
    const ScopedUmask umask(kSocketUmask);
    result.server = builder.BuildAndStart();
  }
  if (result.server == nullptr || port <= 0) {
    return absl::UnavailableError(
        absl::StrCat("listen on ", ToString(address), ": gRPC could not bind it; is it in use?"));
  }
  if (result.claim.has_value()) RETURN_IF_ERROR(result.claim->SetAccess());
  if (!address.is_unix()) result.address.port = static_cast<uint16_t>(port);
  return result;
}

}  // namespace listenq::base
