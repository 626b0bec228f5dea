#include "agent/collect/sock_diag_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

constexpr uint8_t kExactExtensions = 1 << (INET_DIAG_SKMEMINFO - 1);
// With INET_DIAG_INFO comes the upper-layer protocol, which tells an MPTCP listener (inet_sk_diag_fill).
constexpr uint8_t kDumpExtensions = kExactExtensions | 1 << (INET_DIAG_INFO - 1);

// By the kernel's number (include/net/tcp_states.h). LISTEN is none of a connection.
constexpr std::array<std::optional<model::TcpState>, TCP_CLOSING + 1> kStates = [] {
  std::array<std::optional<model::TcpState>, TCP_CLOSING + 1> states{};
  states[TCP_ESTABLISHED] = model::TcpState::kEstablished;
  states[TCP_SYN_SENT] = model::TcpState::kSynSent;
  states[TCP_SYN_RECV] = model::TcpState::kSynRecv;
  states[TCP_FIN_WAIT1] = model::TcpState::kFinWait1;
  states[TCP_FIN_WAIT2] = model::TcpState::kFinWait2;
  states[TCP_TIME_WAIT] = model::TcpState::kTimeWait;
  states[TCP_CLOSE] = model::TcpState::kClose;
  states[TCP_CLOSE_WAIT] = model::TcpState::kCloseWait;
  states[TCP_LAST_ACK] = model::TcpState::kLastAck;
  states[TCP_CLOSING] = model::TcpState::kClosing;
  return states;
}();

void AppendBytes(const void* data, size_t size, std::string* out) {
  out->append(static_cast<const char*>(data), size);
}

inet_diag_req_v2 ToRequest(const ExactRequest& exact) {
  const model::ListenerReading& listener = exact.listener;
  inet_diag_req_v2 request = {};
  request.sdiag_family = listener.address.family == model::IpAddress::Family::kV4 ? AF_INET : AF_INET6;
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_ext = kExactExtensions;
  request.idiag_states = 1 << TCP_LISTEN;
  request.id.idiag_sport = htons(listener.port);
  request.id.idiag_dport = htons(exact.remote_port);
  std::memcpy(request.id.idiag_src, listener.address.bytes.data(), listener.address.bytes.size());
  // A listener on ::ffff:a.b.c.d is looked up as IPv4 only if both ends are written that way
  // (inet_diag_find_one_icsk).
  if (request.sdiag_family == AF_INET6 &&
      model::WithoutV4Mapping(listener.address).family == model::IpAddress::Family::kV4) {
    request.id.idiag_dst[2] = htonl(0xffff);
  }
  request.id.idiag_if = listener.bound_interface;
  request.id.idiag_cookie[0] =
      exact.check_cookie ? static_cast<uint32_t>(listener.cookie) : INET_DIAG_NOCOOKIE;
  request.id.idiag_cookie[1] =
      exact.check_cookie ? static_cast<uint32_t>(listener.cookie >> 32) : INET_DIAG_NOCOOKIE;
  return request;
}

}  // namespace

std::string EncodeExactRequests(absl::Span<const ExactRequest> requests) {
  constexpr size_t kMessageBytes = NLMSG_LENGTH(sizeof(inet_diag_req_v2));
  static_assert(kMessageBytes == NLMSG_ALIGN(kMessageBytes));
  std::string bytes;
  bytes.reserve(requests.size() * kMessageBytes);
  nlmsghdr header = {};
  header.nlmsg_len = kMessageBytes;
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST;
  for (const ExactRequest& exact : requests) {
    ++header.nlmsg_seq;
    const inet_diag_req_v2 request = ToRequest(exact);
    AppendBytes(&header, sizeof(header), &bytes);
    AppendBytes(&request, sizeof(request), &bytes);
  }
  return bytes;
}

