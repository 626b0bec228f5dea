#include "client/server_error.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace listenq::client {
namespace {

const absl::Status kUnavailable = absl::UnavailableError("failed to connect to all addresses");

TEST(ExplainServerError, SaysThatThereIsNoSocket) {
  EXPECT_EQ(
      ExplainServerError(kUnavailable, "unix:///nowhere/agent.sock", absl::Seconds(5)),
      absl::UnavailableError("cannot reach the agent at unix:///nowhere/agent.sock: no such file\n"
                             "is listenq-agent running on this machine? another server: --server ADDRESS, or "
                             "LISTENQ_SERVER"));
}

TEST(ExplainServerError, SaysThatNobodyListens) {
  const std::string path = ::testing::TempDir() + "lqt-stale-" + std::to_string(getpid()) + ".sock";
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  EXPECT_EQ(ExplainServerError(kUnavailable, path, absl::Seconds(5)),
            absl::UnavailableError(
                "cannot reach the agent at " + path +
                ": nobody listens on that socket\ndid listenq-agent end? start it again; another "
                "server: --server ADDRESS, or LISTENQ_SERVER"));
  unlink(path.c_str());
}

TEST(ExplainServerError, PassesOnTheCauseOfATcpAddress) {
  EXPECT_EQ(ExplainServerError(absl::UnavailableError("Connection refused"), "127.0.0.1:1", absl::Seconds(5)),
            absl::UnavailableError(
                "cannot reach the agent at 127.0.0.1:1: Connection refused\n"
                "is listenq-agent running there? another server: --server ADDRESS, or LISTENQ_SERVER"));
}

TEST(ExplainServerError, NamesTheFlagForAFieldOfTheFilter) {
  const auto explain = [](const std::string& message) {
    return ExplainServerError(absl::InvalidArgumentError(message), "x", absl::Seconds(5));
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
  EXPECT_EQ(ExplainServerError(absl::OkStatus(), "x", absl::Seconds(5)), absl::OkStatus());
}

}  // namespace
}  // namespace listenq::client
