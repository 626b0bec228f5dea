// An aggregator over agents' servers, fakes and nobody, each on a unix socket in one folder.
#ifndef LISTENQ_TESTS_AGGREGATOR_FLEET_FIXTURE_H_
#define LISTENQ_TESTS_AGGREGATOR_FLEET_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "aggregator/server.h"
#include "base/channel.h"
#include "tests/agent/serve/serving_view.h"
#include "tests/fakes/fake_observer.h"
#include "tests/support/temp_folder.h"

namespace listenq::aggregator {

// What an agent serves for its node.
struct Node {
  Node(const std::string& name, std::string served_at, std::vector<model::Namespace> namespaces)
      : address(std::move(served_at)) {
    model::Snapshot snapshot = serve::testing::MakeSnapshot(std::move(namespaces));
    snapshot.node.name = name;
    view.Publish(std::move(snapshot));
    Start();
  }
  void Start() { server = *serve::ObserverServer::Start(address, view, clock); }
  void Stop() { server = nullptr; }

  const std::string address;
  serve::testing::HandMadeView view;
  serve::testing::FixedClock clock;
  std::unique_ptr<serve::ObserverServer> server;
};

// One pod's namespace whose listeners have these queues, of a limit of 1000; ports from 1 on.
inline model::Namespace WithQueues(const std::vector<uint32_t>& queues) {
  model::Namespace ns =
      serve::testing::MakeNamespace(1, {serve::testing::PodOwner("shop", "web", "nginx", 'a')});
  uint16_t port = 0;
  for (const uint32_t queue : queues)
    ns.listeners.push_back(serve::testing::MakeListener(++port, queue, 1000));
  return ns;
}

class FleetTest : public ::testing::Test {
 protected:
  ~FleetTest() override {
    stub_.reset();
    server_.reset();
  }

  [[nodiscard]] std::string Address(const std::string& name) const {
    return absl::StrCat("unix://", folder_.Path(name + ".sock"));
  }
  Node& AddNode(const std::string& name, std::vector<model::Namespace> namespaces) {
    addresses_.push_back(Address(name));
    return *nodes_.emplace_back(std::make_unique<Node>(name, Address(name), std::move(namespaces)));
  }
  fakes::FakeObserver& AddFake(const std::string& name) {
    addresses_.push_back(Address(name));
    return *fakes_.emplace_back(std::make_unique<fakes::FakeObserver>(Address(name)));
  }
  void AddNobody(const std::string& name) { addresses_.push_back(Address(name)); }

  void Start() { StartWith(absl::StrJoin(addresses_, ",")); }
  // A peers' file with these lines.
  void StartWithFile(const std::string& lines) { StartWith("file:" + folder_.Write("peers", lines)); }
  void StartWith(const std::string& peers) {
    const base::Address listen = *base::ParseListenAddress(Address("aggregator"));
    auto server =
        AggregatorServer::Start({.listen = {listen}, .peers = peers, .peer_timeout = peer_timeout_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress(Address("aggregator"))));
  }
  static std::unique_ptr<grpc::ClientContext> NewContext() { return serve::testing::Serving::NewContext(); }
  serve::testing::StreamResult<v1::ListListenersResponse> ListListeners(
      const v1::ListListenersRequest& request = {}) {
    const auto context = NewContext();
    const auto reader = stub_->ListListeners(context.get(), request);
    return serve::testing::ReadAll(*reader);
  }

  const test::TempFolder folder_;
  // Long, where a test has no peer that is silent.
  absl::Duration peer_timeout_ = absl::Seconds(15);
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<fakes::FakeObserver>> fakes_;
  std::unique_ptr<AggregatorServer> server_;
  std::unique_ptr<v1::Observer::Stub> stub_;
};

// Of a streamed answer.
template <typename Response>
std::map<std::string, v1::NodeStatus> StatusesOf(const std::vector<Response>& messages) {
  std::map<std::string, v1::NodeStatus> statuses;
  for (const Response& message : messages) {
    if (message.has_node_status()) statuses[message.node_status().node_name()] = message.node_status();
  }
  return statuses;
}

// "node:port" of each row, in order.
inline std::vector<std::string> RowsIn(const std::vector<v1::ListListenersResponse>& messages) {
  std::vector<std::string> rows;
  for (const auto& message : messages) {
    for (const auto& row : message.batch().listeners()) {
      rows.push_back(absl::StrCat(message.batch().node_name(), ":", row.local_port()));
    }
  }
  return rows;
}

}  // namespace listenq::aggregator

#endif  // LISTENQ_TESTS_AGGREGATOR_FLEET_FIXTURE_H_
