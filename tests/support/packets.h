// IPv4 TCP segments as bytes: what a client puts on the wire that the kernel's own TCP would not.
#ifndef LISTENQ_TESTS_SUPPORT_PACKETS_H_
#define LISTENQ_TESTS_SUPPORT_PACKETS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {

struct Endpoint {
  uint32_t address = 0;  // host order
  uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// "10.77.0.1" in host order. Dies on anything else.
uint32_t ParseIpv4(const std::string& text);

// TCP flags, as in byte 13 of the header.
inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kAck = 0x10;

struct Segment {
  Endpoint source;
  Endpoint destination;
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint8_t flags = 0;
  uint16_t window = 64240;
  std::string payload;
};

// A whole IPv4 packet without IP or TCP options, checksums included.
std::string Serialize(const Segment& segment);
// Absent for anything but an unfragmented IPv4 TCP packet. Checksums are not looked at: between namespaces
// the kernel leaves them unfinished. Options are skipped.
std::optional<Segment> ParseSegment(absl::string_view packet);
// ICMP host unreachable from `reporter` to the sender of `quoted`, with its IP header and first 8 bytes.
std::string SerializeHostUnreachable(uint32_t reporter, const Segment& quoted);
// RFC 1071 over `bytes`, host order.
uint16_t InternetChecksum(absl::string_view bytes);

// Sends packets with any source address out of a namespace, and sees those that come in by kVethName.
//
// Contract: the namespace must not own the source addresses, and must not forward: then its kernel drops the
// answers silently, without the RST that it owes to unknown connections of its own addresses.
// Threading: one thread. Failure: dies.
class RawWire {
 public:
  explicit RawWire(const NetnsRunner& netns);

  // `packet` from Serialize…; the destination is read from it.
  void Send(absl::string_view packet);
  void Send(const Segment& segment) { Send(Serialize(segment)); }
  // The next incoming segment for which `matches` is true; others are lost. Absent after `patience`.
  [[nodiscard]] std::optional<Segment> Receive(const std::function<bool(const Segment&)>& matches,
                                               absl::Duration patience = kPatience);

 private:
  sys::UniqueFd out_;
  sys::UniqueFd in_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_PACKETS_H_
