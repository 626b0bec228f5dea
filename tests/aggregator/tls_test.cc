// Fronts and clusters that speak mutual TLS, on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "tests/aggregator/captured_log.h"
#include "tests/aggregator/fleet_fixture.h"
#include "tests/support/test_certificates.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kFrontName[] = "front.listenq";
constexpr char kClusterId[] = "spiffe://cluster.local/ns/listenq/sa/cluster";

class TlsFleetTest : public FleetTest {
 protected:
  // gRPC says in its log alone why a handshake failed.
  static void SetUpTestSuite() { ASSERT_TRUE(base::SetUpLogging("error").ok()); }

  base::TlsFiles Write(const test::TestCa& ca, const std::string& name, const test::CertificateNames& names) {
    const test::CertificateFiles files = ca.Write(folder_, name, names);
    return {.ca = files.ca, .cert = files.cert, .key = files.key};
  }
  // A node and its front.
  void StartFront(const std::vector<std::string>& allowed = {}) {
    AddNode("node-1", {WithQueues({1})});
    front_files_ = Write(ca_, "front", {.dns_names = {kFrontName}});
    auto front = AggregatorServer::Start({.listen = {{.host = "127.0.0.1", .tls = true}},
                                          .peers = Address("node-1"),
                                          .peer_timeout = absl::Seconds(15),
                                          .tls = front_files_,
                                          .allowed_callers = allowed});
    ASSERT_TRUE(front.ok()) << front.status();
    front_ = *std::move(front);
  }
  // The front as seen by somebody with these certificates.
  v1::Node Ask(const base::TlsFiles& files) {
    StartCluster(files);
    v1::ListNodesResponse response;
    const grpc::Status status = stub_->ListNodes(NewContext().get(), {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.nodes_size() == 1 ? response.nodes(0) : v1::Node();
  }
  void StartCluster(const base::TlsFiles& files) {
    server_.reset();
    auto server = AggregatorServer::Start({.listen = {*base::ParseListenAddress(Address("cluster"))},
                                           .peers = front_->address(),
                                           .peer_timeout = absl::Seconds(15),
                                           .tls = files,
                                           .peer_server_name = kFrontName});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress(Address("cluster"))));
  }

  const test::TestCa ca_{"lqt"};
  base::TlsFiles front_files_;
  std::unique_ptr<AggregatorServer> front_;
};

TEST_F(TlsFleetTest, WhoeverTheAuthoritySignedMayCall) {
  StartFront();
  const v1::Node node = Ask(Write(ca_, "cluster", {.uris = {kClusterId}}));
  EXPECT_EQ(node.status().state(), v1::NODE_STATE_OK) << node.DebugString();
  EXPECT_EQ(node.status().node_name(), "node-1");
}

TEST_F(TlsFleetTest, CallerOfAnotherAuthorityIsRefusedAndCounted) {
  StartFront();
  const base::Handshakes before = base::FailedHandshakes();
  base::TlsFiles files = Write(test::TestCa("lqt"), "stranger", {.uris = {kClusterId}});
  files.ca = front_files_.ca;
  const v1::Node node = Ask(files);
  EXPECT_EQ(node.status().state(), v1::NODE_STATE_UNAVAILABLE);
  EXPECT_THAT(node.status().message(),
              AllOf(HasSubstr("unreachable"), HasSubstr("perhaps it refused our certificate")));
  EXPECT_GT(base::FailedHandshakes().certificate_refused, before.certificate_refused);
  EXPECT_EQ(base::FailedHandshakes().other, before.other);
}

TEST_F(TlsFleetTest, FrontOfAnotherAuthorityIsNotBelieved) {
  StartFront();
  const v1::Node node = Ask(Write(test::TestCa("lqt"), "cluster", {.uris = {kClusterId}}));
  EXPECT_THAT(node.status().message(), HasSubstr("certificate verify failed"));
}

TEST_F(TlsFleetTest, FrontOfAnotherNameIsNotBelieved) {
  StartFront();
  front_files_ = Write(ca_, "front", {.dns_names = {"other.listenq"}});
  const base::TlsFiles files = Write(ca_, "cluster", {.uris = {kClusterId}});
  EXPECT_TRUE(test::WaitUntil([&] {
    return Ask(files).status().message().find("Peer name front.listenq is not in peer certificate") !=
           std::string::npos;
  }));
}

TEST_F(TlsFleetTest, ExpiredCallerIsRefused) {
  StartFront();
  const v1::Node node =
      Ask(Write(ca_, "old", {.uris = {kClusterId}, .not_after = absl::Now() - absl::Minutes(1)}));
  EXPECT_EQ(node.status().state(), v1::NODE_STATE_UNAVAILABLE);
}

TEST_F(TlsFleetTest, OurOwnCertificateThatExpiredIsSaidInTheLog) {
  test::CapturedLog log;
  const base::TlsFiles files = Write(ca_, "ours", {.not_after = absl::Now() - absl::Minutes(1)});
  const auto server = AggregatorServer::Start({.listen = {{.host = "127.0.0.1", .tls = true}},
                                               .peers = Address("none"),
                                               .peer_timeout = absl::Seconds(15),
                                               .tls = files});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string line = absl::StrCat("warning ", files.cert, ": the certificate expired at ");
  EXPECT_TRUE(test::WaitUntil([&] { return log.text().find(line) != std::string::npos; })) << log.text();
}

