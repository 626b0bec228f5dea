#include "agent/discover/plain_runtimes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/temp_folder.h"

namespace listenq::discover {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::Pair;
using ::testing::Pointee;
using ::testing::SizeIs;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

class PlainRuntimesTest : public testing::Test {
 protected:
  // As the runtimes write: a new file takes the old one's place.
  std::string Write(const std::string& name, const std::string& content) const {
    const std::string path = folder_.Path(name);
    std::filesystem::rename(folder_.Write(name + ".new", content), path);
    return path;
  }
  void WriteDocker(const std::string& id, const std::string& name,
                   const std::string& somaxconn = "512") const {
    Write(absl::StrCat("docker/containers/", id, "/hostconfig.json"),
          absl::StrCat(R"({"Sysctls": {"net.core.somaxconn": ")", somaxconn, "\"}}"));
    Write(
        absl::StrCat("docker/containers/", id, "/config.v2.json"),
        absl::StrCat(R"({"Name": "/)", name, R"(", "Config": {"Image": "nginx:1", "Labels": {"a": "b"}}})"));
  }
  void WriteList(const std::string& file, const std::map<std::string, std::string>& names_by_id) const {
    std::string list;
    for (const auto& [id, name] : names_by_id) {
      absl::StrAppend(&list, list.empty() ? "" : ",", R"({"id": ")", id, R"(", "names": [")", name,
                      R"("], "metadata": "{\"image-name\":\"busybox:1\",\"name\":\"web\"}"})");
    }
    Write(absl::StrCat("podman/overlay-containers/", file), absl::StrCat("[", list, "]"));
  }
  std::string Specification(const std::string& id) const {
    return absl::StrCat("podman/overlay-containers/", id, "/userdata/config.json");
  }
  void Remove(const std::string& name) { std::filesystem::remove_all(folder_.Path(name)); }
  void MakeFolder(const std::string& name) { std::filesystem::create_directories(folder_.Path(name)); }

  PlainRuntimes::Result Read() { return runtimes_.Read(now_); }
  std::map<std::string, std::string> NamesById() {
    std::map<std::string, std::string> names;
    for (const auto& container : Read().containers) names.emplace(container->id, container->name);
    return names;
  }
  // From now on no file is young.
  void LetTimePass() { now_ += absl::Seconds(10); }

  const test::TempFolder folder_;
  // The files have the machine's time.
  absl::Time now_ = absl::Now();
  PlainRuntimes runtimes_{{.docker_root = folder_.Path("docker"),
                           .podman_root = folder_.Path("podman"),
                           .restamp = absl::Minutes(1)}};
};

TEST_F(PlainRuntimesTest, NoFolderIsNoSource) {
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(result.containers, IsEmpty());
  EXPECT_THAT(result.sources, IsEmpty());
}

TEST_F(PlainRuntimesTest, ReadsDocker) {
  WriteDocker(kA, "web");
  Write("docker/containers/not-an-id/config.v2.json", R"({"Name": "/other"})");
  const PlainRuntimes::Result result = Read();
  ASSERT_THAT(result.containers, SizeIs(1));
  const PlainContainer& container = *result.containers.front();
  EXPECT_EQ(container.id, kA);
  EXPECT_EQ(container.name, "web");
  EXPECT_EQ(container.image, "nginx:1");
  EXPECT_EQ(container.runtime, "docker");
  EXPECT_EQ(container.confirmed, now_);
  EXPECT_THAT(container.labels, ElementsAre(Pair("a", "b")));
  EXPECT_THAT(container.declared_sysctls, Pointee(ElementsAre(Pair("net.core.somaxconn", "512"))));
  EXPECT_THAT(result.sources,
              ElementsAre(model::SourceHealth{
                  .source = "docker " + folder_.Path("docker"), .healthy = true, .last_success = now_}));
}

