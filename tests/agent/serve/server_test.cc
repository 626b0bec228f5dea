#include "agent/serve/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <thread>

#include "base/server.h"
#include "tests/agent/serve/serving_view.h"
#include "tests/support/wait.h"

namespace listenq::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kNow;
using testing::MakeDropEvent;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::PodOwner;
using ::testing::SizeIs;
using testing::StreamResult;

class Server : public testing::Serving {
 protected:
  // `count` listeners in one pod's namespace.
  void PublishListeners(uint16_t count) {
    model::Namespace ns = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
    for (uint16_t port = 1; port <= count; ++port) ns.listeners.push_back(MakeListener(port, port, 65535));
    view_.Publish(MakeSnapshot({ns}));
  }
  StreamResult<v1::ListListenersResponse> ListListeners(const v1::ListListenersRequest& request) {
    const auto context = NewContext();
    const auto reader = stub_->ListListeners(context.get(), request);
    return testing::ReadAll(*reader);
  }
  bool StopsInMidAnswer();
  grpc::Status ListNodes(v1::ListNodesResponse* response = nullptr) {
    v1::ListNodesResponse ignored;
    return stub_->ListNodes(NewContext().get(), {}, response == nullptr ? &ignored : response);
  }
};

TEST_F(Server, AnswersInBatches) {
  PublishListeners(5000);
  Start();
  const auto result = ListListeners({});
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  int rows = 0;
  for (const auto& message : result.messages) {
    EXPECT_LE(message.batch().listeners_size(), 256);
    EXPECT_LT(message.ByteSizeLong(), 300u << 10);
    rows += message.batch().listeners_size();
  }
  EXPECT_EQ(rows, 5000);
  ASSERT_GE(result.messages.size(), 22u);
  EXPECT_EQ(result.messages[result.messages.size() - 2].node_status().state(), v1::NODE_STATE_OK);
  EXPECT_EQ(result.messages.back().summary().rows_returned(), 5000u);
}

TEST_F(Server, ExecutesFilterOrderAndLimit) {
  PublishListeners(1000);
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->add_pods("web");
  request.set_order_by(v1::LISTENER_ORDER_QUEUE);
  request.set_limit(2);
  const auto result = ListListeners(request);
  ASSERT_THAT(result.messages, SizeIs(3));
  EXPECT_EQ(result.messages[0].batch().listeners(0).local_port(), 1000u);
  EXPECT_EQ(result.messages[0].batch().listeners(1).local_port(), 999u);
  EXPECT_EQ(result.messages[2].summary().rows_matched(), 1000u);
}