namespace {

std::string EncodeDump(uint32_t sequence, uint32_t states, uint8_t extensions) {
  nlmsghdr header = {};
  header.nlmsg_len = NLMSG_LENGTH(sizeof(inet_diag_req));
  header.nlmsg_type = TCPDIAG_GETSOCK;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = sequence;
  inet_diag_req request = {};
  request.idiag_family = AF_UNSPEC;
  request.idiag_ext = extensions;
  request.idiag_states = states;
  std::string bytes;
  AppendBytes(&header, sizeof(header), &bytes);
  AppendBytes(&request, sizeof(request), &bytes);
  return bytes;
}

}  // namespace

std::string EncodeListenDump(uint32_t sequence) {
  return EncodeDump(sequence, 1 << TCP_LISTEN, kDumpExtensions);
}

std::string EncodeConnectionDump(uint32_t sequence) {
  // SYN_RECV asks for NEW_SYN_RECV too (inet_diag_dump_icsk).
  uint32_t states = 0;
  for (size_t state = 1; state < kStates.size(); ++state) {
    if (kStates[state].has_value()) states |= uint32_t{1} << state;
  }
  return EncodeDump(sequence, states, 0);
}

namespace {

model::IpAddress DecodeAddress(uint8_t family, const __be32 (&words)[4]) {
  model::IpAddress address;
  address.family = family == AF_INET ? model::IpAddress::Family::kV4 : model::IpAddress::Family::kV6;
  std::memcpy(address.bytes.data(), words, family == AF_INET ? 4 : 16);
  return address;
}

void DecodeMessage(const inet_diag_msg& message, model::ListenerReading* listener) {
  listener->address = DecodeAddress(message.idiag_family, message.id.idiag_src);
  listener->port = ntohs(message.id.idiag_sport);
  listener->bound_interface = message.id.idiag_if;
  listener->cookie = message.id.idiag_cookie[0] | (static_cast<uint64_t>(message.id.idiag_cookie[1]) << 32);
  listener->inode = message.idiag_inode;
  listener->uid = message.idiag_uid;
  listener->queue = message.idiag_rqueue;
  listener->limit = message.idiag_wqueue;
}

// Calls `visit` for each attribute in [begin, end) until it returns false; true when it never did. (libmnl's
// own loops are macros that only C compiles.)
bool ForEachAttribute(const void* begin, const void* end, absl::FunctionRef<bool(const nlattr*)> visit) {
  const auto* const stop = static_cast<const char*>(end);
  const auto* attribute = static_cast<const nlattr*>(begin);
  while (mnl_attr_ok(attribute, static_cast<int>(stop - reinterpret_cast<const char*>(attribute)))) {
    if (!visit(attribute)) return false;
    attribute = mnl_attr_next(attribute);
  }
  return true;
}

// False when the attribute is shorter than its type. Longer is fine: kernels add fields at the end.
template <typename T>
bool ReadAttribute(const nlattr* attribute, size_t offset, T* value) {
  if (mnl_attr_get_payload_len(attribute) < offset + sizeof(T)) return false;
  std::memcpy(value, static_cast<const char*>(mnl_attr_get_payload(attribute)) + offset, sizeof(T));
  return true;
}

bool IsMptcp(const nlattr* ulp_info) {
  constexpr absl::string_view kName = "mptcp";
  const auto* const payload = static_cast<const char*>(mnl_attr_get_payload(ulp_info));
  const auto is_other = [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) != INET_ULP_INFO_NAME) return true;
    const char* const name = mnl_attr_get_str(attribute);
    return absl::string_view(name, strnlen(name, mnl_attr_get_payload_len(attribute))) != kName;
  };
  return !ForEachAttribute(payload, payload + mnl_attr_get_payload_len(ulp_info), is_other);
}

