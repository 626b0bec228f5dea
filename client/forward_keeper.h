// The process between us and kubectl: see PortForward.
#ifndef LISTENQ_CLIENT_FORWARD_KEEPER_H_
#define LISTENQ_CLIENT_FORWARD_KEEPER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/sys/unique_fd.h"

namespace listenq::client {

// First words of what the keeper reports, a line each: the port, why the program could not be executed, and
// that it has ended, after which comes what it wrote to standard error.
inline constexpr char kPortWord[] = "port ";
inline constexpr char kFailedWord[] = "failed ";
inline constexpr char kEndedWord[] = "ended";

// Runs `argv` until it ends or nobody holds the other end of `lifeline` any more, then ends this process.
[[noreturn]] void KeepForward(const std::vector<std::string>& argv, sys::UniqueFd lifeline,
                              sys::UniqueFd report);

// The port of kubectl's "Forwarding from 127.0.0.1:40123 -> 7444", when that line is whole.
std::optional<uint16_t> ForwardedPort(absl::string_view output);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_FORWARD_KEEPER_H_
