// A client's channel to a server.
#ifndef LISTENQ_BASE_CHANNEL_H_
#define LISTENQ_BASE_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/address.h"
#include "base/tls.h"

namespace listenq::base {

// The largest answer in one message that a client takes.
inline constexpr int kMaxAnswerBytes = 16 << 20;

// For any number of channels, which then share what it takes.
std::shared_ptr<grpc::ChannelCredentials> MutualTls(const TlsMaterial& material);

struct ChannelOptions {
  // For an address where TLS is spoken.
  std::shared_ptr<grpc::ChannelCredentials> tls;
  // The name that the server's certificate must carry; "" is the address' host.
  std::string server_name;
};

// Does not connect yet: the first call does, and goes on trying at most every 5 s. Never through a proxy of
// the environment. InvalidArgument: TLS is spoken there and none is given.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Address& address,
                                                           const ChannelOptions& options = {});

}  // namespace listenq::base

#endif  // LISTENQ_BASE_CHANNEL_H_
