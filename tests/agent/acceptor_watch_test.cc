#include "agent/acceptor_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/agent/analyze/builders.h"
#include "tests/agent/discover/fake_proc.h"

namespace listenq::agent {
namespace {

using analyze::At;
using analyze::Full;
using analyze::Socket;
using ::testing::SizeIs;

// A namespace and what is kept of it.
struct Place {
  explicit Place(bool host = false) : ns({.serial = 1, .host = host}, At(0)) {}

  // Two listeners, of which the first has so many connections waiting.
  void Read(double second, uint32_t queue) { ns.ApplyFull(Full(second, {Socket(1, queue), Socket(2)})); }
  void SetProcesses(uint64_t cookie, uint32_t first_pid, uint32_t count) {
    auto processes = std::make_shared<model::SocketProcesses>();
    processes->count = count;
    for (uint32_t i = 0; i < count; ++i) processes->first.push_back({.pid = first_pid + i, .comm = "app"});
    ns.SetSocketProcesses(Socket(cookie).inode, processes);
  }
  [[nodiscard]] std::string States() const {
    std::string states;
    if (ns.value().acceptors == nullptr) return "none";
    for (const model::Acceptor& acceptor : ns.value().acceptors->processes)
      states += acceptor.state.value_or('?');
    return states;
  }

  analyze::NamespaceTracker ns;
  AcceptorWatch::Watched watched;
};

class AcceptorWatchTest : public ::testing::Test {
 protected:
  void SetState(uint32_t pid, char state) {
    proc_.WriteFile(std::to_string(pid) + "/stat",
                    std::string("1 (app) ") + state + " 1 1 1 0 -1 4194560 0\n");
  }
  void Beat(double second, const std::vector<Place*>& places) {
    watch_.BeginBeat();
    for (Place* place : places) watch_.LookAtLagging(&place->ns, &place->watched, At(second));
    for (Place* place : places) watch_.LookAtAll(&place->ns, &place->watched, At(second));
  }

  test::FakeProc proc_;
  AcceptorWatch watch_{{.proc = proc_.path(), .cgroup_root = "/nowhere"}, absl::Minutes(1)};
};

TEST_F(AcceptorWatchTest, IdleListenersAreLookedAtOnceAMinute) {
  Place place;
  place.Read(0, 0);
  place.SetProcesses(1, 10, 1);
  SetState(10, 'S');
  Beat(0, {&place});
  EXPECT_EQ(place.States(), "S");
  SetState(10, 'T');
  Beat(59, {&place});
  EXPECT_EQ(place.States(), "S");
  Beat(60, {&place});
  EXPECT_EQ(place.States(), "T");
}

TEST_F(AcceptorWatchTest, ThoseWhoseQueueStandsStillAreLookedAtInEveryBeat) {
  Place place;
  place.Read(0, 3);
  place.SetProcesses(1, 10, 1);
  place.SetProcesses(2, 20, 1);
  SetState(10, 'S');
  SetState(20, 'S');
  Beat(0, {&place});
  place.Read(10, 3);
  SetState(10, 'T');
  SetState(20, 'T');
  Beat(10, {&place});
  EXPECT_EQ(place.States(), "TS") << "the other listener's process waits for its minute";
  place.Read(11, 0);
  SetState(10, 'S');
  Beat(11, {&place});
  EXPECT_EQ(place.States(), "TS") << "its queue is empty again";
}

TEST_F(AcceptorWatchTest, BeatHasARoomThatLaterOnesGiveToOthers) {
  std::vector<std::unique_ptr<Place>> places;
  std::vector<Place*> all;
  for (uint32_t i = 0; i < 5; ++i) {
    places.push_back(std::make_unique<Place>());
    all.push_back(places.back().get());
    all.back()->Read(0, 0);
    all.back()->SetProcesses(1, 1000 + 100 * i, AcceptorWatch::kMaxOfNamespace);
    SetState(1000 + 100 * i, 'S');
  }
  Beat(0, all);
  EXPECT_EQ(all[3]->States(), "S");
  EXPECT_EQ(all[4]->States(), "none");
  Beat(1, all);
  EXPECT_EQ(all[4]->States(), "S");
}

TEST_F(AcceptorWatchTest, NamespaceHasABound) {
  Place place;
  place.Read(0, 0);
  place.SetProcesses(1, 1000, AcceptorWatch::kMaxOfNamespace);
  place.SetProcesses(2, 2000, 1);
  SetState(1000, 'S');
  SetState(2000, 'T');
  Beat(0, {&place});
  EXPECT_EQ(place.States(), "S");
}

TEST_F(AcceptorWatchTest, BeanCountersAreTheHosts) {
  proc_.WriteFile("user_beancounters", "Version: 2.5\n 101: numtcpsock 3 3 4 4 1\n");
  Place host(/*host=*/true);
  Place other;
  Beat(0, {&host, &other});
  ASSERT_NE(host.ns.value().acceptors, nullptr);
  EXPECT_THAT(host.ns.value().acceptors->walls, SizeIs(1));
  EXPECT_EQ(other.ns.value().acceptors, nullptr);
}

TEST_F(AcceptorWatchTest, WhereNoProcessIsNamedNothingChanges) {
  Place place;
  place.Read(0, 0);
  const auto before = place.ns.Publish();
  Beat(0, {&place});
  EXPECT_EQ(place.ns.Publish(), before);
}

}  // namespace
}  // namespace listenq::agent
