// A node of one or two namespaces, and what a rule finds in it.
#ifndef LISTENQ_TESTS_AGENT_ANALYZE_RULES_WORLD_H_
#define LISTENQ_TESTS_AGENT_ANALYZE_RULES_WORLD_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "agent/analyze/counter_window.h"
#include "agent/analyze/findings.h"
#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {

// What every finding of a built-in rule has.
inline void ExpectWellFormed(const std::vector<model::Finding>& findings) {
  for (const model::Finding& finding : findings) {
    SCOPED_TRACE(finding.rule_id + ": " + finding.explanation);
    EXPECT_THAT(finding.evidence, ::testing::Not(::testing::IsEmpty()));
    EXPECT_NE(finding.fix, "");
    EXPECT_THAT(finding.explanation, ::testing::EndsWith("."));
    // Two sentences at most.
    const std::vector<std::string> sentences = absl::StrSplit(finding.explanation, ". ");
    EXPECT_LE(sentences.size(), 2u);
    EXPECT_GT(finding.since, absl::InfinitePast());
  }
}

inline constexpr model::NetnsSerial kSerial = 7;
inline constexpr double kNow = 10000;

// Change what is to be otherwise, then ask for the findings.
struct World {
  std::shared_ptr<model::Namespace> ns = Value(kSerial, {});
  // Null: the node has none that is known.
  std::shared_ptr<model::Namespace> host;
  std::vector<model::DropEpisode> episodes;
  model::Snapshot snapshot;

  World() {
    auto id = std::make_shared<model::NetnsId>(*ns->id);
    id->first_seen = At(0);
    ns->id = id;
  }

  void AddHost(const std::vector<std::pair<std::string, std::string>>& sysctls) {
    host = Value(1, {});
    auto id = std::make_shared<model::NetnsId>(*host->id);
    id->host = true;
    host->id = id;
    host->sysctls = SysctlsWith(sysctls);
    host->sysctls_time = At(kNow - 20);
  }
  void SetOwner(model::Owner owner) {
    ns->owners = std::make_shared<const std::vector<model::Owner>>(std::vector{std::move(owner)});
  }
  void SetIncreases(const std::map<std::string, uint64_t>& by) {
    auto increases = std::make_shared<model::CounterIncreases>();
    increases->since = At(kNow - 900);
    increases->until = At(kNow);
    for (const auto& name : CounterWindow::kCounters) {
      const auto found = by.find(std::string(name));
      if (found == by.end()) continue;
      increases->list.push_back(
          {.name = name, .by = found->second, .first = At(kNow - 600), .last = At(kNow - 20)});
    }
    ns->increases = increases;
  }
  // The last drop `age` seconds ago, the first a minute before that.
  model::DropEpisode& AddEpisode(model::DropCounts counts, double age,
                                 std::vector<model::DropShare> shares = {}) {
    model::DropEpisode& episode = episodes.emplace_back();
    episode.netns = ns->id;
    episode.last = At(kNow - age);
    episode.start = episode.last - absl::Minutes(1);
    episode.counts = counts;
    episode.unattributed = counts.total();
    for (model::DropShare& share : shares) {
      share.start = episode.start;
      share.last = episode.last;
      episode.unattributed -= share.drops.min;
    }
    episode.shares = std::move(shares);
    return episode;
  }
  // A listener with the limit 128, whose queue was as high.
  model::Listener& AddListener(uint64_t cookie, model::LimitState state, uint32_t limit = 128,
                               uint32_t peak_queue = 0) {
    model::Listener& listener = ns->listeners.emplace_back();
    listener.reading = Socket(cookie, 0, 0, limit);
    listener.limit_state = state;
    listener.peak_queue = peak_queue;
    listener.first_seen = At(5);
    return listener;
  }

  // A process that holds `listener`, as many as there were before it too.
  model::Acceptor& AddAcceptor(model::Listener& listener, uint32_t pid, char state) {
    auto processes = listener.processes == nullptr
                         ? std::make_shared<model::SocketProcesses>()
                         : std::make_shared<model::SocketProcesses>(*listener.processes);
    processes->count = processes->count.value_or(0) + 1;
    processes->first.push_back({.pid = pid, .comm = "app"});
    listener.processes = processes;
    model::Acceptor& acceptor = Acceptors().processes.emplace_back();
    acceptor.pid = pid;
    acceptor.comm = "app";
    acceptor.state = state;
    acceptor.state_since = At(kNow - 60);
    acceptor.open_fds = 10;
    acceptor.fd_limit = 1024;
    return acceptor;
  }
  // A wall that was hit so often in the last 15 minutes.
  model::Wall& AddWall(model::WallId::Kind kind, model::WallHits by, uint64_t limit = 1000) {
    model::Wall& wall = Acceptors().walls.emplace_back();
    wall.id = {.kind = kind, .name = "/pod"};
    wall.counter = "its counter";
    wall.limit = limit;
    wall.increase = {.by = by, .window = absl::Seconds(900), .first = At(kNow - 100)};
    return wall;
  }
  model::Acceptors& Acceptors() {
    if (acceptors == nullptr) acceptors = std::make_shared<model::Acceptors>();
    ns->acceptors = acceptors;
    return *acceptors;
  }
  std::shared_ptr<model::Acceptors> acceptors;

  // Valid as long as this is, and nothing is found anew.
  std::vector<model::Finding> Find(absl::Span<const Rule* const> rules) {
    snapshot.namespaces.clear();
    if (host != nullptr) snapshot.namespaces.push_back(host);
    snapshot.namespaces.push_back(ns);
    return FindAll(
        snapshot, rules, episodes, [](const model::Namespace&) { return true; }, At(kNow));
  }
  std::vector<model::Finding> Find(const Rule& rule) {
    std::vector<model::Finding> findings = Find({&rule});
    ExpectWellFormed(findings);
    return findings;
  }
};

inline void SetProcess(model::Listener& listener, const std::string& comm) {
  auto processes = std::make_shared<model::SocketProcesses>();
  processes->count = 1;
  processes->first.push_back({.pid = 1, .comm = comm});
  listener.processes = processes;
}

// As long as the test says; what is not set is not so.
inline void SetLag(model::Listener& listener, model::AcceptLag lag) {
  listener.lag = std::make_shared<const model::AcceptLag>(lag);
}

// "" where there is none.
inline std::string EvidenceValue(const model::Finding& finding, const std::string& name) {
  const auto found = std::find_if(finding.evidence.begin(), finding.evidence.end(),
                                  [&](const model::Evidence& evidence) { return evidence.name == name; });
  return found == finding.evidence.end() ? "" : found->value;
}

// As a pod is named by its runtime.
inline model::Owner PodOwner() {
  model::Owner owner;
  owner.namespace_name = "shop";
  owner.pod = "web-0";
  owner.pod_uid = "uid";
  owner.source = model::OwnerSource::kCri;
  return owner;
}

}  // namespace listenq::analyze

#endif  // LISTENQ_TESTS_AGENT_ANALYZE_RULES_WORLD_H_
