#include "agent/collect/sock_diag_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

// An answer to one exact request is about 180 bytes, the error that stands for none 108.
constexpr size_t kSlotBytes = 512;
// A dump fills what it gets up to 32 KiB.
constexpr size_t kDumpBytes = size_t{32} << 10;
constexpr int kMaxDumpTries = 3;

absl::Status Send(int socket, absl::string_view bytes) {
  if (send(socket, bytes.data(), bytes.size(), 0) < 0)
    return sys::ErrnoStatus(errno, "send sock_diag request");
  return absl::OkStatus();
}

absl::Status DumpError(int error, absl::string_view what) {
  // ENOENT of a dump: the kernel tried to load the module and could not.
  if (error == ENOENT || error == EOPNOTSUPP) {
    return absl::UnavailableError(absl::StrCat("dump ", what, ": this kernel has no tcp_diag module"));
  }
  return sys::ErrnoStatus(error, absl::StrCat("dump ", what));
}

}  // namespace

SockDiagTalk::SockDiagTalk() : buffer_((kMaxBatch * kSlotBytes) / sizeof(uint64_t)) {
  static_assert(kMaxBatch * kSlotBytes >= kDumpBytes);
}

absl::StatusOr<SockDiagTalk::Dump> SockDiagTalk::DumpListeners(int socket, size_t max_listeners) {
  for (int tries = 1;; ++tries) {
    bool interrupted = false;
    absl::StatusOr<Dump> dump = DumpOnce(socket, max_listeners, &interrupted);
    if (!dump.ok() || !interrupted || tries == kMaxDumpTries) return dump;
  }
}

absl::StatusOr<SockDiagTalk::Dump> SockDiagTalk::DumpOnce(int socket, size_t max_listeners,
                                                          bool* interrupted) {
  const uint32_t sequence = ++dump_sequence_;
  RETURN_IF_ERROR(Send(socket, EncodeListenDump(sequence)));
  Dump dump;
  absl::flat_hash_set<uint64_t> cookies;
  const auto take = [&](const DiagMessage& message) {
    *interrupted = *interrupted || message.interrupted;
    if (message.kind != DiagMessage::Kind::kListener) return;
    if (!cookies.insert(message.listener.cookie).second) return;
    ++dump.total;
    if (dump.listeners.size() < max_listeners) dump.listeners.push_back(message.listener);
  };
  const auto never = [] { return false; };
  RETURN_IF_ERROR(ReceiveDump(socket, sequence, "listeners", never, take).status());
  return dump;
}

absl::StatusOr<SockDiagTalk::WalkEnd> SockDiagTalk::WalkConnections(
    int socket, absl::FunctionRef<bool()> stop, absl::FunctionRef<void(const model::Connection&)> visit) {
  const uint32_t sequence = ++dump_sequence_;
  RETURN_IF_ERROR(Send(socket, EncodeConnectionDump(sequence)));
  bool interrupted = false;
  const auto take = [&](const DiagMessage& message) {
    interrupted = interrupted || message.interrupted;
    if (message.kind == DiagMessage::Kind::kConnection) visit(message.connection);
  };
  ASSIGN_OR_RETURN(const bool whole, ReceiveDump(socket, sequence, "connections", stop, take));
  if (!whole) return WalkEnd::kStopped;
  return interrupted ? WalkEnd::kInterrupted : WalkEnd::kComplete;
}

absl::StatusOr<bool> SockDiagTalk::ReceiveDump(int socket, uint32_t sequence, absl::string_view what,
                                               absl::FunctionRef<bool()> stop,
                                               absl::FunctionRef<void(const DiagMessage&)> take) {
  bool done = false;
  int error = 0;
  const auto take_answer = [&](const DiagMessage& message) {
    if (message.sequence != sequence) return;
    if (message.kind == DiagMessage::Kind::kDone || message.kind == DiagMessage::Kind::kError) {
      done = true;
      error = message.error;
    }
    take(message);
  };
  while (!done) {
    if (stop()) return false;
    // The kernel fills the queue within send(2) and recv(2): there is never anything to wait for.
    const ssize_t bytes = recv(socket, buffer_.data(), kDumpBytes, MSG_DONTWAIT);
    if (bytes < 0) return sys::ErrnoStatus(errno, absl::StrCat("receive ", what));
    RETURN_IF_ERROR(DecodeMessages(
        {reinterpret_cast<const char*>(buffer_.data()), static_cast<size_t>(bytes)}, take_answer));
  }
  if (error != 0) return DumpError(error, what);
  return true;
}

absl::Status SockDiagTalk::Get(int socket, absl::string_view encoded, size_t count,
                               absl::FunctionRef<void(size_t, const model::ListenerReading&)> answer) {
  RETURN_IF_ERROR(Send(socket, encoded));
  std::array<iovec, kMaxBatch> slots;
  std::array<mmsghdr, kMaxBatch> headers;
  for (size_t i = 0; i < count; ++i) {
    slots[i] = {.iov_base = reinterpret_cast<char*>(buffer_.data()) + i * kSlotBytes, .iov_len = kSlotBytes};
    headers[i] = {};
    headers[i].msg_hdr.msg_iov = &slots[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  const int received = recvmmsg(socket, headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
  if (received < 0) return sys::ErrnoStatus(errno, "receive listeners");
  const auto take = [&](const DiagMessage& message) {
    const bool in_range = message.sequence >= 1 && message.sequence <= count;
    if (message.kind == DiagMessage::Kind::kListener && in_range)
      answer(message.sequence - 1, message.listener);
  };
  for (int i = 0; i < received; ++i) {
    const auto* bytes = static_cast<const char*>(slots[static_cast<size_t>(i)].iov_base);
    RETURN_IF_ERROR(DecodeMessages({bytes, headers[static_cast<size_t>(i)].msg_len}, take));
  }
  return absl::OkStatus();
}

}  // namespace listenq::collect
