#include "agent/analyze/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Finds each episode that it is shown.
void ReportEpisodes(const Case& the_case, std::vector<model::Finding>* findings) {
  for (const model::DropEpisode& episode : the_case.episodes) {
    model::Finding finding;
    finding.severity = episode.counts.other > 0 ? model::Severity::kInfo : model::Severity::kWarning;
    finding.since = episode.start;
    findings->push_back(finding);
  }
}
const Rule kReportEpisodes = {.id = "report-episodes", .summary = "", .check = ReportEpisodes};

void ReportHost(const Case& the_case, std::vector<model::Finding>* findings) {
  if (the_case.host != nullptr) findings->emplace_back().since = the_case.host->counters_time;
}
const Rule kReportHost = {.id = "report-host", .summary = "", .check = ReportHost};

TEST(Findings, RuleAndNamespaceAreFilledIn) {
  World world;
  world.AddEpisode({.accept_queue_full = 1}, 10);
  const auto findings = world.Find({&kReportEpisodes});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].rule_id, "report-episodes");
  EXPECT_EQ(findings[0].ns, world.ns.get());
}

TEST(Findings, OldEpisodesAreForgotten) {
  World world;
  world.AddEpisode({.accept_queue_full = 1}, 15 * 60 + 1);
  EXPECT_THAT(world.Find({&kReportEpisodes}), IsEmpty());
  world.AddEpisode({.accept_queue_full = 1}, 15 * 60);
  EXPECT_THAT(world.Find({&kReportEpisodes}), SizeIs(1));
}

TEST(Findings, EpisodesOfOtherNamespacesAreNotShown) {
  World world;
  world.AddEpisode({.accept_queue_full = 1}, 10).netns = Netns(kSerial + 1);
  EXPECT_THAT(world.Find({&kReportEpisodes}), IsEmpty());
}

TEST(Findings, NamespacesThatCantBeObservedAreLeftOut) {
  World world;
  world.AddEpisode({.accept_queue_full = 1}, 10);
  world.ns->not_observable_reason = "not observable: guest kernel";
  EXPECT_THAT(world.Find({&kReportEpisodes}), IsEmpty());
}

TEST(Findings, EndedAndUnwantedNamespacesAreLeftOut) {
  World world;
  world.AddEpisode({.accept_queue_full = 1}, 10);
  model::Snapshot snapshot;
  snapshot.ended = {world.ns};
  const Rule* rule = &kReportEpisodes;
  const auto all = [](const model::Namespace&) { return true; };
  EXPECT_THAT(FindAll(snapshot, {&rule, 1}, world.episodes, all, At(kNow)), IsEmpty());
  snapshot.namespaces = {world.ns};
  EXPECT_THAT(FindAll(snapshot, {&rule, 1}, world.episodes, all, At(kNow)), SizeIs(1));
  const auto none = [](const model::Namespace&) { return false; };
  EXPECT_THAT(FindAll(snapshot, {&rule, 1}, world.episodes, none, At(kNow)), IsEmpty());
}

TEST(Findings, WorstComeFirstThenTheOldest) {
  World world;
  world.AddEpisode({.other = 1}, 600);
  world.AddEpisode({.accept_queue_full = 1}, 10);
  world.AddEpisode({.accept_queue_full = 1}, 300);
  const auto findings = world.Find({&kReportEpisodes});
  ASSERT_THAT(findings, SizeIs(3));
  EXPECT_EQ(findings[0].since, At(kNow - 360));
  EXPECT_EQ(findings[1].since, At(kNow - 70));
  EXPECT_EQ(findings[2].severity, model::Severity::kInfo);
}

TEST(Findings, HostIsShownToTheRulesOfOthers) {
  World world;
  EXPECT_THAT(world.Find({&kReportHost}), IsEmpty());
  world.AddHost({});
  world.host->counters_time = At(1);
  const auto findings = world.Find({&kReportHost});
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[1].ns, world.ns.get());
  EXPECT_EQ(findings[1].since, At(1));
}

