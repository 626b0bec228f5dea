// A client's channel to a server on this machine.
#ifndef LISTENQ_BASE_CHANNEL_H_
#define LISTENQ_BASE_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace listenq::base {

// The largest answer in one message that a client takes.
inline constexpr int kMaxAnswerBytes = 16 << 20;

// `address` as in address.h. Does not connect yet: the first call does, and goes on trying at most every 5 s.
// Never through a proxy of the environment. InvalidArgument for an address that is none.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(absl::string_view address);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_CHANNEL_H_
