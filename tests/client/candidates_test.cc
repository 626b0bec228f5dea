#include "client/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Answer<v1::Namespace> Namespaces() {
  Answer<v1::Namespace> answer;
  for (const char* text :
       {"netns { names: 'cni-1' names: 'blue' } owners { namespace: 'shop' pod: 'web-0' container: 'nginx' } "
        "owners { namespace: 'shop' pod: 'web-0' container: 'log' }",
        "owners { namespace: 'mq' pod: 'emqx-0' container: 'emqx' }",
        "netns { host: true } owners { source: OWNER_SOURCE_HOST } "
        "owners { namespace: 'shop' pod: 'api-1' container: 'api' }",
        "netns { inode: 7 names: 'a name' names: '$(id)' } owners { container: 'redis' } "
        "owners { pod: '-rf' container: 'x\\033[31m' }"}) {
    answer.items.push_back({"n", Proto<v1::Namespace>(text)});
  }
  return answer;
}

TEST(CandidatesFrom, GivesEachNameOnceInOrder) {
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kNamespaces, {}), ElementsAre("mq", "shop"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kPods, {}), ElementsAre("api-1", "emqx-0", "web-0"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kContainers, {}),
              ElementsAre("api", "emqx", "log", "nginx", "redis"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kNetns, {}), ElementsAre("blue", "cni-1", "host"));
}

TEST(CandidatesFrom, GivesWhatFitsTheFlags) {
  const Selection of_shop = {.namespaces = {"shop"}};
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kNamespaces, of_shop), ElementsAre("mq", "shop"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kPods, of_shop), ElementsAre("api-1", "web-0"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kContainers, of_shop),
              ElementsAre("api", "log", "nginx"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kContainers, {.pods = {"web-0"}}),
              ElementsAre("log", "nginx"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kContainers, {.namespaces = {"mq"}, .pods = {"e*"}}),
              ElementsAre("emqx"));
  EXPECT_THAT(CandidatesFrom(Namespaces(), NameKind::kPods, {.namespaces = {"none"}}), IsEmpty());
}

TEST(CandidatesFrom, NamesSysctls) {
  Answer<v1::SysctlSummary> answer;
  answer.items = {{"", Proto<v1::SysctlSummary>("name: 'net.ipv4.tcp_rmem'")},
                  {"", Proto<v1::SysctlSummary>("name: 'net.core.somaxconn'")}};
  EXPECT_THAT(CandidatesFrom(answer), ElementsAre("net.core.somaxconn", "net.ipv4.tcp_rmem"));
}

TEST(CandidatesFrom, NamesRulesThatFoundSomething) {
  Answer<v1::Finding> answer;
  for (const char* rule : {"somaxconn-clamp", "backlog-too-small", "somaxconn-clamp"}) {
    v1::Finding finding;
    finding.set_rule_id(rule);
    answer.items.push_back({"n", finding});
  }
  EXPECT_THAT(CandidatesFrom(answer), ElementsAre("backlog-too-small", "somaxconn-clamp"));
}

TEST(IsOfferable, TakesNothingThatAShellReads) {
  for (const char* name : {"api-7f9c5d-x2x4k", "net.ipv4.conf.eth0/1.rp_filter", "A_b@c%d+e"}) {
    EXPECT_TRUE(IsOfferable(name)) << name;
  }
  for (const char* name : {"", "-rf", "a b", "a\tb", "a\nb", "a\x1b[31m", "$(id)", "`id`", "a;b", "a'b",
                           "a\"b", "a*", "a:b", "caf\xc3\xa9", "a\\b", "~a", "#a", "a&b"}) {
    EXPECT_FALSE(IsOfferable(name)) << name;
  }
}

}  // namespace
}  // namespace listenq::client
