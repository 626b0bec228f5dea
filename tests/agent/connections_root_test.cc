// SummarizeConnections from the kernel to the caller: real namespaces, a real channel.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/scanner.h"
#include "agent/serve/server.h"
#include "agent/sys/clock.h"
#include "agent/walk_thread.h"
#include "base/channel.h"
#include "listenq/v1/observer.grpc.pb.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

using ::testing::IsEmpty;

constexpr size_t kTimeWaits = 3000;

class ConnectionsTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  // Serves what one beat sees.
  void Start() {
    scanner_ = std::make_unique<Scanner>(ScannerOptions{.node_name = "here"}, &clock_);
    scanner_->Beat();
    walks_ = std::make_unique<WalkThread>(
        [this](model::NetnsSerial serial) { return scanner_->FindWayIn(serial); });
    auto server = serve::ObserverServer::Start(socket_, *scanner_, clock_, walks_.get());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress(socket_)));
  }

  static v1::SummarizeConnectionsRequest About(const test::NetnsRunner& netns) {
    v1::SummarizeConnectionsRequest request;
    request.mutable_filter()->add_netns_inodes(netns.inode());
    return request;
  }
  grpc::Status Call(const v1::SummarizeConnectionsRequest& request) {
    response_.Clear();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return stub_->SummarizeConnections(&context, request, &response_);
  }
  // Dies without the one row.
  const v1::ConnectionSummary& Row() const {
    if (response_.connections_size() != 1) test::Die("no row: " + response_.ShortDebugString());
    return response_.connections(0);
  }
  uint64_t CountOf(const std::string& state) const { return Row().by_state().at(state); }

  const test::TempFolder folder_;
  const std::string socket_ = folder_.Path("agent.sock");
  const sys::SystemClock clock_{};
  std::unique_ptr<Scanner> scanner_;
  std::unique_ptr<WalkThread> walks_;
  std::unique_ptr<serve::ObserverServer> server_;
  std::unique_ptr<v1::Observer::Stub> stub_;
  v1::SummarizeConnectionsResponse response_;
};

TEST_F(ConnectionsTest, CountsWhatIsThere) {
  const test::TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.ip_local_port_range", "32768 42767").ok());
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.ip_local_reserved_ports", "8080,42000-42099").ok());
  const auto listener = test::Listen(netns, {.port = 80});
  const auto connections = test::StartConnects(netns, "127.0.0.1", 80, 3);
  test::AcceptAll(listener);  // and closes: CLOSE_WAIT here, FIN_WAIT2 there
  const auto established = test::Connect(netns, "127.0.0.1", 80);
  Start();
  ASSERT_TRUE(Call(About(netns)).ok());
  EXPECT_EQ(Row().node_name(), "here");
  EXPECT_EQ(Row().netns().inode(), netns.inode());
  EXPECT_EQ(Row().by_state_size(), 10) << "zeros too";
  EXPECT_EQ(CountOf("ESTABLISHED"), 2u);
  EXPECT_EQ(CountOf("CLOSE_WAIT"), 3u);
  EXPECT_EQ(CountOf("SYN_SENT"), 0u);
  ASSERT_EQ(Row().destinations_size(), 1);
  EXPECT_EQ(Row().destinations(0).remote_address(), "127.0.0.1");
  EXPECT_EQ(Row().destinations(0).remote_port(), 80u);
  EXPECT_EQ(Row().destinations(0).ports_in_use(), 4u);
  EXPECT_EQ(Row().ephemeral_first(), 32768u);
  EXPECT_EQ(Row().ephemeral_last(), 42767u);
  EXPECT_EQ(Row().reserved_ports(), 100u);
  EXPECT_FALSE(Row().truncated());
  EXPECT_GT(Row().cost().nanos(), 0);
  EXPECT_EQ(response_.summary().rows_returned(), 1u);
  EXPECT_FALSE(response_.summary().truncated());
}

TEST_F(ConnectionsTest, ManyTimeWaits) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  test::LeaveTimeWaits(netns, listener, kTimeWaits);
  Start();
  ASSERT_TRUE(Call(About(netns)).ok());
  EXPECT_EQ(CountOf("TIME_WAIT"), kTimeWaits);
  ASSERT_EQ(Row().destinations_size(), 1);
  EXPECT_EQ(Row().destinations(0).ports_in_use(), kTimeWaits);
  EXPECT_EQ(Row().destinations(0).time_wait(), kTimeWaits);
}

TEST_F(ConnectionsTest, ATinyTimeLimitCutsTheWalkAndSaysSo) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  test::LeaveTimeWaits(netns, listener, kTimeWaits);
  Start();
  v1::SummarizeConnectionsRequest request = About(netns);
  request.mutable_time_limit()->set_nanos(1);
  ASSERT_TRUE(Call(request).ok());
  EXPECT_TRUE(Row().truncated());
  EXPECT_THAT(Row().by_state(), IsEmpty()) << "nothing was read, so nothing is zero";
  EXPECT_TRUE(response_.summary().truncated());
}

TEST_F(ConnectionsTest, ANamespaceThatIsGoneHasNoRow) {
  auto netns = std::make_unique<test::TestNetns>();
  Start();
  const v1::SummarizeConnectionsRequest request = About(*netns);
  netns.reset();
  ASSERT_TRUE(Call(request).ok());
  EXPECT_THAT(response_.connections(), IsEmpty());
  EXPECT_EQ(response_.summary().rows_matched(), 0u);
}

TEST_F(ConnectionsTest, WhoIsNotThereAnyMoreHasNoWayIn) {
  auto netns = std::make_unique<test::TestNetns>();
  Start();
  model::NetnsSerial serial = 0;
  for (const auto& ns : scanner_->Latest()->namespaces) {
    if (ns->id->inode == netns->inode()) serial = ns->id->serial;
  }
  const auto way_in = scanner_->FindWayIn(serial);
  ASSERT_TRUE(way_in.has_value());
  EXPECT_EQ(way_in->id.inode, netns->inode());
  EXPECT_THAT(way_in->paths, ::testing::Contains(netns->path()));
  netns.reset();
  scanner_->Beat();
  EXPECT_FALSE(scanner_->FindWayIn(serial).has_value());
}

TEST_F(ConnectionsTest, CallersAtTheSameTimeAreAllAnswered) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  const auto connections = test::StartConnects(netns, "127.0.0.1", 80, 3);
  Start();
  std::vector<std::thread> callers;
  std::vector<v1::SummarizeConnectionsResponse> responses(WalkThread::kMaxWaiting);
  for (v1::SummarizeConnectionsResponse& response : responses) {
    callers.emplace_back([&] {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
      const grpc::Status status = stub_->SummarizeConnections(&context, About(netns), &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const v1::SummarizeConnectionsResponse& response : responses) {
    ASSERT_EQ(response.connections_size(), 1);
    EXPECT_EQ(response.connections(0).by_state().at("ESTABLISHED"), 6u);
  }
}

TEST_F(ConnectionsTest, StopsWhileCallersCome) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  test::LeaveTimeWaits(netns, listener, kTimeWaits);
  Start();
  std::vector<std::thread> callers;
  std::atomic<int> answered = 0;
  std::atomic<bool> go_on = true;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (go_on) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        v1::SummarizeConnectionsResponse response;
        const grpc::Status status = stub_->SummarizeConnections(&context, About(netns), &response);
        if (!status.ok()) return;
        ++answered;
      }
    });
  }
  EXPECT_TRUE(test::WaitUntil([&] { return answered.load() > 20; }));
  server_->Stop(absl::ZeroDuration());
  server_.reset();
  walks_.reset();
  go_on = false;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace listenq::agent
