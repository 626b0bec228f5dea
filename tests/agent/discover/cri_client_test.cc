#include "agent/discover/cri_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "agent/sys/unique_fd.h"
#include "tests/fakes/fake_cri.h"

namespace listenq::discover {
namespace {

namespace cri = runtime::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::Pointee;
using ::testing::SizeIs;

const std::string kSandbox(64, 's');
const std::string kNginx(64, 'a');
const std::string kEnvoy(64, 'b');

class CriClientTest : public ::testing::Test {
 protected:
  CriClientTest() : client_(*CriClient::Make(server_.address())) {
    cri::PodSandbox* sandbox = server_.sandboxes.add_items();
    sandbox->set_id(kSandbox);
    sandbox->mutable_metadata()->set_name("web-7f9c5d-x2x4k");
    sandbox->mutable_metadata()->set_namespace_("shop");
    sandbox->mutable_metadata()->set_uid("0123abcd-1111-2222-3333-0123456789ab");
    sandbox->set_runtime_handler("runsc");
    (*sandbox->mutable_labels())["app"] = "web";
    (*sandbox->mutable_labels())["pod-template-hash"] = "7f9c5d";
    (*sandbox->mutable_labels())["io.kubernetes.pod.name"] = "web-7f9c5d-x2x4k";
    AddContainer(kNginx, "nginx", "docker.io/library/nginx:1");
  }

  void AddContainer(const std::string& id, const std::string& name, const std::string& image) {
    cri::Container* container = server_.containers.add_containers();
    container->set_id(id);
    container->set_pod_sandbox_id(kSandbox);
    container->mutable_metadata()->set_name(name);
    container->mutable_image()->set_image(image);
  }