TEST_F(PlainRuntimesTest, ReadsBothListsOfPodman) {
  WriteList("containers.json", {{kA, "web"}});
  WriteList("volatile-containers.json", {{kB, "once"}});
  Write(Specification(kA), R"({"linux": {"sysctl": {"net.core.somaxconn": "64"}}})");
  const PlainRuntimes::Result result = Read();
  ASSERT_THAT(result.containers, SizeIs(2));
  EXPECT_EQ(result.containers[0]->name, "web");
  EXPECT_EQ(result.containers[0]->image, "busybox:1");
  EXPECT_EQ(result.containers[0]->runtime, "podman");
  EXPECT_THAT(result.containers[0]->declared_sysctls, Pointee(ElementsAre(Pair("net.core.somaxconn", "64"))));
  EXPECT_EQ(result.containers[1]->name, "once");
  // Never started.
  EXPECT_THAT(result.containers[1]->declared_sysctls, IsNull());
  EXPECT_THAT(result.sources,
              ElementsAre(model::SourceHealth{
                  .source = "podman " + folder_.Path("podman"), .healthy = true, .last_success = now_}));
}

TEST_F(PlainRuntimesTest, PodmanWithoutContainersIsHealthy) {
  MakeFolder("podman/overlay-containers");
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(result.containers, IsEmpty());
  ASSERT_THAT(result.sources, SizeIs(1));
  EXPECT_TRUE(result.sources.front().healthy);
}

TEST_F(PlainRuntimesTest, ContainersComeAndGo) {
  WriteDocker(kA, "web");
  WriteList("containers.json", {{kB, "db"}});
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kA, "web"), Pair(kB, "db")));
  const uint64_t version = Read().version;
  Remove("docker/containers/" + kA);
  WriteList("containers.json", {});
  EXPECT_THAT(NamesById(), IsEmpty());
  EXPECT_GT(Read().version, version);
  WriteDocker(kB, "db");
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kB, "db")));
}

TEST_F(PlainRuntimesTest, RenamedContainersHaveTheirNewNames) {
  WriteDocker(kA, "web");
  WriteList("containers.json", {{kB, "db"}});
  Write(Specification(kB), R"({"linux": {"sysctl": {"net.core.somaxconn": "64"}}})");
  const uint64_t version = Read().version;
  LetTimePass();
  Read();
  WriteDocker(kA, "front");
  WriteList("containers.json", {{kB, "store"}});
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kA, "front"), Pair(kB, "store")));
  EXPECT_GT(result.version, version);
  EXPECT_THAT(result.containers[1]->declared_sysctls, Pointee(SizeIs(1)));
}

TEST_F(PlainRuntimesTest, UnchangedContainersAreTheSameObjects) {
  WriteDocker(kA, "web");
  WriteList("containers.json", {{kB, "db"}});
  Write(Specification(kB), R"({"linux": {"sysctl": {"net.core.somaxconn": "64"}}})");
  const PlainRuntimes::Result before = Read();
  LetTimePass();
  const PlainRuntimes::Result after = Read();
  EXPECT_EQ(after.containers, before.containers);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.sources.front().last_success, now_);
}

TEST_F(PlainRuntimesTest, ConfirmsWhatIsUnchangedNowAndThen) {
  WriteDocker(kA, "web");
  const uint64_t version = Read().version;
  now_ += absl::Seconds(59);
  EXPECT_EQ(Read().version, version);
  now_ += absl::Seconds(1);
  const PlainRuntimes::Result result = Read();
  EXPECT_GT(result.version, version);
  EXPECT_EQ(result.containers.front()->confirmed, now_);
  EXPECT_EQ(result.containers.front()->name, "web");
}

TEST_F(PlainRuntimesTest, ReadsFilesOnceUntilTheyAreWritten) {
  WriteDocker(kA, "web");
  Read();
  LetTimePass();
  Read();
  // Docker never writes this one alone, so nobody looks at it.
  const std::string host_config = absl::StrCat("docker/containers/", kA, "/hostconfig.json");
  Write(host_config, R"({"Sysctls": {}})");
  EXPECT_THAT(Read().containers.front()->declared_sysctls, Pointee(SizeIs(1)));
  WriteDocker(kA, "web", "4096");
  EXPECT_THAT(Read().containers.front()->declared_sysctls,
              Pointee(ElementsAre(Pair("net.core.somaxconn", "4096"))));
}

TEST_F(PlainRuntimesTest, YoungFilesAreReadAgain) {
  WriteDocker(kA, "web");
  const std::string host_config = absl::StrCat("docker/containers/", kA, "/hostconfig.json");
  Remove(host_config);
  PlainRuntimes::Result result = Read();
  ASSERT_THAT(result.containers, SizeIs(1));
  EXPECT_THAT(result.containers.front()->declared_sysctls, IsNull());
  EXPECT_EQ(result.sources.front().message,
            absl::StrCat("1 of 1 containers could not be read: open ", folder_.Path(host_config),
                         ": No such file or directory"));
  Write(host_config, R"({"Sysctls": {}})");
  result = Read();
  EXPECT_THAT(result.containers.front()->declared_sysctls, Pointee(IsEmpty()));
  EXPECT_EQ(result.sources.front().message, "");
}

