#include "agent/discover/workload.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace listenq::discover {
namespace {

using Labels = std::map<std::string, std::string>;

struct Case {
  std::string name;
  std::string pod;
  Labels labels;
  std::string expected;
};

class WorkloadNames : public testing::TestWithParam<Case> {};

TEST_P(WorkloadNames, TellsTheController) {
  EXPECT_EQ(WorkloadOf(GetParam().pod, GetParam().labels), GetParam().expected);
}

const Labels kHash = {{"app", "api"}, {"pod-template-hash", "6d4cf56db6"}};
const Labels kRevision = {{"controller-revision-hash", "7b8c9d5f64"}, {"pod-template-generation", "1"}};

// What the API server makes of a name that is longer than 58 bytes with its dash.
std::string Generated(const std::string& prefix) { return prefix.substr(0, 58) + "x2bcd"; }

std::vector<Case> Deployments() {
  const std::string fits(58 - 12, 'a');  // and "-6d4cf56db6-"
  return {
      {"Deployment", "api-6d4cf56db6-x2bcd", kHash, "Deployment api"},
      {"DeploymentWithDashes", "my-api-v2-6d4cf56db6-x2bcd", kHash, "Deployment my-api-v2"},
      {"Rollout", "api-6d4cf56db6-x2bcd", {{"rollouts-pod-template-hash", "6d4cf56db6"}}, "Rollout api"},
      {"DeploymentThatJustFits", Generated(fits + "-6d4cf56db6-"), kHash, "Deployment " + fits},
      {"DeploymentWhoseLastDashIsCut", Generated(fits + "b-6d4cf56db6-"), kHash, "Deployment " + fits + "b"},
      {"DeploymentWhoseHashIsCut", Generated(fits + "bc-6d4cf56db6-"), kHash, ""},
      {"DeploymentWhoseNameIsCut", Generated(std::string(70, 'a') + "-6d4cf56db6-"), kHash, ""},
      {"LongerThanGeneratedNamesAre", std::string(60, 'a') + "-6d4cf56db6-x2bcd", kHash, ""},
      {"AnotherHash", "api-7d4cf56db6-x2bcd", kHash, ""},
      {"NoRandomPart", "api-6d4cf56db6-", kHash, ""},
      {"RandomPartTooShort", "api-6d4cf56db6-x2bc", kHash, ""},
      {"RandomPartOfOtherCharacters", "api-6d4cf56db6-debug", kHash, ""},
      {"HashAlone", "6d4cf56db6-x2bcd", kHash, ""},
      {"NamelessHash", "-6d4cf56db6-x2bcd", kHash, ""},
      {"EmptyHash", "api--x2bcd", {{"pod-template-hash", ""}}, ""},
      {"CopiedLabel", "debugger", kHash, ""},
  };
}

std::vector<Case> Others() {
  const Labels replica = {{"controller-revision-hash", "emqx-7b8c9d5f64"},
                          {"statefulset.kubernetes.io/pod-name", "emqx-core-12"}};
  const std::string job = "a-job-with-a-name-that-is-longer-than-what-fits-into-58-bytes";
  return {
      {"StatefulSetBeforeDaemonSet", "emqx-core-12", replica, "StatefulSet emqx-core"},
      {"StatefulSetOfAnotherPod", "emqx-core-13", replica, ""},
      {"StatefulSetWithoutOrdinal", "emqx", {{"statefulset.kubernetes.io/pod-name", "emqx"}}, ""},
      {"StatefulSetNoNumber", "emqx-a1", {{"statefulset.kubernetes.io/pod-name", "emqx-a1"}}, ""},
      {"StatefulSetDashAtEnd", "emqx-", {{"statefulset.kubernetes.io/pod-name", "emqx-"}}, ""},
      {"DaemonSet", "fluentd-x2bcd", kRevision, "DaemonSet fluentd"},
      {"DaemonSetWithDots", "fluentd.v1-x2bcd", kRevision, "DaemonSet fluentd.v1"},
      {"DaemonSetLongest", Generated(std::string(56, 'a') + "-"), kRevision,
       "DaemonSet " + std::string(56, 'a')},
      {"DaemonSetCutAtADash", Generated(std::string(57, 'a') + "-"), kRevision, ""},
      {"DaemonSetCut", Generated(std::string(80, 'a') + "-"), kRevision, ""},
      {"DaemonSetNoDash", "fluentdx2bcd", kRevision, ""},
      {"CloneSet",
       "web-x2bcd",
       {{"controller-revision-hash", "web-7b8c"}, {"apps.kruise.io/cloneset-instance-id", "x2bcd"}},
       ""},
      {"Job", "backup-28990-x2bcd", {{"job-name", "backup-28990"}}, "Job backup-28990"},
      {"JobByItsNewLabel",
       "backup-28990-x2bcd",
       {{"batch.kubernetes.io/job-name", "backup-28990"}, {"job-name", "other"}},
       "Job backup-28990"},
      {"IndexedJob", "backup-3-x2bcd", {{"batch.kubernetes.io/job-name", "backup"}}, "Job backup"},
      {"IndexedJobThatIsCut", job.substr(0, 55) + "-1-x2bcd", {{"job-name", job}}, "Job " + job},
      {"NoJobButItsLabel", "web-0", {{"job-name", "prometheus"}}, ""},
      {"NothingKnown", "api-6d4cf56db6-x2bcd", {{"app", "api"}}, ""},
      {"NoName", "", kHash, ""},
      {"NoNameOfADaemonSet", "", kRevision, ""},
  };
}

std::string CaseName(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Deployments, WorkloadNames, testing::ValuesIn(Deployments()), CaseName);
INSTANTIATE_TEST_SUITE_P(Others, WorkloadNames, testing::ValuesIn(Others()), CaseName);

}  // namespace
}  // namespace listenq::discover
