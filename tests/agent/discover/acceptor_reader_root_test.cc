// The numbers of real processes and cgroups.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "agent/discover/acceptor_reader.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {
namespace {

using ::testing::SizeIs;

model::Acceptor ReadSelf() {
  const model::Acceptors acceptors = AcceptorReader({}).Read({{{.pid = static_cast<uint32_t>(::getpid())}}});
  EXPECT_THAT(acceptors.processes, SizeIs(1));
  return acceptors.processes.at(0);
}

TEST(AcceptorReaderRoot, CountsOwnDescriptors) {
  const uint64_t before = ReadSelf().open_fds.value_or(0);
  std::vector<sys::UniqueFd> more;
  for (int i = 0; i < 10; ++i) more.emplace_back(::dup(0));
  const model::Acceptor self = ReadSelf();
  EXPECT_EQ(self.open_fds, before + 10);
  EXPECT_EQ(self.state, 'R');
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(self.fd_limit, limit.rlim_cur);
}

TEST(AcceptorReaderRoot, ListingCountsAsManyAsTheKernelTells) {
  sys::UniqueFd folder;
  ASSERT_EQ(OpenFolder(AT_FDCWD, "/proc/self/fd", &folder), 0);
  size_t count = 0;
  ASSERT_EQ(CountNumericEntries(folder.get(), 1000, &count), 0);
  // The reader has one more open, /proc/PID.
  EXPECT_EQ(count + 1, ReadSelf().open_fds.value_or(0));
  ASSERT_EQ(OpenFolder(AT_FDCWD, "/proc/self/fd", &folder), 0);
  EXPECT_EQ(CountNumericEntries(folder.get(), 1, &count), E2BIG);
}

}  // namespace
}  // namespace listenq::discover
