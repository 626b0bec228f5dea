#include "agent/discover/container_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

// The documents are built from the sources of moby, containers/storage, Podman and CRI-O.

namespace listenq::discover {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::Pair;
using ::testing::Pointee;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

constexpr char kConfig[] = R"({"StreamConfig": {}, "State": {"Running": true, "Pid": 4711}, "ID": "aaaa",
    "Config": {"Hostname": "a", "Image": "nginx:1.25", "Labels": {"com.docker.compose.service": "web", "n": 3}},
    "Image": "sha256:0123", "Name": "/web-1", "Driver": "overlay2"})";

TEST(DockerState, TellsNameImageLabelsAndSysctls) {
  const auto container = ParseDockerContainer(
      kConfig,
      R"({"NetworkMode": "bridge", "Sysctls": {"net.core.somaxconn": "1024", "kernel.msgmax": "1"}})");
  ASSERT_TRUE(container.ok()) << container.status();
  EXPECT_EQ(container->runtime, "docker");
  EXPECT_EQ(container->name, "web-1");
  EXPECT_EQ(container->image, "nginx:1.25");
  EXPECT_THAT(container->labels, ElementsAre(Pair("com.docker.compose.service", "web")));
  EXPECT_THAT(container->declared_sysctls, Pointee(ElementsAre(Pair("net.core.somaxconn", "1024"))));
}

TEST(DockerState, HostConfigWithoutSysctlsDeclaresNone) {
  EXPECT_THAT(ParseDockerContainer(kConfig, "{}")->declared_sysctls, Pointee(IsEmpty()));
}

TEST(DockerState, SysctlsAreUnknownWithoutHostConfig) {
  for (const char* text : {"", "null", "[]", "{", R"({"Sysctls": []})"}) {
    SCOPED_TRACE(text);
    const auto container = ParseDockerContainer(kConfig, text);
    ASSERT_TRUE(container.ok()) << container.status();
    EXPECT_THAT(container->declared_sysctls, IsNull());
  }
}

TEST(DockerState, RefusesWhatHasNoName) {
  for (const char* text : {"", "null", "[]", "{", "{}", R"({"Name": 3})", R"({"Name": ""})", "\xff"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(ParseDockerContainer(text, "{}").status(),
              absl::InvalidArgumentError("no JSON object with a name"));
  }
}

TEST(DockerState, WrongTypesCountAsAbsent) {
  const auto container =
      ParseDockerContainer(R"({"Name": "web", "Config": {"Image": [], "Labels": "x"}})", "{}");
  ASSERT_TRUE(container.ok()) << container.status();
  EXPECT_EQ(container->name, "web");
  EXPECT_EQ(container->image, "");
  EXPECT_THAT(container->labels, IsEmpty());
}

TEST(DockerState, LabelsAreBounded) {
  const std::string long_value(kMaxContainerLabelBytes, 'x');
  std::string labels =
      absl::StrCat("\"long\": \"", long_value, "\", \"fits\": \"", long_value.substr(4), "\"");
  const auto parse = [&labels] {
    return ParseDockerContainer(absl::StrCat(R"({"Name": "/a", "Config": {"Labels": {)", labels, "}}}"), "")
        ->labels;
  };
  EXPECT_THAT(parse(), ElementsAre(Pair("fits", long_value.substr(4))));
  for (int i = 0; i < 100; ++i) absl::StrAppend(&labels, ", \"l", i, "\": \"\"");
  EXPECT_THAT(parse(), SizeIs(kMaxContainerLabels));
}

std::string Entry(const std::string& id, const std::string& names, const std::string& metadata) {
  return absl::StrCat(R"({"id": ")", id, R"(", "names": )", names, R"(, "image": "0123", "layer": "4567",
      "metadata": ")",
                      metadata, R"(", "created": "2026-01-01T00:00:00Z", "flags": {}})");
}
constexpr char kMetadata[] =
    R"({\"image-name\":\"docker.io/library/nginx:1\",\"image-id\":\"01\",\"name\":\"web\",\"created-at\":1})";

