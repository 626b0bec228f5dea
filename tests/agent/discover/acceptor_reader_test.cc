#include "agent/discover/acceptor_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/discover/fake_proc.h"
#include "tests/support/temp_folder.h"

namespace listenq::discover {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kLimits[] = "Max open files            64                   128                 files\n";

class AcceptorReaderTest : public ::testing::Test {
 protected:
  void Add(uint32_t pid, char state) {
    const std::string folder = std::to_string(pid) + "/";
    proc_.WriteFile(folder + "stat", std::string("1 (app) ") + state + " 1 1 1 0 -1 4194560 0\n");
    proc_.WriteFile(folder + "limits", kLimits);
    proc_.WriteFile(folder + "cgroup", "5:pids:/pod\n0::/\n");
    for (int fd = 0; fd < 3; ++fd) proc_.SetFd(pid, fd, "socket:[1]");
  }
  model::Acceptors Read(const std::vector<model::Process>& processes) {
    return AcceptorReader({.proc = proc_.path(), .cgroup_root = cgroups_.path()}).Read(processes);
  }

  test::FakeProc proc_;
  test::TempFolder cgroups_;
};

TEST_F(AcceptorReaderTest, ReadsAllOfAProcess) {
  Add(9, 'T');
  Add(7, 'S');
  cgroups_.Write("pids/pod/pids.max", "10\n");
  const model::Acceptors acceptors = Read({{.pid = 9, .container_id = "c1"}, {.pid = 7}});
  ASSERT_THAT(acceptors.processes, SizeIs(2));
  const model::Acceptor& last = acceptors.processes[1];
  EXPECT_EQ(acceptors.processes[0].pid, 7u);
  EXPECT_EQ(last.pid, 9u);
  EXPECT_EQ(last.state, 'T');
  EXPECT_EQ(last.fd_limit, 64u);
  EXPECT_GT(last.open_fds, 0u);
  EXPECT_EQ(last.unreadable_reason, "");
  ASSERT_THAT(acceptors.walls, SizeIs(1));
  EXPECT_THAT(last.walls, ::testing::ElementsAre(acceptors.walls[0].id));
  EXPECT_EQ(acceptors.walls[0].container_id, "c1");
}

TEST_F(AcceptorReaderTest, ProcessThatIsGoneIsLeftOut) {
  Add(7, 'S');
  EXPECT_THAT(Read({{.pid = 8}, {.pid = 7}}).processes, SizeIs(1));
}

TEST_F(AcceptorReaderTest, WhatCantBeReadIsAbsent) {
  Add(7, 'S');
  proc_.WriteFile("8/stat", "no stat");
  proc_.WriteFile("8/limits/is-a-folder", "");
  const model::Acceptors acceptors = Read({{.pid = 8}, {.pid = 7}});
  ASSERT_THAT(acceptors.processes, SizeIs(2));
  EXPECT_EQ(acceptors.processes[1].state, std::nullopt);
  EXPECT_EQ(acceptors.processes[1].open_fds, std::nullopt);
  EXPECT_EQ(acceptors.processes[1].fd_limit, std::nullopt);
  EXPECT_THAT(acceptors.processes[1].unreadable_reason, HasSubstr("read /proc/8/limits: Is a directory"));
}

TEST_F(AcceptorReaderTest, OrdinaryKernelsHaveNoBeanCounters) {
  const AcceptorReader reader({.proc = proc_.path()});
  EXPECT_THAT(reader.ReadBeanCounters(), IsEmpty());
  proc_.WriteFile("user_beancounters", "Version: 2.5\n 101: numtcpsock 3 3 4 4 1\n");
  EXPECT_THAT(reader.ReadBeanCounters(), SizeIs(1));
}

}  // namespace
}  // namespace listenq::discover