TEST(Findings, IdsAreUniqueAndSummariesAreOneLine) {
  std::set<absl::string_view> ids;
  for (const Rule* rule : BuiltInRules()) {
    EXPECT_TRUE(ids.insert(rule->id).second) << rule->id;
    EXPECT_THAT(std::string(rule->summary), ::testing::MatchesRegex("[^\n]{10,100}")) << rule->id;
  }
}

// All of it moves, and none of it is wrong.
TEST(Findings, HealthyBusySystemHasNone) {
  World world;
  world.AddHost({{"net.core.somaxconn", "4096"},
                 {"net.ipv4.ip_local_port_range", "32768 60999"},
                 {"net.ipv4.tcp_max_syn_backlog", "1024"},
                 {"net.ipv4.tcp_mem", "94770 126361 189540"},
                 {"net.netfilter.nf_conntrack_max", "262144"},
                 {"net.netfilter.nf_conntrack_count", "150000"}});
  world.host->sockets.tcp_memory_pages = 100000;
  world.SetOwner(PodOwner());
  world.ns->sysctls = SysctlsWith({{"net.core.somaxconn", "4096"},
                                   {"net.ipv4.tcp_abort_on_overflow", "0"},
                                   {"net.ipv4.tcp_syncookies", "1"},
                                   {"net.ipv4.tcp_max_syn_backlog", "1024"},
                                   {"net.ipv4.tcp_max_tw_buckets", "131072"},
                                   {"net.ipv4.ip_local_port_range", "32768 60999"},
                                   {"net.netfilter.nf_conntrack_max", "262144"},
                                   {"net.netfilter.nf_conntrack_count", "200000"}});
  world.ns->declared_sysctls = std::make_shared<const std::map<std::string, std::string>>(
      std::map<std::string, std::string>{{"net.ipv4.ip_local_port_range", "32768 60999"}});
  world.ns->sockets.time_wait = 100000;
  world.AddListener(1, model::LimitState::kApplication, 511, 500);
  world.AddListener(2, model::LimitState::kSomaxconn, 4096, 3000);
  world.SetIncreases({{"TcpExtListenDrops", 0},
                      {"TcpExtSyncookiesSent", 0},
                      {"TcpExtEmbryonicRsts", 4000},
                      {"TcpExtTCPTimeWaitOverflow", 0},
                      {"TcpExtPAWSEstab", 9},
                      {"TcpExtPAWSActive", 0},
                      {"TcpExtTCPSynRetrans", 40000},
                      {"TcpExtTCPTimeouts", 90000},
                      {"TcpPassiveOpens", 1000000},
                      {"TcpActiveOpens", 1000000},
                      {"TcpAttemptFails", 4000},
                      {"TcpRetransSegs", 300000},
                      {"UdpInDatagrams", 5000000},
                      {"UdpRcvbufErrors", 9}});
  model::Listener& busy = world.ns->listeners[0];
  SetLag(busy, {.high_since = At(kNow - 300), .high_until = At(kNow - 200)});
  model::Acceptor& acceptor = world.AddAcceptor(busy, 12, 'D');
  acceptor.open_fds = 900;
  for (const auto kind :
       {model::WallId::Kind::kCpu, model::WallId::Kind::kMemory, model::WallId::Kind::kPids}) {
    world.AddWall(kind, {}).used = 999;
    acceptor.walls.push_back(world.Acceptors().walls.back().id);
  }
  world.Acceptors().walls[0].increase.by = {.hits = 20, .periods = 100};
  const auto findings = world.Find(BuiltInRules());
  for (const model::Finding& finding : findings) {
    ADD_FAILURE() << finding.rule_id << ": " << finding.explanation;
  }
}

// Nor one of which nothing but its existence is known.
TEST(Findings, UnreadNamespaceHasNone) {
  World world;
  world.ns->listeners.emplace_back();
  EXPECT_THAT(world.Find(BuiltInRules()), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
