#include "agent/serve/sysctl_summary.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::kNow;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::MakeSysctls;
using testing::PodOwner;
using testing::WithName;

const RowContext kContext{.boot_id = "b00t", .now = kNow};
const size_t kSomaxconn = *model::FindSysctl("net.core.somaxconn");

v1::SummarizeSysctlsResponse Summarize(const model::Snapshot& snapshot, const std::vector<size_t>& positions,
                                       uint32_t max_samples = 0) {
  v1::SummarizeSysctlsResponse response;
  SummarizeSysctls(kContext, snapshot, *Filter::Compile(v1::Filter(), kNow), positions, max_samples,
                   &response);
  return response;
}

model::Namespace WithSomaxconn(model::NetnsSerial serial, const std::string& value) {
  model::Namespace ns = MakeNamespace(serial, {PodOwner("shop", absl::StrCat("pod-", serial), "c", 'a')});
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", value}});
  return ns;
}

TEST(SummarizeSysctls, MostFrequentValueFirst) {
  model::Namespace host = WithSomaxconn(1, "65535");
  host.id = WithName(*host.id, "", true);
  const auto response =
      Summarize(MakeSnapshot({host, WithSomaxconn(2, "4096"), WithSomaxconn(3, "4096"), MakeNamespace(4)}),
                {kSomaxconn});
  ASSERT_EQ(response.sysctls_size(), 1);
  const v1::SysctlSummary& sysctl = response.sysctls(0);
  EXPECT_EQ(sysctl.name(), "net.core.somaxconn");
  EXPECT_EQ(sysctl.kernel_default(), "4096");
  EXPECT_EQ(sysctl.host(), "65535");
  ASSERT_EQ(sysctl.values_size(), 3);
  EXPECT_EQ(sysctl.values(0).value(), "4096");
  EXPECT_EQ(sysctl.values(0).namespace_count(), 2u);
  EXPECT_EQ(sysctl.values(0).samples(0).owners(0).pod(), "pod-2");
  EXPECT_FALSE(sysctl.values(1).has_value());
  EXPECT_EQ(sysctl.values(1).unreadable_reason(), "not read yet");
  EXPECT_EQ(sysctl.values(2).value(), "65535");
  EXPECT_EQ(response.summary().namespaces_examined(), 4u);
  EXPECT_FALSE(response.summary().truncated());
}

TEST(SummarizeSysctls, HostIsAbsentWhereItIsNotKnown) {
  EXPECT_FALSE(Summarize(MakeSnapshot({WithSomaxconn(2, "4096")}), {kSomaxconn}).sysctls(0).has_host());
}

TEST(SummarizeSysctls, SamplesAreBounded) {
  std::vector<model::Namespace> namespaces;
  for (int i = 1; i <= 200; ++i) namespaces.push_back(WithSomaxconn(i, "4096"));
  const model::Snapshot snapshot = MakeSnapshot(std::move(namespaces));
  EXPECT_EQ(Summarize(snapshot, {kSomaxconn}).sysctls(0).values(0).samples_size(), 5);
  EXPECT_EQ(Summarize(snapshot, {kSomaxconn}, 7).sysctls(0).values(0).samples_size(), 7);
  EXPECT_EQ(Summarize(snapshot, {kSomaxconn}, 4'000'000'000).sysctls(0).values(0).samples_size(), 100);
  EXPECT_EQ(Summarize(snapshot, {kSomaxconn}).sysctls(0).values(0).namespace_count(), 200u);
}

TEST(SummarizeSysctls, SamplesAreOfManyOwners) {
  std::vector<model::Namespace> namespaces;
  for (int i = 1; i <= 40; ++i) {
    namespaces.push_back(WithSomaxconn(i, "4096"));
    model::Owner owner = PodOwner(i < 40 ? "shop" : "mq", absl::StrCat("pod-", i), "c", 'a');
    owner.workload = i < 39 ? "Deployment api" : "StatefulSet emqx";
    namespaces.back().owners = std::make_shared<const std::vector<model::Owner>>(1, owner);
  }
  const auto response = Summarize(MakeSnapshot(std::move(namespaces)), {kSomaxconn}, 4);
  std::vector<std::string> pods;
  for (const auto& sample : response.sysctls(0).values(0).samples()) pods.push_back(sample.owners(0).pod());
  EXPECT_EQ(pods, (std::vector<std::string>{"pod-1", "pod-39", "pod-40", "pod-2"}));
}

TEST(SummarizeSysctls, CountsComeBeforeSamplesAndRareValuesBeforeFrequentOnes) {
  const std::string long_name(2000, 'x');
  std::vector<model::Namespace> namespaces;
  for (int i = 1; i <= 200; ++i) {
    namespaces.push_back(WithSomaxconn(i, i == 200 ? "128" : "4096"));
    model::Owner owner = PodOwner("shop", absl::StrCat("pod-", i), "c", 'a');
    owner.image = long_name;
    namespaces.back().owners = std::make_shared<const std::vector<model::Owner>>(1, owner);
  }
  // As much of the bound for each as fits a dozen samples.
  const std::vector<size_t> positions(kMaxSysctlSummaryBytes / 30000, kSomaxconn);
  const auto response = Summarize(MakeSnapshot(std::move(namespaces)), positions, 100);
  EXPECT_FALSE(response.summary().truncated());
  EXPECT_LE(response.ByteSizeLong(), kMaxSysctlSummaryBytes + 10000);
  const v1::SysctlSummary& sysctl = response.sysctls(0);
  EXPECT_EQ(sysctl.values(0).namespace_count(), 199U);
  EXPECT_GT(sysctl.values(0).samples_size(), 5);
  EXPECT_LT(sysctl.values(0).samples_size(), 20);
  EXPECT_EQ(sysctl.values(1).samples(0).owners(0).pod(), "pod-200");
}

TEST(SummarizeSysctls, AnswerIsBoundedAndSaysSo) {
  std::vector<model::Namespace> namespaces;
  for (int i = 1; i <= 2000; ++i) {
    namespaces.push_back(WithSomaxconn(i, absl::StrCat(i, std::string(4000, '0'))));
  }
  const auto response = Summarize(MakeSnapshot(std::move(namespaces)), {kSomaxconn});
  EXPECT_TRUE(response.summary().truncated());
  EXPECT_LE(response.ByteSizeLong(), kMaxSysctlSummaryBytes + 10000);
  EXPECT_GT(response.sysctls(0).values_size(), 500);
}

}  // namespace
}  // namespace listenq::serve