bool DecodeAttribute(const nlattr* attribute, model::ListenerReading* listener) {
  switch (mnl_attr_get_type(attribute)) {
    case INET_DIAG_SKMEMINFO: {
      uint32_t drops = 0;
      // 8 words on kernels before 4.7: no drops there.
      if (mnl_attr_get_payload_len(attribute) < (SK_MEMINFO_DROPS + 1) * sizeof(uint32_t)) return true;
      if (!ReadAttribute(attribute, SK_MEMINFO_DROPS * sizeof(uint32_t), &drops)) return false;
      listener->sk_drops = drops;
      return true;
    }
    case INET_DIAG_SKV6ONLY: {
      uint8_t v6_only = 0;
      if (!ReadAttribute(attribute, 0, &v6_only)) return false;
      if (listener->address.family == model::IpAddress::Family::kV6) listener->v6_only = v6_only != 0;
      return true;
    }
    case INET_DIAG_CGROUP_ID: {
      uint64_t cgroup_id = 0;
      if (!ReadAttribute(attribute, 0, &cgroup_id)) return false;
      listener->cgroup_id = cgroup_id;
      return true;
    }
    case INET_DIAG_ULP_INFO:
      if (IsMptcp(attribute)) listener->protocol = model::Protocol::kMptcp;
      return true;
    default:
      return true;
  }
}

void DecodeConnection(const inet_diag_msg& diag, DiagMessage* message) {
  if (diag.idiag_state >= kStates.size() || !kStates[diag.idiag_state].has_value()) return;
  message->kind = DiagMessage::Kind::kConnection;
  message->connection = {.state = *kStates[diag.idiag_state],
                         .local = DecodeAddress(diag.idiag_family, diag.id.idiag_src),
                         .local_port = ntohs(diag.id.idiag_sport),
                         .remote = DecodeAddress(diag.idiag_family, diag.id.idiag_dst),
                         .remote_port = ntohs(diag.id.idiag_dport),
                         .bound_interface = diag.id.idiag_if};
}

bool DecodeSocket(const nlmsghdr* header, DiagMessage* message) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(inet_diag_msg)) return false;
  const auto* diag = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(header));
  if (diag->idiag_state != TCP_LISTEN) {
    DecodeConnection(*diag, message);
    return true;
  }
  message->kind = DiagMessage::Kind::kListener;
  DecodeMessage(*diag, &message->listener);
  return ForEachAttribute(
      mnl_nlmsg_get_payload_offset(header, sizeof(inet_diag_msg)), mnl_nlmsg_get_payload_tail(header),
      [&](const nlattr* attribute) { return DecodeAttribute(attribute, &message->listener); });
}

// The errno is a negative int at the front, in NLMSG_DONE as in NLMSG_ERROR.
bool DecodeError(const nlmsghdr* header, int* error) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(int)) return false;
  std::memcpy(error, mnl_nlmsg_get_payload(header), sizeof(int));
  *error = -*error;
  return true;
}

bool DecodeOne(const nlmsghdr* header, DiagMessage* message) {
  message->sequence = header->nlmsg_seq;
  message->interrupted = (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
  switch (header->nlmsg_type) {
    case NLMSG_DONE:
      message->kind = DiagMessage::Kind::kDone;
      return DecodeError(header, &message->error);
    case NLMSG_ERROR:
      message->kind = DiagMessage::Kind::kError;
      return DecodeError(header, &message->error);
    case SOCK_DIAG_BY_FAMILY:
    case TCPDIAG_GETSOCK:
      return DecodeSocket(header, message);
    default:
      return true;
  }
}

}  // namespace

absl::Status DecodeMessages(absl::Span<const char> buffer,
                            absl::FunctionRef<void(const DiagMessage&)> visit) {
  // Buffers come from recvmsg(2) into memory that is aligned for nlmsghdr.
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
  int left = static_cast<int>(buffer.size());
  for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
    DiagMessage message;
    if (!DecodeOne(header, &message)) {
      return absl::DataLossError("decode sock_diag answer: a message or attribute is too short");
    }
    visit(message);
  }
  if (left > 0) return absl::DataLossError("decode sock_diag answer: bytes behind the last message");
  return absl::OkStatus();
}

}  // namespace listenq::collect
