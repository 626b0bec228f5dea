// Asks a NETLINK_SOCK_DIAG socket, which answers for the namespace it was opened in.
#ifndef LISTENQ_AGENT_COLLECT_SOCK_DIAG_SOCKET_H_
#define LISTENQ_AGENT_COLLECT_SOCK_DIAG_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "agent/collect/sock_diag_message.h"
#include "agent/model/connections.h"
#include "agent/model/listener.h"

namespace listenq::collect {

// Buffers and talk; the socket is the caller's.
// Threading: one thread.
class SockDiagTalk {
 public:
  SockDiagTalk();

  struct Dump {
    std::vector<model::ListenerReading> listeners;  // each cookie once, at most `max_listeners`
    size_t total = 0;                               // with those that were not kept
    [[nodiscard]] bool truncated() const { return total > listeners.size(); }
  };
  // Every TCP listener of the socket's namespace. Unavailable when the kernel has no tcp_diag.
  absl::StatusOr<Dump> DumpListeners(int socket, size_t max_listeners);

  enum class WalkEnd {
    kComplete,
    kStopped,      // `stop` said so: the socket is of no use any more
    kInterrupted,  // the kernel says that the table changed in the middle: start anew
  };
  // Passes every TCP socket of the namespace that does not listen to `visit` as it comes, up to the end or
  // until `stop`, which is asked before each piece of at most 32 KiB. Unavailable as above.
  absl::StatusOr<WalkEnd> WalkConnections(int socket, absl::FunctionRef<bool()> stop,
                                          absl::FunctionRef<void(const model::Connection&)> visit);

  // Sends `encoded` (EncodeExactRequests of at most kMaxBatch requests) and calls `answer` with the position
  // of each request that a listener answered. What answers ENOENT is passed over: that says neither that it
  // is closed nor that it is not.
  absl::Status Get(int socket, absl::string_view encoded, size_t count,
                   absl::FunctionRef<void(size_t, const model::ListenerReading&)> answer);

 private:
  absl::StatusOr<Dump> DumpOnce(int socket, size_t max_listeners, bool* interrupted);

  // Passes the answer to the dump `sequence` to `take`. False when `stop` ended it early.
  absl::StatusOr<bool> ReceiveDump(int socket, uint32_t sequence, absl::string_view what,
                                   absl::FunctionRef<bool()> stop,
                                   absl::FunctionRef<void(const DiagMessage&)> take);

  // Of 8-byte words, since messages are read in place.
  std::vector<uint64_t> buffer_;
  uint32_t dump_sequence_ = 0;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_SOCK_DIAG_SOCKET_H_
