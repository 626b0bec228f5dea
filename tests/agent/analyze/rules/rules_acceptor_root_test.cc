// Rules about the processes that accept, with real ones: stopped, throttled, out of descriptors, out of
// tasks.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/accept_stopped.h"
#include "agent/analyze/rules/accept_too_slow.h"
#include "agent/analyze/rules/backlog_too_small.h"
#include "agent/analyze/rules/memory_walls.h"
#include "agent/sys/file.h"
#include "tests/agent/analyze/rules/scanned.h"
#include "tests/support/sockets.h"
#include "tests/support/test_cgroup.h"
#include "tests/support/wait.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint16_t kPort = 8080;
constexpr char kAddress[] = "127.0.0.1";

// Shared with the child.
struct Shared {
  std::atomic<uint32_t> accepted{0};
};

// CPU time of the calling thread, used up.
void Burn(absl::Duration duration) {
  const auto used = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return absl::DurationFromTimespec(time);
  };
  for (const absl::Duration end = used() + duration; used() < end;) {
  }
}

class RulesAcceptorRootTest : public ScannedTest {
 protected:
  void SetUp() override {
    ScannedTest::SetUp();
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared;
  }
  void TearDown() override {
    connections_.clear();
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    server_.reset();
    cgroup_.reset();
    if (shared_ != nullptr) munmap(shared_, sizeof(Shared));
  }

  // A process of its own that listens, in a namespace of its own. `prepare` runs in it first. It accepts, and
  // calls `between` after each connection; it accepts nothing where that is null.
  void Serve(int backlog, const std::function<void()>& prepare, const std::function<void()>& between) {
    server_.emplace();
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const sys::UniqueFd from_child(ends[0]);
    sys::UniqueFd to_parent(ends[1]);
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int listener = ListenInside(backlog, prepare);
      if (write(to_parent.get(), "r", 1) != 1) _exit(1);
      while (between) AcceptOne(listener, between);
      for (;;) pause();
    }
    to_parent.reset();
    char ready = 0;
    ASSERT_EQ(read(from_child.get(), &ready, 1), 1) << "the server ended";
  }
  [[nodiscard]] int ListenInside(int backlog, const std::function<void()>& prepare) const {
    sys::UniqueFd netns(open(server_->path().c_str(), O_RDONLY | O_CLOEXEC));
    if (setns(netns.get(), CLONE_NEWNET) != 0) _exit(1);
    netns.reset();
    if (prepare) prepare();
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kPort);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    if (!bound || listen(listener, backlog) != 0) _exit(1);
    return listener;
  }
  void AcceptOne(int listener, const std::function<void()>& between) const {
    // Stays open: the client waits to see it established.
    if (accept(listener, nullptr, nullptr) < 0) return;
    ++shared_->accepted;
    between();
  }

  void Connect(size_t count) {
    for (size_t i = 0; i < count; ++i) connections_.push_back(test::Connect(*server_, kAddress, kPort));
  }
  // Connections that nobody waits for: the queue is full afterwards, or they were all taken.
  void Push(size_t count) {
    for (auto& connection : test::StartConnects(*server_, kAddress, kPort, count)) {
      connections_.push_back(std::move(connection));
    }
  }
  void AwaitAccepted(uint32_t count) {
    ASSERT_TRUE(test::WaitUntil([&] { return shared_->accepted >= count; })) << shared_->accepted;
  }
  void ReadFor(int seconds) {
    for (int i = 0; i < seconds; ++i) Read(*server_);
  }
  std::vector<model::Finding> Find(const Rule& rule) { return ScannedTest::Find(*server_, rule); }
  void AwaitState(char state) {
    const std::string path = absl::StrCat("/proc/", pid_, "/stat");
    ASSERT_TRUE(test::WaitUntil([&] {
      const auto stat = sys::ReadFile(path);
      return stat.ok() && absl::StrContains(*stat, absl::StrCat(") ", std::string(1, state), " "));
    }));
  }

  // A queue of kBacklog that is full and accepted from now and then: `rounds` seconds of it. On a slow
  // machine it may lose a fifth between a push and the reading.
  static constexpr int kBacklog = 50;
  void KeepFull(int rounds) {
    Push(kBacklog + 10);
    Read(*server_);
    for (int i = 0; i < rounds; ++i) {
      AwaitAccepted(shared_->accepted + 1);
      Push(20);
      Read(*server_);
    }
  }

  Shared* shared_ = nullptr;
  std::optional<test::TestCgroup> cgroup_;
  std::optional<test::TestNetns> server_;
  pid_t pid_ = 0;
  std::vector<sys::UniqueFd> connections_;
};

