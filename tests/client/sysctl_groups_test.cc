#include "client/sysctl_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::ElementsAre;

// 37 of 1,204 namespaces have 128.
constexpr char kSomaxconn[] = R"(
  name: 'net.core.somaxconn' kernel_default: '4096' host: '4096'
  values { value: '4096' namespace_count: 1166
           samples { owners { namespace: 'shop' pod: 'web-0' } } }
  values { value: '128' namespace_count: 4
           samples { owners { namespace: 'mq' pod: 'emqx-0' workload: 'StatefulSet emqx' stale: true } }
           samples { owners { namespace: 'shop' pod: 'api-1' workload: 'Deployment api' } }
           samples { owners { namespace: 'shop' pod: 'api-2' workload: 'Deployment api' } }
           samples { netns { names: 'blue' } } }
  values { unreadable_reason: 'not observable: guest kernel' namespace_count: 2
           samples { owners { namespace: 'shop' pod: 'sandboxed' } } }
  values { value: '' namespace_count: 33
           samples { owners { namespace: 'shop' pod: 'api-9' workload: 'Deployment api' } }
           samples { netns { inode: 9 } owners { process { comm: 'nginx' } } } })";
constexpr char kUniform[] = "name: 'net.ipv4.tcp_fin_timeout' values { value: '60' namespace_count: 1205 }";

Answer<v1::SysctlSummary> Summaries(const std::vector<std::string>& texts) {
  Answer<v1::SysctlSummary> answer;
  for (const auto& text : texts) answer.items.push_back({"", Proto<v1::SysctlSummary>(text)});
  return answer;
}

std::string ByValue(const Answer<v1::SysctlSummary>& answer, const TableStyle& style = {}, size_t limit = 0) {
  return RenderTable(SysctlGroupsTable(GroupSysctls(answer, limit), SysctlGrouping::kValue), style);
}

TEST(SysctlsByValue, NamesTheOwnersOfWhatDiffersFirst) {
  EXPECT_EQ(ByValue(Summaries({kUniform, kSomaxconn})),
            "SYSCTL                    VALUE       SAME AS                COUNT  OWNERS\n"
            "net.core.somaxconn        128         -                 4 of 1,205  shop/api (Deployment, 2 "
            "pods), netns blue, mq/emqx* (StatefulSet, 1 pod)\n"
            "net.core.somaxconn        \"\"          -                33 of 1,205  nginx (Process), shop/api "
            "(Deployment), 31 more\n"
            "net.core.somaxconn        unreadable  -                 2 of 1,205  not observable: guest "
            "kernel · shop/sandboxed, 1 more\n"
            "net.core.somaxconn        4096        host,default  1,166 of 1,205  -\n"
            "net.ipv4.tcp_fin_timeout  60          -             1,205 of 1,205  -\n");
}

std::vector<std::string> NamesInOrder(const std::vector<SysctlGroup>& groups) {
  std::vector<std::string> names;
  for (const SysctlGroup& group : groups) {
    if (names.empty() || names.back() != group.name) names.push_back(group.name);
  }
  return names;
}

TEST(SysctlsByValue, PutsLastInWhatNobodyDiffers) {
  const auto answer = Summaries({"name: 'same' values { value: '1' namespace_count: 3 }",
                                 "name: 'shared' host: '8' values { value: '8' namespace_count: 1 } "
                                 "values { value: '-8' namespace_count: 2 }",
                                 "name: 'unreadable' values { value: '1' namespace_count: 2 } "
                                 "values { unreadable_reason: 'gone' namespace_count: 1 }",
                                 "name: 'everybody' values { value: '1' namespace_count: 1 } "
                                 "values { value: '2' namespace_count: 1 }",
                                 "name: 'few' values { value: '1' namespace_count: 2 } "
                                 "values { value: '2' namespace_count: 1 }"});
  EXPECT_THAT(NamesInOrder(GroupSysctls(answer, 0)),
              ElementsAre("few", "everybody", "same", "shared", "unreadable"));
}

