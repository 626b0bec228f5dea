// The bytes of NETLINK_SOCK_DIAG: requests for TCP sockets, and their answers. No socket here.
#ifndef LISTENQ_AGENT_COLLECT_SOCK_DIAG_MESSAGE_H_
#define LISTENQ_AGENT_COLLECT_SOCK_DIAG_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "agent/model/connections.h"
#include "agent/model/listener.h"

namespace listenq::collect {

// One known listener, to be read again.
struct ExactRequest {
  model::ListenerReading listener;
  // The remote port of the look-up: members of an SO_REUSEPORT group are told apart by it (the kernel picks
  // one by a hash of the remote end, as for a packet).
  uint16_t remote_port = 0;
  // False: whoever answers, to find out which member this remote_port leads to.
  bool check_cookie = true;
};

// The kernel's receive buffer holds about 166 answers; what does not fit is lost with one ENOBUFS.
inline constexpr size_t kMaxBatch = 100;

// Requests one after the other; the answer to requests[i] carries sequence number i + 1. It does not tell
// MPTCP from TCP: only a dump does.
std::string EncodeExactRequests(absl::Span<const ExactRequest> requests);
// All TCP listeners of both families in one walk of the node's listener hash (the old TCPDIAG_GETSOCK: it has
// no family). Its answers carry `sequence`.
std::string EncodeListenDump(uint32_t sequence);
// All TCP sockets of both families in every state but LISTEN, in one walk of the connection hash (the whole
// node's, unless the namespace has its own). Its answers carry `sequence`.
std::string EncodeConnectionDump(uint32_t sequence);

// One message of an answer.
struct DiagMessage {
  enum class Kind {
    kListener,
    kConnection,
    kDone,   // end of a dump; error is 0 or an errno
    kError,  // error is an errno
    kOther,
  };
  Kind kind = Kind::kOther;
  uint32_t sequence = 0;
  int error = 0;
  // NLM_F_DUMP_INTR: the table changed in the middle, read again.
  bool interrupted = false;
  model::ListenerReading listener;
  model::Connection connection;
};

// Calls `visit` for each message in a buffer as recvmsg(2) gave it. DataLoss when the bytes are no netlink
// messages or an attribute is shorter than its type.
absl::Status DecodeMessages(absl::Span<const char> buffer, absl::FunctionRef<void(const DiagMessage&)> visit);

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_SOCK_DIAG_MESSAGE_H_