// ---- accept-stopped

TEST_F(RulesAcceptorRootTest, StoppedProcess) {
  Serve(8, nullptr, [] {});
  Connect(3);
  AwaitAccepted(3);
  ReadFor(12);
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty());
  ASSERT_EQ(kill(pid_, SIGSTOP), 0);
  AwaitState('T');
  ReadFor(12);
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty()) << "nobody waits";
  Connect(2);
  ReadFor(12);
  const auto findings = Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  const std::string pid = absl::StrCat(pid_);
  EXPECT_EQ(EvidenceValue(findings[0], "queue"), "2");
  EXPECT_EQ(EvidenceValue(findings[0], "state of pid " + pid), "T");
  EXPECT_EQ(EvidenceValue(findings[0], "accepted, by TcpPassiveOpens and the queue"), "0");
  EXPECT_THAT(findings[0].explanation, HasSubstr("2 connections wait, and nothing was accepted in "));
  EXPECT_THAT(findings[0].explanation, HasSubstr("is stopped by a signal (state T)."));
  // What the finding advises.
  EXPECT_THAT(findings[0].fix, HasSubstr("kill -CONT " + pid));
  ASSERT_EQ(kill(pid_, SIGCONT), 0);
  AwaitAccepted(5);
  Read(*server_);
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty());
}

TEST_F(RulesAcceptorRootTest, LiveProcessThatAcceptsNothing) {
  Serve(2, nullptr, nullptr);
  Read(*server_);
  Connect(3);
  ReadFor(10);
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty()) << "not yet";
  Push(4);
  ReadFor(2);
  const auto findings = Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical) << "full";
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "4");
  EXPECT_THAT(findings[0].explanation, HasSubstr("is alive but does not call accept(2)"));
  EXPECT_THAT(Find(kAcceptTooSlow), IsEmpty());
  EXPECT_EQ(Find(kBacklogTooSmall).at(0).severity, Severity::kWarning);
}

// ---- accept-too-slow

TEST_F(RulesAcceptorRootTest, SlowAcceptor) {
  Serve(kBacklog, nullptr, [] { poll(nullptr, 0, 20); });
  Read(*server_);
  KeepFull(9);
  EXPECT_THAT(Find(kAcceptTooSlow), IsEmpty()) << "a burst, so far";
  ASSERT_THAT(Find(kBacklogTooSmall), SizeIs(1));
  EXPECT_EQ(Find(kBacklogTooSmall)[0].severity, Severity::kCritical);
  KeepFull(4);
  const auto findings = Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "50");
  EXPECT_THAT(EvidenceValue(findings[0], "processes that share it"),
              HasSubstr(absl::StrCat("(pid ", pid_, ")")));
  EXPECT_THAT(findings[0].explanation, HasSubstr("Neither a CPU limit"));
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty());
  EXPECT_EQ(Find(kBacklogTooSmall).at(0).severity, Severity::kWarning);
}

TEST_F(RulesAcceptorRootTest, ThrottledAcceptor) {
  const test::TestCgroup& cgroup = cgroup_.emplace("cpu");
  LISTENQ_SKIP_IF_(cgroup.why());
  // A tenth of a CPU, in periods of 10 ms.
  if (cgroup.v2()) {
    cgroup.Write("cpu.max", "1000 10000");
  } else {
    cgroup.Write("cpu.cfs_period_us", "10000");
    cgroup.Write("cpu.cfs_quota_us", "1000");
  }
  Serve(
      kBacklog, [&] { cgroup.Enter(); }, [] { Burn(absl::Milliseconds(2)); });
  Read(*server_);
  KeepFull(13);
  const auto findings = Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(EvidenceValue(findings[0], "cpu.stat nr_throttled"), HasSubstr(" periods"));
  EXPECT_THAT(findings[0].explanation,
              HasSubstr(absl::StrCat("Its cgroup ", cgroup.path(), " was out of CPU time in ")));
  EXPECT_THAT(findings[0].explanation, HasSubstr("its limit is 0.1 CPUs."));
  EXPECT_THAT(Find(kAcceptStopped), IsEmpty());
}

TEST_F(RulesAcceptorRootTest, BusyAcceptorThatKeepsUpIsHealthy) {
  // Room for all of them: a machine that is busy itself may hold the acceptor up.
  Serve(1024, nullptr, [] {});
  Read(*server_);
  for (int i = 0; i < 15; ++i) {
    Connect(20);
    Read(*server_);
  }
  AwaitAccepted(300);
  for (const Rule* rule : {&kAcceptStopped, &kAcceptTooSlow, &kMemoryWalls, &kBacklogTooSmall}) {
    EXPECT_THAT(Find(*rule), IsEmpty()) << rule->id;
  }
}

