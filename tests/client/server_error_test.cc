#include "client/server_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace listenq::client {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

const absl::Status kUnavailable = absl::UnavailableError("failed to connect to all addresses");

Connection UnixSocket(const std::string& path) { return {.server = path, .address = {.socket_path = path}}; }

const Connection kPlain = {.server = "127.0.0.1:1", .address = {.host = "127.0.0.1", .port = 1}};
const Connection kTls = {.server = "front.test:7443",
                         .address = {.host = "front.test", .port = 7443, .tls = true},
                         .tls = {.ca = "ca.pem", .cert = "me.pem", .key = "me.key"}};

// What gRPC 1.51 says of an address.
std::string MessageOf(const absl::Status& status, const Connection& connection) {
  const absl::Status explained = ExplainServerError(status, connection, absl::Seconds(5));
  EXPECT_EQ(explained.code(), status.code());
  return std::string(explained.message());
}
std::string Unreached(const std::string& cause, const Connection& connection) {
  return MessageOf(absl::UnavailableError("failed to connect to all addresses; last error: " + cause),
                   connection);
}

constexpr char kOther[] = "another server: --server, or `listenq config use-context`";

TEST(ExplainServerError, SaysThatThereIsNoSocket) {
  EXPECT_EQ(
      ExplainServerError(kUnavailable, UnixSocket("/nowhere/agent.sock"), absl::Seconds(5)),
      absl::UnavailableError(std::string("cannot reach the server at /nowhere/agent.sock: no such file\n"
                                         "is listenq-agent running on this machine? ") +
                             kOther));
}

TEST(ExplainServerError, SaysThatNobodyListens) {
  const std::string path = ::testing::TempDir() + "lqt-stale-" + std::to_string(getpid()) + ".sock";
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  EXPECT_EQ(MessageOf(kUnavailable, UnixSocket(path)),
            "cannot reach the server at " + path +
                ": nobody listens on that socket\ndid listenq-agent end? start it again; " + kOther);
  unlink(path.c_str());
}

TEST(ExplainServerError, PassesOnTheCauseOfATcpAddress) {
  const std::string refused = "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused";
  EXPECT_EQ(Unreached("UNKNOWN: " + refused, kPlain),
            "cannot reach the server at 127.0.0.1:1: " + refused + "\nis a server running there? " + kOther);
  EXPECT_EQ(Unreached("UNKNOWN: " + refused, kTls), "cannot reach the server at front.test:7443: " + refused +
                                                        "\nis a server running there? " + kOther);
  EXPECT_THAT(MessageOf(absl::UnavailableError("DNS resolution failed for front.test:7443: x: y"), kTls),
              StartsWith("cannot reach the server at front.test:7443: DNS resolution failed for "
                         "front.test:7443: x: y\nis a server running there? "));
}

// What each part of a handshake says in gRPC 1.51 (programs of tests/root/tls_client_test.cc meet them).
TEST(ExplainServerError, SaysWhatIsWrongWithACertificate) {
  EXPECT_EQ(
      Unreached("UNKNOWN: ipv4:10.0.0.1:7443: Peer name front.test is not in peer certificate", kTls),
      std::string("cannot reach the server at front.test:7443: ipv4:10.0.0.1:7443: Peer name front.test is "
                  "not in peer certificate\n"
                  "its certificate has another name: --tls-server-name NAME says which it must have\n") +
          kOther);
  EXPECT_THAT(
      Unreached("UNKNOWN: ipv4:10.0.0.1:7443: Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
                "routines::certificate verify failed",
                kTls),
      EndsWith(std::string("\nits certificate is not signed by those in ca.pem, or has expired: "
                           "--tls-ca\n") +
               kOther));
  EXPECT_THAT(
      Unreached("UNKNOWN: ipv4:10.0.0.1:7443: Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL "
                "routines::wrong version number",
                kTls),
      EndsWith(std::string("\nno TLS is spoken there: another port, or no --tls-ca\n") + kOther));
  EXPECT_THAT(
      Unreached("UNAVAILABLE: ipv4:10.0.0.1:7443: Socket closed", kTls),
      EndsWith(std::string("\ndoes it trust who signed me.pem, and does it speak TLS? its log says why "
                           "it hung up\n") +
               kOther));
}

TEST(ExplainServerError, NamesTheCertificateThatExpired) {
  Connection connection = kTls;
  connection.not_after = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_THAT(
      Unreached("UNAVAILABLE: ipv4:10.0.0.1:7443: Socket closed", connection),
      EndsWith(std::string("\nme.pem expired at 2023-11-14T22:13:20Z: a server takes valid certificates "
                           "only\n") +
               kOther));
}

