#include "base/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "agent/sys/unique_fd.h"
#include "tests/support/temp_folder.h"

namespace listenq::base {
namespace {

using ::testing::HasSubstr;

class UnixSocket : public testing::Test {
 protected:
  static mode_t Mode(const std::string& path) {
    struct stat file {};
    EXPECT_EQ(lstat(path.c_str(), &file), 0) << path;
    return file.st_mode & 07777;
  }
  static sys::UniqueFd Bind(const std::string& path) {
    sys::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX};
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  const test::TempFolder folder_;
};

TEST_F(UnixSocket, SecondClaimIsRefusedAndNamesTheSocket) {
  const std::string path = folder_.Path("agent.sock");
  const auto first = SocketClaim::Take(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = SocketClaim::Take(path);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("listen on " + path + ": another server runs there"));
}

TEST_F(UnixSocket, ClaimEndsWithItsObject) {
  const std::string path = folder_.Path("agent.sock");
  { ASSERT_TRUE(SocketClaim::Take(path).ok()); }
  EXPECT_TRUE(SocketClaim::Take(path).ok());
}

TEST_F(UnixSocket, MakesMissingFoldersClosedToOthers) {
  const ScopedUmask umask(0022);
  ASSERT_TRUE(SocketClaim::Take(folder_.Path("a/b/agent.sock")).ok());
  EXPECT_EQ(Mode(folder_.Path("a")), 0750u);
  EXPECT_EQ(Mode(folder_.Path("a/b")), 0750u);
}

TEST_F(UnixSocket, LeavesAStaleSocketForGrpc) {
  const std::string path = folder_.Path("agent.sock");
  Bind(path);
  EXPECT_TRUE(SocketClaim::Take(path).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, RefusesAFileThatIsNoSocket) {
  const std::string path = folder_.Path("agent.sock");
  std::ofstream(path) << "precious";
  EXPECT_EQ(SocketClaim::Take(path).status(),
            absl::FailedPreconditionError("listen on " + path +
                                          ": something that is not a socket lies there; remove it"));
}

TEST_F(UnixSocket, FolderThatCanNotBeMadeIsNamed) {
  std::ofstream(folder_.Path("file")) << "x";
  const absl::Status status = SocketClaim::Take(folder_.Path("file/agent.sock")).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("open " + folder_.Path("file/agent.sock.lock")));
}

TEST_F(UnixSocket, UmaskAndAccessGive0660) {
  const std::string path = folder_.Path("agent.sock");
  const auto claim = SocketClaim::Take(path);
  ASSERT_TRUE(claim.ok());
  sys::UniqueFd fd;
  {
    const ScopedUmask umask(kSocketUmask);
    fd = Bind(path);
  }
  EXPECT_EQ(Mode(path), 0660u);
  chmod(path.c_str(), 0777);
  EXPECT_TRUE(claim->SetAccess().ok());
  EXPECT_EQ(Mode(path), 0660u);
}

TEST_F(UnixSocket, UmaskComesBack) {
  const ScopedUmask outer(0027);
  { const ScopedUmask inner(kSocketUmask); }
  EXPECT_EQ(umask(0027), 0027u);
}

}  // namespace
}  // namespace listenq::base