TEST_F(Server, VersionSkewSendsNoRows) {
  PublishListeners(10);
  Start();
  v1::ListListenersRequest request;
  request.set_min_api_minor(2);
  const auto result = ListListeners(request);
  EXPECT_TRUE(result.status.ok());
  ASSERT_THAT(result.messages, SizeIs(2));
  EXPECT_EQ(result.messages[0].node_status().state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_THAT(result.messages[0].node_status().message(), HasSubstr("needs listenq.v1 minor 2"));
  EXPECT_EQ(result.messages[1].summary().nodes_expected(), 1u);
  EXPECT_EQ(result.messages[1].summary().nodes_answered(), 0u);
}

TEST_F(Server, VersionSkewOfUnaryCalls) {
  Start();
  v1::SummarizeSysctlsRequest sysctls;
  sysctls.set_min_api_minor(2);
  v1::SummarizeSysctlsResponse sysctls_response;
  EXPECT_TRUE(stub_->SummarizeSysctls(NewContext().get(), sysctls, &sysctls_response).ok());
  EXPECT_EQ(sysctls_response.node_statuses(0).state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_EQ(sysctls_response.sysctls_size(), 0);
  v1::ListNodesRequest nodes;
  nodes.set_min_api_minor(2);
  v1::ListNodesResponse nodes_response;
  EXPECT_TRUE(stub_->ListNodes(NewContext().get(), nodes, &nodes_response).ok());
  EXPECT_EQ(nodes_response.nodes(0).status().state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_EQ(nodes_response.nodes(0).version(), "");
}

TEST_F(Server, BadFilterIsInvalidArgument) {
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->set_min_fill_percent(200);
  const auto result = ListListeners(request);
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.status.error_message(),
            "read filter.min_fill_percent: 200 is not a percentage from 0 to 100");
  EXPECT_THAT(result.messages, IsEmpty());
}

TEST_F(Server, UnknownSysctlIsInvalidArgument) {
  Start();
  v1::SummarizeSysctlsRequest request;
  request.add_names("net.core.somaxcon");
  v1::SummarizeSysctlsResponse response;
  const grpc::Status status = stub_->SummarizeSysctls(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("did you mean net.core.somaxconn?"));
  v1::ListNamespacesRequest list;
  list.add_sysctl_names("net.core.foo");
  const auto context = NewContext();
  const auto reader = stub_->ListNamespaces(context.get(), list);
  EXPECT_EQ(testing::ReadAll(*reader).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(Server, SaysWhatItDoesNotServe) {
  Start();
  v1::SummarizeConnectionsResponse response;
  EXPECT_EQ(stub_->SummarizeConnections(NewContext().get(), {}, &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(Server, RefusesLargeRequests) {
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->add_pods(std::string(base::kMaxRequestBytes, 'x'));
  EXPECT_EQ(ListListeners(request).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(ListNodes().ok());
}

TEST_F(Server, HeatsWhatIsNamedAndNothingElse) {
  model::Namespace web = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  model::Namespace db = MakeNamespace(2, {PodOwner("shop", "db", "pg", 'b')});
  view_.Publish(MakeSnapshot({web, db}));
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->add_namespaces("shop");
  EXPECT_TRUE(ListListeners(request).status.ok());
  EXPECT_THAT(view_.heated(), IsEmpty());
  request.mutable_filter()->add_pods("d*");
  EXPECT_TRUE(ListListeners(request).status.ok());
  EXPECT_THAT(view_.heated(), ElementsAre(2u));
}

TEST_F(Server, HeatsAtMostSixtyFour) {
  std::vector<model::Namespace> namespaces;
  for (int i = 1; i <= 100; ++i) namespaces.push_back(MakeNamespace(i, {PodOwner("shop", "web", "c", 'a')}));
  view_.Publish(MakeSnapshot(std::move(namespaces)));
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->add_pods("web");
  EXPECT_TRUE(ListListeners(request).status.ok());
  EXPECT_THAT(view_.heated(), SizeIs(64));
}

TEST_F(Server, ListsDropsSinceATime) {
  const model::Namespace ns = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  view_.Publish(MakeSnapshot({ns}));
  view_.Recorder().AddDrops(MakeDropEvent(ns, 80, kNow - absl::Hours(2)));
  view_.Recorder().AddDrops(MakeDropEvent(ns, 80, kNow));
  Start();
  v1::ListDropsRequest request;
  const auto all = NewContext();
  auto reader = stub_->ListDrops(all.get(), request);
  const auto both = testing::ReadAll(*reader);
  ASSERT_THAT(both.messages, SizeIs(3));
  ASSERT_EQ(both.messages[0].batch().episodes_size(), 2);
  EXPECT_EQ(both.messages[0].batch().episodes(0).id(), 2u);
  request.mutable_since_time()->set_seconds(absl::ToUnixSeconds(kNow - absl::Hours(1)));
  const auto recent = NewContext();
  reader = stub_->ListDrops(recent.get(), request);
  EXPECT_EQ(testing::ReadAll(*reader).messages[0].batch().episodes_size(), 1);
}

TEST_F(Server, GivesHistoryOfWhatMatches) {
  model::Namespace ns = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  ns.listeners = {MakeListener(80, 4, 511), MakeListener(81, 5, 511)};
  view_.Publish(MakeSnapshot({ns}));
  view_.Recorder().AddSamples(std::make_shared<const model::Namespace>(ns), kNow);
  Start();
  v1::GetHistoryRequest request;
  request.mutable_filter()->add_pods("web");
  request.mutable_filter()->add_ports(81);
  const auto context = NewContext();
  const auto reader = stub_->GetHistory(context.get(), request);
  const auto result = testing::ReadAll(*reader);
  ASSERT_THAT(result.messages, SizeIs(3));
  ASSERT_EQ(result.messages[0].batch().histories_size(), 1);
  EXPECT_EQ(result.messages[0].batch().histories(0).samples(0).queue(), 5u);
  EXPECT_THAT(view_.heated(), ElementsAre(1u));
}

TEST_F(Server, NodeSaysThatItIsStarting) {
  model::Snapshot snapshot = MakeSnapshot({});
  snapshot.complete = false;
  view_.Publish(std::move(snapshot));
  Start();
  v1::ListNodesResponse response;
  ASSERT_TRUE(ListNodes(&response).ok());
  EXPECT_EQ(response.nodes(0).status().state(), v1::NODE_STATE_STARTING);
  EXPECT_GT(response.nodes(0).cost().recorder_limit_bytes(), 0u);
}

mode_t ModeOf(const std::string& path) {
  struct stat file {};
  EXPECT_EQ(lstat(path.c_str(), &file), 0) << path;
  return file.st_mode & 07777;
}

TEST_F(Server, SocketIsClosedToOthers) {
  const mode_t before = umask(0022);
  Start();
  EXPECT_EQ(ModeOf(socket_), 0660u);
  EXPECT_EQ(umask(before), 0022u);
}

TEST_F(Server, SecondAgentIsRefusedAndTheFirstGoesOn) {
  Start();
  const auto second = ObserverServer::Start(socket_, view_, clock_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(socket_ + ": another server runs there"));
  EXPECT_TRUE(ListNodes().ok());
  stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress("unix://" + socket_)));
  EXPECT_TRUE(ListNodes().ok());
}

TEST_F(Server, ReplacesAStaleSocket) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  std::strncpy(address.sun_path, socket_.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  Start();
  EXPECT_TRUE(ListNodes().ok());
}

TEST_F(Server, SocketCanBeTakenAgainAfterwards) {
  Start();
  server_->Stop(absl::Seconds(10));
  server_.reset();
  Start();
  EXPECT_TRUE(ListNodes().ok());
}

TEST_F(Server, ListensOnALoopbackPortThatItDoesNotShare) {
  const auto first = ObserverServer::Start("127.0.0.1:0", view_, clock_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT((*first)->address(), ::testing::Not(HasSubstr(":0")));
  stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress((*first)->address())));
  EXPECT_TRUE(ListNodes().ok());
  EXPECT_EQ(ObserverServer::Start((*first)->address(), view_, clock_).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(Server, RefusesANetworkAddress) {
  EXPECT_EQ(ObserverServer::Start("0.0.0.0:7070", view_, clock_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A long answer during which the server stops; true when all of it came.
bool Server::StopsInMidAnswer() {
  Start();
  const auto context = NewContext();
  const auto reader = stub_->ListListeners(context.get(), {});
  v1::ListListenersResponse first;
  EXPECT_TRUE(reader->Read(&first));
  std::thread stop([this] { server_->Stop(absl::Seconds(20)); });
  const auto rest = testing::ReadAll(*reader);
  stop.join();
  if (!rest.status.ok()) {
    EXPECT_EQ(rest.status.error_code(), grpc::StatusCode::UNAVAILABLE) << rest.status.error_message();
    return false;
  }
  return !rest.messages.empty() && rest.messages.back().summary().rows_returned() == 60000u;
}

// gRPC closes the connection behind the last byte. A client that is behind by then and writes (a window
// update) may lose the rest with EPIPE: one try in many, on a busy machine.
TEST_F(Server, AnswersInFlightFinishWhileItStops) {
  PublishListeners(60000);
  bool whole = false;
  for (int tries = 0; tries < 10 && !whole; ++tries) whole = StopsInMidAnswer();
  EXPECT_TRUE(whole);
}

TEST_F(Server, StopCancelsWhatDoesNotEndInTime) {
  PublishListeners(60000);
  Start();
  const auto context = NewContext();
  const auto reader = stub_->ListListeners(context.get(), {});
  v1::ListListenersResponse first;
  ASSERT_TRUE(reader->Read(&first));
  // More than the transport buffers is left, and no one reads it.
  const absl::Time begin = absl::Now();
  server_->Stop(absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - begin, test::kPatience);
  EXPECT_FALSE(testing::ReadAll(*reader).status.ok());
}

// One request and one answer of any method, as bytes.
std::string Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                 const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    EXPECT_TRUE(ok);
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  wait();
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  wait();
  call->WritesDone(nullptr);
  wait();
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  wait();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice whole;
  EXPECT_TRUE(answer.DumpToSingleSlice(&whole).ok());
  return {reinterpret_cast<const char*>(whole.begin()), whole.size()};
}

// HealthCheckRequest {string service = 1}, HealthCheckResponse {status = 1}: 1 is SERVING.
TEST_F(Server, HealthIsServing) {
  Start();
  EXPECT_EQ(Call(channel_, "/grpc.health.v1.Health/Check", "\x0a\x13listenq.v1.Observer"), "\x08\x01");
  EXPECT_EQ(Call(channel_, "/grpc.health.v1.Health/Check", ""), "\x08\x01");
}

// ServerReflectionRequest {string list_services = 7}.
TEST_F(Server, ReflectionListsTheService) {
  Start();
  EXPECT_THAT(Call(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                   std::string("\x3a\x01*")),
              HasSubstr("listenq.v1.Observer"));
}

}  // namespace
}  // namespace listenq::serve