TEST(ExplainServerError, GuessesThatTheServerSpeaksTls) {
  EXPECT_EQ(Unreached("UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed", kPlain),
            std::string("cannot reach the server at 127.0.0.1:1: ipv4:127.0.0.1:1: Socket closed\n"
                        "does it speak TLS? then: --tls-ca, --tls-cert and --tls-key\n") +
                kOther);
}

TEST(ExplainServerError, PassesOnWhatAServerSaysOfItself) {
  const auto none = absl::UnavailableError("the aggregator has no peers: resolve x: no address");
  for (const Connection& connection : {UnixSocket("/nowhere/agent.sock"), kPlain, kTls}) {
    EXPECT_EQ(MessageOf(none, connection),
              connection.server + " cannot answer: the aggregator has no peers: resolve x: no address");
  }
  EXPECT_EQ(MessageOf(absl::UnavailableError("the agent is shutting down"), UnixSocket("/nowhere/a.sock")),
            "/nowhere/a.sock cannot answer: the agent is shutting down");
}

TEST(ExplainServerError, PassesOnWhoMayCall) {
  const absl::Status denied =
      absl::PermissionDeniedError("spiffe://test/x may not call; allowed: spiffe://test/y");
  EXPECT_EQ(MessageOf(denied, kTls),
            "front.test:7443 refused: spiffe://test/x may not call; allowed: spiffe://test/y\n"
            "another certificate: --tls-cert and --tls-key");
  EXPECT_EQ(MessageOf(absl::UnauthenticatedError("who are you"), kPlain), "127.0.0.1:1 refused: who are you");
}

TEST(ExplainServerError, NamesTheFlagForAFieldOfTheFilter) {
  const auto explain = [](const std::string& message) {
    return ExplainServerError(absl::InvalidArgumentError(message), kPlain, absl::Seconds(5));
  };
  EXPECT_EQ(explain("read filter.namespaces: \"sh*\" is not a name; no patterns are allowed here"),
            absl::InvalidArgumentError("--namespace: \"sh*\" is not a name; no patterns are allowed here"));
  EXPECT_EQ(explain("read filter.label_selector: parse label selector \"a in\": found the end"),
            absl::InvalidArgumentError("--selector: parse label selector \"a in\": found the end"));
  EXPECT_EQ(explain("read rule_ids: \"x\" is no rule; there are a, b"),
            absl::InvalidArgumentError("--rule: \"x\" is no rule; there are a, b"));
  EXPECT_EQ(explain("read filter.later: x"), absl::InvalidArgumentError("read filter.later: x"));
}

TEST(ExplainServerError, LeavesOkAlone) {
  EXPECT_EQ(ExplainServerError(absl::OkStatus(), kPlain, absl::Seconds(5)), absl::OkStatus());
}

TEST(ExplainServerError, SaysThatTheWayThereIsLost) {
  absl::Duration patience;
  const Connection connection = {.server = "pod obs/a", .why_lost = [&patience](absl::Duration given) {
                                   patience = given;
                                   return absl::AbortedError("the port-forward to pod obs/a ended");
                                 }};
  for (const absl::StatusCode code : {absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled}) {
    EXPECT_EQ(ExplainServerError({code, "Socket closed"}, connection, absl::Seconds(5)),
              absl::AbortedError("the port-forward to pod obs/a ended"));
    EXPECT_GT(patience, absl::ZeroDuration());
  }
  ExplainServerError(absl::DeadlineExceededError(""), connection, absl::Seconds(5)).IgnoreError();
  EXPECT_EQ(patience, absl::ZeroDuration());
}

TEST(ExplainServerError, NamesThePodWhileTheWayThereIsOpen) {
  const Connection connection = {.server = "pod obs/a",
                                 .why_lost = [](absl::Duration) { return absl::OkStatus(); }};
  EXPECT_EQ(
      ExplainServerError(absl::UnavailableError("Socket closed"), connection, absl::Seconds(5)),
      absl::UnavailableError(
          "cannot reach the server of pod obs/a: Socket closed\n"
          "start again: another pod is asked if that one is gone; else `kubectl logs` of it tells why"));
  EXPECT_EQ(ExplainServerError(absl::CancelledError("CANCELLED"), connection, absl::Seconds(5)),
            absl::CancelledError("pod obs/a broke off its answer: is it being stopped? try again"));
}

}  // namespace
}  // namespace listenq::client