TEST_F(PlainRuntimesTest, GarbageIsCountedAndTheOthersAreThere) {
  WriteDocker(kA, "web");
  const std::string config = absl::StrCat("docker/containers/", kB, "/config.v2.json");
  Write(config, "{oops");
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kA, "web")));
  EXPECT_TRUE(result.sources.front().healthy);
  EXPECT_EQ(result.sources.front().message,
            absl::StrCat("1 of 2 containers could not be read: parse ", folder_.Path(config),
                         ": no JSON object with a name"));
  WriteDocker(kB, "db");
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kA, "web"), Pair(kB, "db")));
  EXPECT_EQ(Read().sources.front().message, "");
}

TEST_F(PlainRuntimesTest, FilesThatCannotBeReadAreCounted) {
  const std::string config = absl::StrCat("docker/containers/", kA, "/config.v2.json");
  MakeFolder(config);
  WriteList("containers.json", {{kB, "db"}});
  MakeFolder(Specification(kB));
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kB, "db")));
  ASSERT_THAT(result.sources, SizeIs(2));
  EXPECT_EQ(result.sources[0].message, absl::StrCat("1 of 1 containers could not be read: read ",
                                                    folder_.Path(config), ": Is a directory"));
  EXPECT_EQ(result.sources[1].message, absl::StrCat("1 of 1 containers could not be read: read ",
                                                    folder_.Path(Specification(kB)), ": Is a directory"));
}

TEST_F(PlainRuntimesTest, ContainerWithoutStateFileIsNormal) {
  MakeFolder("docker/containers/" + kA);
  const PlainRuntimes::Result result = Read();
  EXPECT_THAT(result.containers, IsEmpty());
  EXPECT_EQ(result.sources.front().message, "");
}

TEST_F(PlainRuntimesTest, LastContainersStayWhenTheFolderCannotBeListed) {
  WriteDocker(kA, "web");
  const absl::Time success = now_;
  Read();
  LetTimePass();
  std::filesystem::rename(folder_.Path("docker/containers"), folder_.Path("docker/away"));
  Write("docker/containers", "");
  const PlainRuntimes::Result result = Read();
  ASSERT_THAT(result.containers, SizeIs(1));
  EXPECT_EQ(result.containers.front()->confirmed, success);
  EXPECT_THAT(
      result.sources,
      ElementsAre(model::SourceHealth{
          .source = "docker " + folder_.Path("docker"),
          .healthy = false,
          .message = absl::StrCat("open folder ", folder_.Path("docker/containers"), ": Not a directory"),
          .last_success = success}));
}

TEST_F(PlainRuntimesTest, LastContainersStayWhenThePodmanListIsGarbage) {
  WriteList("containers.json", {{kA, "web"}});
  Read();
  const std::string list = Write("podman/overlay-containers/containers.json", "{}");
  for (int i = 0; i < 2; ++i) {
    LetTimePass();
    const PlainRuntimes::Result result = Read();
    EXPECT_THAT(result.containers, SizeIs(1));
    EXPECT_FALSE(result.sources.front().healthy);
    EXPECT_EQ(result.sources.front().message, absl::StrCat("parse ", list, ": no JSON array"));
  }
  WriteList("containers.json", {{kB, "db"}});
  EXPECT_THAT(NamesById(), ElementsAre(Pair(kB, "db")));
}

TEST_F(PlainRuntimesTest, RuntimeThatWasRemovedIsNoSource) {
  WriteDocker(kA, "web");
  WriteList("containers.json", {{kB, "db"}});
  const PlainRuntimes::Result before = Read();
  EXPECT_THAT(before.sources, SizeIs(2));
  Remove("docker");
  Remove("podman");
  const PlainRuntimes::Result result = Read();
  EXPECT_GT(result.version, before.version);
  EXPECT_THAT(result.containers, IsEmpty());
  EXPECT_THAT(result.sources, IsEmpty());
}

}  // namespace
}  // namespace listenq::discover