  test::FakeCri server_;
  std::unique_ptr<CriClient> client_;
};

TEST_F(CriClientTest, ListJoinsContainersToTheirSandboxes) {
  AddContainer(kEnvoy, "envoy", "envoy:2");
  const auto pods = client_->List();
  ASSERT_TRUE(pods.ok()) << pods.status();
  ASSERT_THAT(*pods, SizeIs(1));
  const Pod& pod = pods->front();
  EXPECT_EQ(pod.sandbox_id, kSandbox);
  EXPECT_EQ(pod.namespace_name, "shop");
  EXPECT_EQ(pod.name, "web-7f9c5d-x2x4k");
  EXPECT_EQ(pod.uid, "0123abcd-1111-2222-3333-0123456789ab");
  EXPECT_EQ(pod.runtime_handler, "runsc");
  EXPECT_EQ(pod.workload, "Deployment web");
  EXPECT_THAT(pod.labels, ElementsAre(Pair("app", "web"), Pair("pod-template-hash", "7f9c5d")));
  EXPECT_THAT(pod.containers,
              ElementsAre(PodContainer{.id = kEnvoy, .name = "envoy", .image = "envoy:2"},
                          PodContainer{.id = kNginx, .name = "nginx", .image = "docker.io/library/nginx:1"}));
  EXPECT_EQ(pod.detail, nullptr);
}

TEST_F(CriClientTest, ListAsksForWhatRunsOnly) {
  ASSERT_TRUE(client_->List().ok());
  EXPECT_TRUE(server_.sandbox_request.filter().has_state()) << "READY is 0: the message must be there";
  EXPECT_EQ(server_.sandbox_request.filter().state().state(), cri::SANDBOX_READY);
  EXPECT_EQ(server_.container_request.filter().state().state(), cri::CONTAINER_RUNNING);
  EXPECT_EQ(client_->traffic().calls, 2u);
  EXPECT_EQ(server_.image_calls, 0);
}

TEST_F(CriClientTest, ContainerOfAnUnknownSandboxIsLeftOut) {
  server_.containers.mutable_containers(0)->set_pod_sandbox_id("other");
  const auto pods = client_->List();
  ASSERT_TRUE(pods.ok());
  EXPECT_THAT(pods->front().containers, IsEmpty());
}

TEST_F(CriClientTest, ImageIdsAreNamedOnce) {
  server_.containers.Clear();
  AddContainer(kNginx, "nginx", "sha256:11");
  AddContainer(kEnvoy, "unnamed", "sha256:22");
  cri::Image* image = server_.images.add_images();
  image->set_id("sha256:11");
  image->add_repo_tags("docker.io/library/nginx:1");
  for (int i = 0; i < 3; ++i) {
    const auto pods = client_->List();
    ASSERT_TRUE(pods.ok());
    EXPECT_EQ(pods->front().containers[0].image, "docker.io/library/nginx:1");
    EXPECT_EQ(pods->front().containers[1].image, "sha256:22");
  }
  EXPECT_EQ(server_.image_calls, 1);
}

TEST_F(CriClientTest, ImageAsThePodAskedForItIsPreferred) {
  server_.containers.Clear();
  AddContainer(kNginx, "nginx", "sha256:11");
  server_.containers.mutable_containers(0)->mutable_image()->set_user_specified_image("nginx:latest");
  const auto pods = client_->List();
  ASSERT_TRUE(pods.ok());
  EXPECT_EQ(pods->front().containers[0].image, "nginx:latest");
  EXPECT_EQ(server_.image_calls, 0);
}

TEST_F(CriClientTest, ListLargerThanGrpcsDefaultOfFourMebibytesIsTaken) {
  const std::string filler(3000, 'x');
  for (int i = 0; i < 2000; ++i) {
    cri::PodSandbox* sandbox = server_.sandboxes.add_items();
    sandbox->set_id(std::to_string(i));
    (*sandbox->mutable_labels())["filler"] = filler;
  }
  const auto pods = client_->List();
  ASSERT_TRUE(pods.ok()) << pods.status();
  EXPECT_THAT(*pods, SizeIs(2001));
  EXPECT_THAT(pods->back().labels, IsEmpty()) << "a label of that size is no pod's";
}

// As a CRI-O with dropped infra containers documents it: no pid, no config.
TEST_F(CriClientTest, CrioSandboxIsKnownByItsNamespacePath) {
  cri::PodSandboxStatusResponse& status = server_.statuses[kSandbox];
  status.mutable_status()->mutable_linux()->mutable_namespaces()->mutable_options()->set_network(cri::POD);
  (*status.mutable_info())["info"] =
      R"({"runtimeSpec":{"linux":{"sysctl":{"net.core.somaxconn":"1024"},"namespaces":[)"
      R"({"type":"network","path":"/var/run/netns/0a1b"},{"type":"pid"}]}}})";
  const auto detail = client_->Detail(kSandbox);
  ASSERT_TRUE(detail.ok()) << detail.status();
  EXPECT_TRUE(server_.status_request.verbose());
  EXPECT_EQ(detail->netns_path, "/var/run/netns/0a1b");
  EXPECT_EQ(detail->pid, 0u);
  EXPECT_FALSE(detail->host_network);
  EXPECT_THAT(detail->declared_sysctls, Pointee(ElementsAre(Pair("net.core.somaxconn", "1024"))));
}

TEST_F(CriClientTest, GarbageInTheVerboseStatusCostsOnlyWhatItWouldTell) {
  cri::PodSandboxStatusResponse& status = server_.statuses[kSandbox];
  status.mutable_status()->mutable_linux()->mutable_namespaces()->mutable_options()->set_network(cri::NODE);
  (*status.mutable_info())["info"] = "{{{ no JSON";
  const auto detail = client_->Detail(kSandbox);
  ASSERT_TRUE(detail.ok()) << detail.status();
  EXPECT_TRUE(detail->host_network);
  EXPECT_EQ(detail->netns_path, "");
  EXPECT_EQ(detail->declared_sysctls, nullptr);
}

TEST_F(CriClientTest, UnknownSandboxIsNotFound) {
  const absl::Status status = client_->Detail("other").status();
  EXPECT_EQ(status, absl::NotFoundError("PodSandboxStatus: could not find pod"));
}

TEST_F(CriClientTest, RuntimeOfAnOlderInterfaceSaysWhatIsNeeded) {
  server_.failure = {grpc::StatusCode::UNIMPLEMENTED, "unknown service runtime.v1.RuntimeService"};
  const absl::Status status = client_->List().status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_EQ(
      status.message(),
      "ListPodSandbox: unknown service runtime.v1.RuntimeService: needs a runtime that speaks CRI runtime.v1 "
      "(containerd 1.6, CRI-O 1.23)");
}

TEST(CriClient, SocketWhereNobodyListensIsUnavailable) {
  const test::TempFolder folder;
  const auto client = CriClient::Make("unix://" + folder.path() + "/none.sock");
  ASSERT_TRUE(client.ok());
  const absl::Status status = (*client)->List().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("ListPodSandbox: "));
}

TEST(CriClient, OnlySocketsAreRuntimes) {
  EXPECT_EQ(CriClient::Make("127.0.0.1:1234").status(),
            absl::InvalidArgumentError("use 127.0.0.1:1234: a container runtime listens on a unix socket"));
}

// Binds a socket below a folder that stands for the machine's root.
class FindCriSocketTest : public ::testing::Test {
 protected:
  void Bind(const std::string& path) {
    const std::string full = root_.path() + path;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    sockaddr_un address = {.sun_family = AF_UNIX};
    ASSERT_LT(full.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, full.c_str(), full.size() + 1);
    const sys::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  test::TempFolder root_;
};

TEST_F(FindCriSocketTest, FirstKnownSocketWins) {
  Bind("/run/crio/crio.sock");
  EXPECT_EQ(FindCriSocket(root_.path()).value(), root_.path() + "/run/crio/crio.sock");
  Bind("/run/containerd/containerd.sock");
  EXPECT_EQ(FindCriSocket(root_.path()).value(), root_.path() + "/run/containerd/containerd.sock");
}

TEST_F(FindCriSocketTest, FileThatIsNoSocketIsNone) {
  std::filesystem::create_directories(root_.path() + "/run/containerd");
  std::ofstream(root_.path() + "/run/containerd/containerd.sock") << "x";
  const absl::Status status = FindCriSocket(root_.path()).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/run/k3s/containerd/containerd.sock"));
}

}  // namespace
}  // namespace listenq::discover