TEST(PodmanState, TellsIdNameAndImage) {
  const auto containers = ParsePodmanContainers(absl::StrCat("[", Entry(kId, R"(["web"])", kMetadata), "]"));
  ASSERT_TRUE(containers.ok()) << containers.status();
  ASSERT_THAT(*containers, SizeIs(1));
  EXPECT_EQ(containers->front().runtime, "podman");
  EXPECT_EQ(containers->front().id, kId);
  EXPECT_EQ(containers->front().name, "web");
  EXPECT_EQ(containers->front().image, "docker.io/library/nginx:1");
  EXPECT_THAT(containers->front().declared_sysctls, IsNull());
}

TEST(PodmanState, RenamedContainerHasItsNewName) {
  const auto containers =
      ParsePodmanContainers(absl::StrCat("[", Entry(kId, R"(["front"])", kMetadata), "]"));
  ASSERT_TRUE(containers.ok()) << containers.status();
  ASSERT_THAT(*containers, SizeIs(1));
  EXPECT_EQ(containers->front().name, "front");
}

TEST(PodmanState, NameOfTheMetadataWhereThereIsNoOther) {
  for (const char* names : {"null", "[]", "[3]", "{}"}) {
    SCOPED_TRACE(names);
    const auto containers = ParsePodmanContainers(absl::StrCat("[", Entry(kId, names, kMetadata), "]"));
    ASSERT_TRUE(containers.ok()) << containers.status();
    ASSERT_THAT(*containers, SizeIs(1));
    EXPECT_EQ(containers->front().name, "web");
  }
}

TEST(PodmanState, LeavesOutThoseOfCrio) {
  const std::string crio =
      R"({\"pod-name\":\"k8s_POD_api\",\"pod-id\":\"77\",\"image-name\":\"pause\",\"name\":\"k8s_api\"})";
  const auto containers = ParsePodmanContainers(absl::StrCat("[", Entry(kId, R"(["k8s_api"])", crio), ",",
                                                             Entry(kOther, R"(["web"])", kMetadata), "]"));
  ASSERT_TRUE(containers.ok()) << containers.status();
  ASSERT_THAT(*containers, SizeIs(1));
  EXPECT_EQ(containers->front().id, kOther);
}

TEST(PodmanState, LeavesOutWhatIsNoContainer) {
  const std::string nameless = absl::StrCat(R"({"id": ")", kOther, "\"}");
  const auto containers = ParsePodmanContainers(absl::StrCat("[null, 3, {}, ", nameless, ",",
                                                             Entry("../../etc", R"(["x"])", kMetadata), ",",
                                                             Entry(kId, R"(["web"])", "{oops"), "]"));
  ASSERT_TRUE(containers.ok()) << containers.status();
  ASSERT_THAT(*containers, SizeIs(1));
  EXPECT_EQ(containers->front().id, kId);
  EXPECT_EQ(containers->front().image, "");
}

TEST(PodmanState, RefusesWhatIsNoList) {
  for (const char* text : {"", "{}", "null", "[", "3"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(ParsePodmanContainers(text).status(), absl::InvalidArgumentError("no JSON array"));
  }
  EXPECT_THAT(*ParsePodmanContainers("[]"), IsEmpty());
}

TEST(Specification, TellsSysctls) {
  const auto sysctls = ParseSpecificationSysctls(
      R"({"linux": {"sysctl": {"net.ipv4.ping_group_range": "0 0", "net.core.somaxconn": "64"}}})");
  ASSERT_TRUE(sysctls.ok()) << sysctls.status();
  EXPECT_THAT(*sysctls, Pointee(UnorderedElementsAre(Pair("net.ipv4.ping_group_range", "0 0"),
                                                     Pair("net.core.somaxconn", "64"))));
  EXPECT_THAT(*ParseSpecificationSysctls("{}"), Pointee(IsEmpty()));
  EXPECT_EQ(ParseSpecificationSysctls("[]").status(), absl::InvalidArgumentError("no JSON object"));
}

TEST(ContainerId, Is64HexDigits) {
  EXPECT_TRUE(IsContainerId(kId));
  EXPECT_FALSE(IsContainerId(kId.substr(1)));
  EXPECT_FALSE(IsContainerId(kId + "a"));
  EXPECT_FALSE(IsContainerId("../" + kId.substr(3)));
}

}  // namespace
}  // namespace listenq::discover
