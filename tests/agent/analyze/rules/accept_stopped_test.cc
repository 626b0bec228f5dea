#include "agent/analyze/rules/accept_stopped.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/analyze/rules/accept_too_slow.h"
#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Three connections wait, of 129 that may, since 40 seconds.
struct WaitingWorld : World {
  WaitingWorld() {
    model::Listener& waiting = AddListener(1, model::LimitState::kApplication, 128, 3);
    waiting.reading.queue = 3;
    SetLag(waiting, {.waiting_since = At(kNow - 40)});
  }
  model::Listener& listener() { return ns->listeners[0]; }
  void Prove() { SetLag(listener(), {.waiting_since = At(kNow - 40), .no_accept_since = At(kNow - 35)}); }
};

TEST(AcceptStopped, NamesTheStoppedProcess) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T');
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(findings[0].listener, &world.listener());
  EXPECT_EQ(findings[0].since, At(kNow - 40));
  EXPECT_EQ(EvidenceValue(findings[0], "queue"), "3");
  EXPECT_EQ(EvidenceValue(findings[0], "state of pid 12"), "T");
  EXPECT_EQ(findings[0].explanation,
            "3 connections wait, and their number has not fallen in 40s. app (pid 12) is stopped by a signal "
            "(state T).");
  EXPECT_THAT(findings[0].fix, HasSubstr("kill -CONT 12"));
}

TEST(AcceptStopped, IsCriticalWithAllStoppedAlsoWhereTheCountsProveIt) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T');
  world.Prove();
  EXPECT_EQ(world.Find(kAcceptStopped).at(0).severity, Severity::kCritical);
}

TEST(AcceptStopped, NameOfAProcessBringsNoLines) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T').comm = "a\nfix  b";
  EXPECT_THAT(world.Find(kAcceptStopped).at(0).explanation, HasSubstr("a\\nfix  b (pid 12)"));
}

TEST(AcceptStopped, DebuggerIsNamedAsOne) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 't');
  EXPECT_THAT(world.Find(kAcceptStopped).at(0).explanation, HasSubstr("is held by a debugger (state t)."));
}

TEST(AcceptStopped, OneThatRunsMayStillAccept) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T');
  world.AddAcceptor(world.listener(), 13, 'S');
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
}

TEST(AcceptStopped, OneThatWasNotReadMayStillAccept) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T');
  auto more = std::make_shared<model::SocketProcesses>(*world.listener().processes);
  more->count = 2;
  world.listener().processes = more;
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
  more->count = 1;
  more->unreadable_reason = "open /proc/9/fd: Permission denied";
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
}

TEST(AcceptStopped, UninterruptibleSleepMustLast) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'D').state_since = At(kNow - 9);
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
  world.Acceptors().processes[0].state_since = At(kNow - 10);
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_THAT(findings[0].explanation, HasSubstr("app (pid 12) is in uninterruptible sleep (state D)."));
  EXPECT_THAT(findings[0].fix, HasSubstr("/proc/12/stack"));
}

TEST(AcceptStopped, LiveProcessThatDoesNotAcceptIsProven) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'S');
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty()) << "its queue may be refilled as fast as it accepts";
  world.Prove();
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 35));
  EXPECT_EQ(EvidenceValue(findings[0], "accepted, by TcpPassiveOpens and the queue"), "0");
  EXPECT_EQ(findings[0].explanation,
            "3 connections wait, and nothing was accepted in 35s. app (pid 12) is alive but does not call "
            "accept(2): it is busy, or waits for something else.");
  EXPECT_THAT(findings[0].fix, HasSubstr("py-spy dump --pid 12"));
}

TEST(AcceptStopped, UsedUpDescriptorsAreTheCause) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'S').open_fds = 1024;
  world.Prove();
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation, HasSubstr("EMFILE"));
  EXPECT_THAT(findings[0].fix, HasSubstr("LimitNOFILE="));
}

TEST(AcceptStopped, SocketThatNobodyHolds) {
  WaitingWorld world;
  auto nobody = std::make_shared<model::SocketProcesses>();
  nobody->count = 0;
  world.listener().processes = nobody;
  world.Prove();
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation, HasSubstr("No process of this namespace holds the socket."));
  EXPECT_THAT(findings[0].fix, HasSubstr("1001")) << "the socket's inode";
}

TEST(AcceptStopped, FullQueueIsCritical) {
  WaitingWorld world;
  world.listener().reading.queue = 129;
  world.Prove();
  world.AddEpisode({.accept_queue_full = 5}, 10, {Share(1, 5, 5, 129)});
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "5");
}

TEST(AcceptStopped, QueueThatDidNotChangeForHalfAMinute) {
  WaitingWorld world;
  SetLag(world.listener(), {.waiting_since = At(kNow - 40), .unchanged_since = At(kNow - 29)});
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
  SetLag(world.listener(), {.waiting_since = At(kNow - 40), .unchanged_since = At(kNow - 30)});
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation, HasSubstr("did not change in 30s: nothing seems to be accepted."));
}

// What a slow acceptor leaves is filled at once.
TEST(AcceptStopped, UnchangedAndHighIsNoSign) {
  WaitingWorld world;
  SetLag(world.listener(), {.high_since = At(kNow - 40),
                            .high_until = absl::InfiniteFuture(),
                            .waiting_since = At(kNow - 40),
                            .unchanged_since = At(kNow - 40)});
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
}

// Nobody accepts, and other listeners of the namespace are busy.
struct PinnedWorld : WaitingWorld {
  PinnedWorld() {
    listener().reading.queue = 129;
    SetLag(listener(), {.high_since = At(kNow - 100),
                        .high_until = absl::InfiniteFuture(),
                        .waiting_since = At(kNow - 100),
                        .unchanged_since = At(kNow - 100)});
    AddAcceptor(listener(), 12, 'S');
    AddEpisode({.accept_queue_full = 5}, 31, {Share(1, 5, 5, 129)});
    listener().last_drop = At(kNow - 31);
  }
};

TEST(AcceptStopped, FullQueueThatLosesNothingAnyMoreIsRefilledByNobody) {
  PinnedWorld world;
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(findings[0].since, At(kNow - 100));
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("129 connections wait, and their number did not change in 1m40s: nothing seems to be "
                        "accepted. app (pid 12) is alive but seems not to call accept(2)"));
  EXPECT_THAT(world.Find(kAcceptTooSlow), IsEmpty());
}

TEST(AcceptStopped, FullQueueThatStillLosesMayBeRefilled) {
  PinnedWorld world;
  world.listener().last_drop = At(kNow - 29);
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
  const auto findings = world.Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("come faster than they are accepted, if any is: no sample saw room in it. "));
  EXPECT_THAT(findings[0].fix,
              StartsWith("first see whether it accepts at all: cat /proc/12/task/*/stack\n"));
}

// With each connection to another listener the proof begins anew; the queue is full as long as it is.
TEST(AcceptStopped, BeginsWhenTheQueueDid) {
  PinnedWorld world;
  model::AcceptLag lag = *world.listener().lag;
  lag.no_accept_since = At(kNow - 12);
  SetLag(world.listener(), lag);
  const auto findings = world.Find(kAcceptStopped);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].since, At(kNow - 100));
  EXPECT_THAT(findings[0].explanation, HasSubstr("nothing was accepted in 12s. "));
}

TEST(AcceptStopped, StoppedProcessWithoutWaitingConnectionsIsNone) {
  WaitingWorld world;
  world.AddAcceptor(world.listener(), 12, 'T');
  world.listener().lag = nullptr;
  EXPECT_THAT(world.Find(kAcceptStopped), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
