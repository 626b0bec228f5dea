#include "aggregator/peers/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace listenq::aggregator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string MessageOf(const std::string& address, grpc::StatusCode code, const std::string& message) {
  // Channels by TLS take certificates: a unix socket's stands in, nobody is asked.
  const Peer peer({.address = *base::ParseServerAddress(address)}, *base::MakeChannel({.socket_path = "/x"}));
  return FailedStatus(peer, grpc::Status(code, message)).message();
}

TEST(FailedStatus, ANameThatIsNoneIsSaidInWords) {
  EXPECT_EQ(
      MessageOf("nosuch.invalid:7443", grpc::StatusCode::UNAVAILABLE,
                "DNS resolution failed for nosuch.invalid:7443: C-ares status is not ARES_SUCCESS qtype=AAAA "
                "name=nosuch.invalid is_balancer=0: Domain name not found"),
      "unreachable: resolve nosuch.invalid: no such name");
  EXPECT_EQ(
      MessageOf("a.example.org:7443", grpc::StatusCode::UNAVAILABLE,
                "DNS resolution failed for a.example.org:7443: C-ares status is not ARES_SUCCESS qtype=A "
                "name=a.example.org is_balancer=0: Timeout while contacting DNS servers"),
      "unreachable: resolve a.example.org: Timeout while contacting DNS servers");
}

TEST(FailedStatus, AHangUpHasAHint) {
  const auto hung_up = [](const std::string& address) {
    return MessageOf(address, grpc::StatusCode::UNAVAILABLE, "Socket closed");
  };
  EXPECT_EQ(
      hung_up("127.0.0.1:7443"),
      "unreachable: Socket closed (does it speak TLS? then tls://HOST:PORT, with --tls-ca, --tls-cert and "
      "--tls-key)");
  EXPECT_THAT(hung_up("tls://127.0.0.1:7443"), HasSubstr("perhaps it refused our certificate"));
  EXPECT_EQ(hung_up("/run/x.sock"), "unreachable: Socket closed");
}

TEST(FailedStatus, WhoMayNotConnectIsToldWhatToDo) {
  EXPECT_THAT(
      MessageOf(
          "/run/x.sock", grpc::StatusCode::UNAVAILABLE,
          "failed to connect to all addresses; last error: UNKNOWN: unix:/run/x.sock: Permission denied"),
      EndsWith("Permission denied (run as root, or join the group that owns the socket (listenq))"));
}

TEST(FailedStatus, ADeadlineIsSaidOnce) {
  EXPECT_EQ(MessageOf("/run/x.sock", grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"),
            "deadline exceeded");
  const grpc::Status late(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
  EXPECT_EQ(WithoutAnswer(late, absl::Milliseconds(1999)).error_message(), "no answer for 1.9s");
  const grpc::Status away(grpc::StatusCode::UNAVAILABLE, "away");
  EXPECT_EQ(WithoutAnswer(away, absl::Seconds(2)).error_message(), "away");
}

}  // namespace
}  // namespace listenq::aggregator