// ---- descriptors

constexpr int kDescriptors = 64;

// Leaves `free` of them.
void UseUpDescriptors(int free) {
  // Those above the limit, inherited from whoever started the test, would be counted too.
  if (close_range(kDescriptors, ~0U, 0) != 0) test::Die("close inherited descriptors");
  const rlimit limit = {.rlim_cur = kDescriptors, .rlim_max = kDescriptors};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) test::Die("set limit of descriptors");
  while (open("/dev/null", O_RDONLY) >= 0) {
  }
  for (int i = 1; i <= free; ++i) close(kDescriptors - i);
}

TEST_F(RulesAcceptorRootTest, AcceptorWithoutDescriptors) {
  // One for the listener.
  Serve(
      8, [] { UseUpDescriptors(1); }, nullptr);
  Read(*server_);
  const auto findings = Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(EvidenceValue(findings[0], "open files of their limit"), "64 of 64");
  Connect(2);
  ReadFor(12);
  ASSERT_THAT(Find(kAcceptStopped), SizeIs(1));
  EXPECT_THAT(Find(kAcceptStopped)[0].explanation, HasSubstr("EMFILE"));
}

TEST_F(RulesAcceptorRootTest, AcceptorWithDescriptorsLeft) {
  Serve(
      8, [] { UseUpDescriptors(8); }, nullptr);
  Read(*server_);
  EXPECT_THAT(Find(kMemoryWalls), IsEmpty());
}

// ---- cgroups

// Waits for the end of a child that may not have been made.
void Reap(pid_t child) {
  if (child > 0) waitpid(child, nullptr, 0);
}

TEST_F(RulesAcceptorRootTest, CgroupWithoutTasks) {
  const test::TestCgroup& cgroup = cgroup_.emplace("pids");
  LISTENQ_SKIP_IF_(cgroup.why());
  // The kernel may still count a child for a moment after its end.
  cgroup.Write("pids.max", "8");
  const auto fork_once = [] {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    Reap(child);
  };
  Serve(
      8, [&] { cgroup.Enter(); }, fork_once);
  Read(*server_);
  Connect(1);
  AwaitAccepted(1);
  Connect(1);
  AwaitAccepted(2);
  clock_.Advance(absl::Minutes(1));
  Read(*server_);
  EXPECT_THAT(Find(kMemoryWalls), IsEmpty()) << "there was room for one";
  cgroup.Write("pids.max", "1");
  // The second is accepted after the first one's fork.
  Connect(2);
  AwaitAccepted(4);
  clock_.Advance(absl::Minutes(1));
  Read(*server_);
  const auto findings = Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_NE(EvidenceValue(findings[0], "pids.events max"), "0");
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "1");
  EXPECT_THAT(findings[0].explanation,
              HasSubstr(absl::StrCat("The tasks of cgroup ", cgroup.path(), " reached their limit of 1: ")));
}

// More than the cgroup may have; not more than it would need to be noticed.
void TakeMemory() {
  constexpr size_t kBytes = size_t{64} << 20;
  const sys::UniqueFd score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (write(score.get(), "1000", 4) != 4) _exit(1);
  void* memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  _exit(memory == MAP_FAILED ? 1 : 0);
}

TEST_F(RulesAcceptorRootTest, CgroupWithoutMemory) {
  const test::TestCgroup& cgroup = cgroup_.emplace("memory");
  LISTENQ_SKIP_IF_(cgroup.why());
  cgroup.Write(cgroup.v2() ? "memory.max" : "memory.limit_in_bytes", "16777216");
  const auto take_memory = [] {
    const pid_t child = fork();
    if (child == 0) TakeMemory();
    Reap(child);
  };
  Serve(
      8, [&] { cgroup.Enter(); }, take_memory);
  Read(*server_);
  EXPECT_THAT(Find(kMemoryWalls), IsEmpty());
  Connect(2);
  AwaitAccepted(2);
  clock_.Advance(absl::Minutes(1));
  Read(*server_);
  const auto findings = Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1)) << "is there swap?";
  EXPECT_NE(EvidenceValue(findings[0], "oom_kill"), "0");
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "16777216");
  EXPECT_THAT(findings[0].explanation,
              HasSubstr(absl::StrCat("The memory of cgroup ", cgroup.path(), " was used up")));
}

}  // namespace
}  // namespace listenq::analyze
