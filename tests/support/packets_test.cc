#include "tests/support/packets.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace listenq::test {
namespace {

Segment ExampleSegment() {
  return {.source = {.address = 0x0a4d0102, .port = 1000},
          .destination = {.address = 0x0a4d0001, .port = 80},
          .seq = 0x01020304,
          .ack = 0xfffefdfc,
          .flags = kSyn | kAck,
          .window = 512,
          .payload = "odd"};
}

TEST(InternetChecksum, MatchesTheExampleOfRfc1071) {
  EXPECT_EQ(InternetChecksum(absl::HexStringToBytes("0001f203f4f5f6f7")), 0x220d);
}

TEST(InternetChecksum, PadsAnOddByteWithZero) {
  EXPECT_EQ(InternetChecksum(absl::HexStringToBytes("ab")), 0x54ff);
}

TEST(SegmentBytes, ComeBackAsTheSameSegment) {
  const Segment sent = ExampleSegment();
  const auto seen = ParseSegment(Serialize(sent));
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->source, sent.source);
  EXPECT_EQ(seen->destination, sent.destination);
  EXPECT_EQ(seen->seq, sent.seq);
  EXPECT_EQ(seen->ack, sent.ack);
  EXPECT_EQ(seen->flags, sent.flags);
  EXPECT_EQ(seen->window, sent.window);
  EXPECT_EQ(seen->payload, sent.payload);
}

TEST(SegmentBytes, CarryValidChecksums) {
  const std::string packet = Serialize(ExampleSegment());
  EXPECT_EQ(InternetChecksum(packet.substr(0, 20)), 0);
  // Source, destination, protocol, length; then the segment.
  const std::string pseudo = packet.substr(12, 8) + absl::HexStringToBytes("00060017");
  EXPECT_EQ(InternetChecksum(pseudo + packet.substr(20)), 0);
}

TEST(ParseSegment, RefusesWhatIsNoWholeSegment) {
  const std::string packet = Serialize(ExampleSegment());
  EXPECT_FALSE(ParseSegment(packet.substr(0, 19)).has_value());
  EXPECT_FALSE(ParseSegment(packet.substr(0, packet.size() - 1)).has_value());
  std::string udp = packet;
  udp[9] = 17;
  EXPECT_FALSE(ParseSegment(udp).has_value());
  std::string fragment = packet;
  fragment[6] = 0x20;
  EXPECT_FALSE(ParseSegment(fragment).has_value());
  std::string short_header = packet;
  short_header[32] = 0x40;
  EXPECT_FALSE(ParseSegment(short_header).has_value());
}

TEST(HostUnreachable, QuotesTheSegmentToItsSender) {
  const Segment quoted = ExampleSegment();
  const std::string packet = SerializeHostUnreachable(0x0a4d0002, quoted);
  ASSERT_EQ(packet.size(), 56u);
  EXPECT_EQ(packet.substr(12, 8), absl::HexStringToBytes("0a4d00020a4d0102"));
  EXPECT_EQ(packet.substr(20, 2), absl::HexStringToBytes("0301"));
  EXPECT_EQ(packet.substr(28), Serialize(quoted).substr(0, 28));
  EXPECT_EQ(InternetChecksum(packet.substr(20)), 0);
}

}  // namespace
}  // namespace listenq::test