TEST_F(TlsFleetTest, CallerMustBeAllowedByName) {
  StartFront({"spiffe://cluster.local/ns/listenq/*", "cli.example.org"});
  EXPECT_EQ(Ask(Write(ca_, "cluster", {.uris = {kClusterId}})).status().state(), v1::NODE_STATE_OK);
  EXPECT_EQ(Ask(Write(ca_, "cli", {.dns_names = {"cli.example.org"}})).status().state(), v1::NODE_STATE_OK);
  EXPECT_EQ(Ask(Write(ca_, "eve", {.dns_names = {"eve.example.org"}})).status().message(),
            "permission denied: eve.example.org may not call; allowed: spiffe://cluster.local/ns/listenq/*, "
            "cli.example.org");
}

TEST_F(TlsFleetTest, PlaintextIsNotSpokenThere) {
  StartFront();
  auto address = *base::ParseServerAddress(front_->address());
  address.tls = false;
  const auto stub = v1::Observer::NewStub(*base::MakeChannel(address));
  v1::ListNodesResponse response;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  const base::Handshakes before = base::FailedHandshakes();
  EXPECT_FALSE(stub->ListNodes(&context, {}, &response).ok());
  EXPECT_TRUE(test::WaitUntil([&] { return base::FailedHandshakes().other > before.other; }));
  EXPECT_EQ(base::FailedHandshakes().certificate_refused, before.certificate_refused);
  EXPECT_EQ(Ask(Write(ca_, "cluster", {})).status().state(), v1::NODE_STATE_OK);
}

TEST_F(TlsFleetTest, GarbageInTheFilesChangesNothing) {
  StartFront();
  folder_.Write("front.pem", "garbage");
  folder_.Write("front-ca.pem", "");
  const auto material = base::ReadTlsFiles(front_files_);
  ASSERT_FALSE(material.ok());
  const base::TlsFiles files = Write(ca_, "cluster", {.uris = {kClusterId}});
  // Longer than the files are left alone.
  for (const absl::Time end = absl::Now() + absl::Milliseconds(1500); absl::Now() < end;) {
    ASSERT_EQ(Ask(files).status().state(), v1::NODE_STATE_OK);
  }
}

TEST_F(TlsFleetTest, AnotherAuthorityTakesOver) {
  StartFront();
  const base::TlsFiles old_files = Write(ca_, "cluster", {.uris = {kClusterId}});
  ASSERT_EQ(Ask(old_files).status().state(), v1::NODE_STATE_OK);
  const test::TestCa next("next");
  front_files_ = Write(next, "front", {.dns_names = {kFrontName}});
  const base::TlsFiles new_files = Write(next, "new", {.uris = {kClusterId}});
  EXPECT_TRUE(test::WaitUntil([&] { return Ask(new_files).status().state() == v1::NODE_STATE_OK; }));
  EXPECT_EQ(Ask(old_files).status().state(), v1::NODE_STATE_UNAVAILABLE);
}

// Both sides' certificates are replaced again and again, by ones of the same authority.
TEST_F(TlsFleetTest, RotationUnderLoadFailsNoCall) {
  StartFront();
  StartCluster(Write(ca_, "cluster", {.uris = {kClusterId}}));
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::string failure;
  std::thread caller([&] {
    while (!stop && failure.empty()) {
      const auto result = ListListeners();
      if (!result.status.ok()) failure = result.status.error_message();
      for (const auto& [name, status] : StatusesOf(result.messages)) {
        if (status.state() != v1::NODE_STATE_OK) failure = status.message();
      }
      ++answered;
    }
  });
  std::string in_force;
  const auto current = [&] { return base::ReadTlsFiles(front_files_)->cert; };
  for (int i = 0; i < 4; ++i) {
    const int before = answered;
    Write(ca_, "front", {.dns_names = {kFrontName}});
    Write(ca_, "cluster", {.uris = {kClusterId}});
    EXPECT_NE(current(), std::exchange(in_force, current()));
    const absl::Time seen = absl::Now() + absl::Milliseconds(1200);
    EXPECT_TRUE(test::WaitUntil([&] { return absl::Now() > seen && answered > before + 1; })) << answered;
  }
  stop = true;
  caller.join();
  EXPECT_EQ(failure, "");
}

TEST_F(TlsFleetTest, NetworkListenerWithoutCertificatesDoesNotStart) {
  const auto server = AggregatorServer::Start({.listen = {{.host = "127.0.0.1", .tls = true}},
                                               .peers = Address("none"),
                                               .peer_timeout = absl::Seconds(1)});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(HasSubstr("tls://127.0.0.1:0"), HasSubstr("--tls-ca"), HasSubstr("--insecure")));
}

TEST_F(TlsFleetTest, PeerBeyondThisMachineWithoutCertificatesIsAnError) {
  const auto server = AggregatorServer::Start({.listen = {*base::ParseListenAddress(Address("cluster"))},
                                               .peers = "10.0.0.1:7443",
                                               .peer_timeout = absl::Seconds(1)});
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("tls://10.0.0.1:7443"));
}

}  // namespace
}  // namespace listenq::aggregator
