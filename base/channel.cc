#include "base/channel.h"

#include <grpcpp/create_channel.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/address.h"

namespace listenq::base {
namespace {

// gRPC reads a client's target as a URI.
std::string PercentEncode(absl::string_view path) {
  std::string encoded;
  for (const char c : path) {
    if (absl::ascii_isalnum(c) || absl::string_view("/-._~").find(c) != absl::string_view::npos) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string Target(const Address& address) {
  if (address.is_unix()) return absl::StrCat("unix:", PercentEncode(address.socket_path));
  return absl::StrCat("dns:///", HostPort(address));
}

// How long one attempt to connect may take, by a name that does not say so (Subchannel::StartConnectingLocked
// of gRPC 1.51). A TLS handshake over a long way, or one of a thousand at once, takes its time; calls do not
// wait for an attempt that follows one that failed.
constexpr char kConnectTimeout[] = GRPC_ARG_MIN_RECONNECT_BACKOFF_MS;

grpc::ChannelArguments ArgumentsFor(const Address& address, const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Its records of each channel's life are served nowhere.
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(kConnectTimeout, 10000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  if (!address.tls) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  } else if (!options.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.server_name);
  }
  if (!address.is_unix()) {
    arguments.SetInt(GRPC_ARG_TSI_MAX_FRAME_SIZE, kTlsRecordBytes);
    // A machine that vanished sends no end of a connection.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  }
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> MutualTls(const TlsMaterial& material) {
  return grpc::SslCredentials(
      {.pem_root_certs = material.ca, .pem_private_key = material.key, .pem_cert_chain = material.cert});
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Address& address,
                                                           const ChannelOptions& options) {
  if (address.tls && options.tls == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("connect to ", ToString(address),
                                                   ": beyond this machine mutual TLS is spoken: give ",
                                                   "--tls-ca, --tls-cert and --tls-key, or say --insecure"));
  }
  const auto credentials = address.tls ? options.tls : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(Target(address), credentials, ArgumentsFor(address, options));
}

}  // namespace listenq::base
