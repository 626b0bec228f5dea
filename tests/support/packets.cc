#include "tests/support/packets.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace listenq::test {
namespace {

constexpr size_t kIpBytes = 20;
constexpr size_t kTcpBytes = 20;
constexpr size_t kQuotedBytes = kIpBytes + 8;

void CheckCall(bool ok, const std::string& action) {
  if (!ok) Die(absl::StrCat(action, ": ", strerror(errno)));
}

void Put16(std::string* bytes, uint16_t value) {
  bytes->push_back(static_cast<char>(value >> 8));
  bytes->push_back(static_cast<char>(value & 0xff));
}
void Put32(std::string* bytes, uint32_t value) {
  Put16(bytes, static_cast<uint16_t>(value >> 16));
  Put16(bytes, static_cast<uint16_t>(value & 0xffff));
}
void Set16(std::string* bytes, size_t at, uint16_t value) {
  (*bytes)[at] = static_cast<char>(value >> 8);
  (*bytes)[at + 1] = static_cast<char>(value & 0xff);
}
uint16_t Get16(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}
uint32_t Get32(absl::string_view bytes, size_t at) {
  return static_cast<uint32_t>(Get16(bytes, at)) << 16 | Get16(bytes, at + 2);
}

std::string IpHeader(uint32_t source, uint32_t destination, uint8_t protocol, size_t payload_bytes) {
  std::string header;
  header.append("\x45\0", 2);
  Put16(&header, static_cast<uint16_t>(kIpBytes + payload_bytes));
  Put16(&header, 0);       // identification
  Put16(&header, 0x4000);  // don't fragment
  header.push_back(64);    // time to live
  header.push_back(static_cast<char>(protocol));
  Put16(&header, 0);
  Put32(&header, source);
  Put32(&header, destination);
  Set16(&header, 10, InternetChecksum(header));
  return header;
}

std::string PseudoHeader(const Segment& segment, size_t tcp_bytes) {
  std::string header;
  Put32(&header, segment.source.address);
  Put32(&header, segment.destination.address);
  Put16(&header, IPPROTO_TCP);
  Put16(&header, static_cast<uint16_t>(tcp_bytes));
  return header;
}

std::string TcpBytes(const Segment& segment) {
  std::string tcp;
  Put16(&tcp, segment.source.port);
  Put16(&tcp, segment.destination.port);
  Put32(&tcp, segment.seq);
  Put32(&tcp, segment.ack);
  tcp.push_back(kTcpBytes / 4 << 4);
  tcp.push_back(static_cast<char>(segment.flags));
  Put16(&tcp, segment.window);
  Put16(&tcp, 0);
  Put16(&tcp, 0);
  tcp += segment.payload;
  Set16(&tcp, 16, InternetChecksum(PseudoHeader(segment, tcp.size()) + tcp));
  return tcp;
}

}  // namespace

uint32_t ParseIpv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) Die(absl::StrCat("parse IPv4 address ", text));
  return ntohl(address.s_addr);
}

uint16_t InternetChecksum(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) sum += Get16(bytes, at);
  if (bytes.size() % 2 != 0) sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes.back())) << 8;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

std::string Serialize(const Segment& segment) {
  const std::string tcp = TcpBytes(segment);
  return IpHeader(segment.source.address, segment.destination.address, IPPROTO_TCP, tcp.size()) + tcp;
}

std::optional<Segment> ParseSegment(absl::string_view packet) {
  if (packet.size() < kIpBytes || packet[0] >> 4 != 4 || packet[9] != IPPROTO_TCP) return std::nullopt;
  const bool is_fragment = (Get16(packet, 6) & 0x3fff) != 0;
  const size_t ip_bytes = static_cast<size_t>(packet[0] & 0x0f) * 4;
  const size_t total = Get16(packet, 2);
  if (is_fragment || total > packet.size() || ip_bytes + kTcpBytes > total) return std::nullopt;
  const absl::string_view tcp = packet.substr(ip_bytes, total - ip_bytes);
  const size_t tcp_bytes = static_cast<size_t>(static_cast<uint8_t>(tcp[12]) >> 4) * 4;
  if (tcp_bytes < kTcpBytes || tcp_bytes > tcp.size()) return std::nullopt;
  return Segment{.source = {.address = Get32(packet, 12), .port = Get16(tcp, 0)},
                 .destination = {.address = Get32(packet, 16), .port = Get16(tcp, 2)},
                 .seq = Get32(tcp, 4),
                 .ack = Get32(tcp, 8),
                 .flags = static_cast<uint8_t>(tcp[13]),
                 .window = Get16(tcp, 14),
                 .payload = std::string(tcp.substr(tcp_bytes))};
}

std::string SerializeHostUnreachable(uint32_t reporter, const Segment& quoted) {
  constexpr uint16_t kUnreachableHost = 0x0301;  // type 3, code 1
  std::string icmp;
  Put16(&icmp, kUnreachableHost);
  Put16(&icmp, 0);
  Put32(&icmp, 0);
  icmp += Serialize(quoted).substr(0, kQuotedBytes);
  Set16(&icmp, 2, InternetChecksum(icmp));
  return IpHeader(reporter, quoted.source.address, IPPROTO_ICMP, icmp.size()) + icmp;
}

RawWire::RawWire(const NetnsRunner& netns) {
  netns.Run([this] {
    out_.reset(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    in_.reset(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    CheckCall(out_.valid() && in_.valid(), "create raw sockets");
    sockaddr_ll link{};
    link.sll_family = AF_PACKET;
    link.sll_protocol = htons(ETH_P_IP);
    link.sll_ifindex = static_cast<int>(if_nametoindex(kVethName));
    CheckCall(bind(in_.get(), reinterpret_cast<const sockaddr*>(&link), sizeof(link)) == 0,
              absl::StrCat("bind packet socket to ", kVethName));
  });
}

void RawWire::Send(absl::string_view packet) {
  sockaddr_in destination{};
  destination.sin_family = AF_INET;
  destination.sin_addr.s_addr = htonl(Get32(packet, 16));
  CheckCall(
      sendto(out_.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&destination),
             sizeof(destination)) == static_cast<ssize_t>(packet.size()),
      "send raw packet");
}

std::optional<Segment> RawWire::Receive(const std::function<bool(const Segment&)>& matches,
                                        absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  std::array<char, 65536> buffer{};
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    pollfd entry{.fd = in_.get(), .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&entry, 1, static_cast<int>(left)) <= 0) return std::nullopt;
    sockaddr_ll from{};
    socklen_t from_length = sizeof(from);
    const ssize_t count = recvfrom(in_.get(), buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_length);
    if (count <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
    auto segment = ParseSegment({buffer.data(), static_cast<size_t>(count)});
    if (segment.has_value() && matches(*segment)) return segment;
  }
}

}  // namespace listenq::test