TEST(SysctlsByValue, ComparesNoCounts) {
  const auto answer =
      Summaries({"name: 'net.netfilter.nf_conntrack_count' host: '9' "
                 "values { value: '1' namespace_count: 3 } "
                 "values { value: '2' namespace_count: 1 }",
                 kSomaxconn});
  EXPECT_EQ(NamesInOrder(GroupSysctls(answer, 0)),
            (std::vector<std::string>{"net.core.somaxconn", "net.netfilter.nf_conntrack_count"}));
}

TEST(SysctlsByValue, NamesAllOwnersWhereNoValueIsMostFrequent) {
  const auto answer = Summaries({R"(name: 'x'
    values { value: '1' namespace_count: 1 samples { owners { container: 'redis' } } }
    values { value: '2' namespace_count: 1 samples { netns { host: true } owners { source: OWNER_SOURCE_HOST } } })"});
  EXPECT_EQ(ByValue(answer),
            "SYSCTL  VALUE   COUNT  OWNERS\n"
            "x       1      1 of 2  redis (Container, 1 namespace)\n"
            "x       2      1 of 2  netns host\n");
}

TEST(SysctlsByValue, BoundsHowManyOwnersALineNames) {
  std::string text =
      "name: 'x' values { value: '1' namespace_count: 500 } values { value: '2' namespace_count: 100 ";
  for (int i = 10; i < 50; ++i) {
    absl::StrAppend(&text, "samples { owners { namespace: 'shop' pod: 'web-", i, "' } } ");
  }
  EXPECT_EQ(ByValue(Summaries({text + "}"}), {.headers = false}, 1),
            "x  2  100 of 600  shop/web-10, shop/web-11, shop/web-12, shop/web-13, shop/web-14, shop/web-15, "
            "94 more\n");
}

TEST(SysctlsByValue, FitsTheTerminal) {
  EXPECT_EQ(
      ByValue(Summaries({kUniform, kSomaxconn}), {.width = 100}),
      "SYSCTL                    VALUE       SAME AS                COUNT  OWNERS\n"
      "net.core.somaxconn        128         -                 4 of 1,205  shop/api (Deployment, 2 pods), …\n"
      "net.core.somaxconn        \"\"          -                33 of 1,205  nginx (Process), shop/api "
      "(Depl…\n"
      "net.core.somaxconn        unreadable  -                 2 of 1,205  not observable: guest kernel · …\n"
      "net.core.somaxconn        4096        host,default  1,166 of 1,205  -\n"
      "net.ipv4.tcp_fin_timeout  60          -             1,205 of 1,205  -\n");
}

TEST(SysctlGroupsCsv, HasARowForEachValue) {
  EXPECT_EQ(
      SysctlGroupsCsv(GroupSysctls(Summaries({kSomaxconn}), 0), true),
      "name,nodeName,namespace,workload,value,unreadableReason,namespaces,of,isHost,isKernelDefault,owners\n"
      "net.core.somaxconn,,,,128,,4,1205,false,false,\"shop/api (Deployment, 2 pods);netns blue;mq/emqx* "
      "(StatefulSet, 1 pod)\"\n"
      "net.core.somaxconn,,,,,,33,1205,false,false,\"nginx (Process);shop/api (Deployment);31 more\"\n"
      "net.core.somaxconn,,,,,\"not observable: guest kernel\",2,1205,false,false,\"shop/sandboxed;1 more\"\n"
      "net.core.somaxconn,,,,4096,,1166,1205,true,true,\n");
}

constexpr char kDeclared[] = "value: '128' host: '4096' kernel_default: '4096'";
constexpr char kDefault[] = "value: '4096' host: '4096' kernel_default: '4096'";

// Hundreds of pods on three nodes, a few of which differ.
Answer<v1::Namespace> ManyNamespaces() {
  Answer<v1::Namespace> answer;
  for (int i = 0; i < 300; ++i) {
    const std::string node_name = absl::StrCat("node-", i % 3);
    const bool is_mq = i % 100 == 7;
    const std::string owner =
        is_mq ? absl::StrCat("namespace: 'mq' pod: 'emqx-", i, "' workload: 'StatefulSet emqx'")
              : absl::StrCat("namespace: 'shop' pod: 'api-", i, "' workload: 'Deployment api'");
    const bool differs = is_mq || i == 12;
    answer.items.push_back({node_name, Proto<v1::Namespace>(absl::StrCat(
                                           "netns { inode: ", 1000 + i, " } owners { ", owner, " } ",
                                           "sysctls { key: 'net.core.somaxconn' value { ",
                                           differs ? kDeclared : kDefault, " } } ",
                                           "sysctls { key: 'net.ipv4.tcp_mem' value { unreadable_reason: "
                                           "'absent inside a namespace' } }"))});
  }
  return answer;
}

TEST(SysctlsByWorkload, PutsTheOutliersFirst) {
  const auto groups = GroupSysctls(ManyNamespaces(), SysctlGrouping::kWorkload, 0);
  EXPECT_EQ(
      RenderTable(SysctlGroupsTable(groups, SysctlGrouping::kWorkload), {}),
      "SYSCTL              NAMESPACE  WORKLOAD          VALUE       SAME AS            COUNT  UNREADABLE\n"
      "net.core.somaxconn  mq         StatefulSet emqx  128         -                 3 of 3  -\n"
      "net.core.somaxconn  shop       Deployment api    128         -               1 of 297  -\n"
      "net.core.somaxconn  shop       Deployment api    4096        host,default  296 of 297  -\n"
      "net.ipv4.tcp_mem    shop       Deployment api    unreadable  -             297 of 297  absent inside "
      "a namespace\n"
      "net.ipv4.tcp_mem    mq         StatefulSet emqx  unreadable  -                 3 of 3  absent inside "
      "a namespace\n");
  EXPECT_EQ(
      SysctlGroupsCsv(groups, false),
      "net.core.somaxconn,,mq,\"StatefulSet emqx\",128,,3,3,false,false,\"mq/emqx (StatefulSet, 3 pods)\"\n"
      "net.core.somaxconn,,shop,\"Deployment api\",128,,1,297,false,false,\"shop/api (Deployment, 1 pod)\"\n"
      "net.core.somaxconn,,shop,\"Deployment api\",4096,,296,297,true,true,\n"
      "net.ipv4.tcp_mem,,shop,\"Deployment api\",,\"absent inside a namespace\",297,297,false,false,\n"
      "net.ipv4.tcp_mem,,mq,\"StatefulSet emqx\",,\"absent inside a namespace\",3,3,false,false,\n");
}

TEST(SysctlsByNode, NamesTheOwnersOfWhatDiffers) {
  const auto groups = GroupSysctls(ManyNamespaces(), SysctlGrouping::kNode, 4);
  EXPECT_EQ(RenderTable(SysctlGroupsTable(groups, SysctlGrouping::kNode), {}),
            "SYSCTL              NODE    VALUE  SAME AS           COUNT  OWNERS\n"
            "net.core.somaxconn  node-0  128    -              2 of 100  mq/emqx (StatefulSet, 1 pod), "
            "shop/api (Deployment, 1 pod)\n"
            "net.core.somaxconn  node-1  128    -              1 of 100  mq/emqx (StatefulSet, 1 pod)\n"
            "net.core.somaxconn  node-2  128    -              1 of 100  mq/emqx (StatefulSet, 1 pod)\n"
            "net.core.somaxconn  node-1  4096   host,default  99 of 100  -\n");
}

TEST(SysctlsByNode, SaysHostOnlyWhereAllAreAsTheirs) {
  Answer<v1::Namespace> answer;
  const std::string start = "sysctls { key: 'x' value { value: '1' kernel_default: '1' host: ";
  answer.items = {{"a", Proto<v1::Namespace>(start + "'1' } }")},
                  {"a", Proto<v1::Namespace>(start + "'2' } }")}};
  const auto groups = GroupSysctls(answer, SysctlGrouping::kNode, 0);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_FALSE(groups[0].is_host);
  EXPECT_TRUE(groups[0].is_default);
}

}  // namespace
}  // namespace listenq::client
