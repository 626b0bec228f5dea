#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/discover/cri_client.h"
#include "agent/discover/names.h"
#include "agent/discover/pod_directory.h"
#include "agent/sys/clock.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::bench {
namespace {

constexpr int kSkipped = 77;
constexpr double kMaxCallsPerBeat = 2;

struct Plan {
  size_t pods;
  int rounds;
  int starts;
  absl::Duration window;
};

Plan MakePlan(Size size) {
  switch (size) {
    case Size::kSmoke:
      return {2, 2, 1, absl::Seconds(1)};
    case Size::kQuick:
      return {30, 10, 3, absl::Seconds(10)};
    case Size::kFull:
      break;
  }
  return {110, 30, 5, absl::Seconds(30)};
}

// A containerd of its own with pods; "" and why not where it can't be had.
class Pods {
 public:
  explicit Pods(size_t count) : program_({LISTENQ_PODS, absl::StrCat(count)}) {
    const bool started = test::WaitUntil(
        [&] { return !program_.Output().empty() || program_.Wait(absl::ZeroDuration()).has_value(); },
        absl::Minutes(5));
    const std::optional<int> code = program_.Wait(absl::ZeroDuration());
    if (code == kSkipped) {
      why_not_ = program_.Errors();
    } else if (!started || code.has_value()) {
      test::Die(absl::StrCat("start ", count, " pods: ", program_.Errors()));
    } else {
      endpoint_ = std::string(absl::StripSuffix(program_.Output(), "\n"));
    }
  }
  ~Pods() {
    if (endpoint_.empty()) return;
    program_.Signal(SIGTERM);
    if (program_.Wait(absl::Minutes(3)) != 0) {
      fprintf(stderr, "remove the pods: %s\n", program_.Errors().c_str());
    }
  }
  Pods(const Pods&) = delete;
  Pods& operator=(const Pods&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

 private:
  test::Program program_;
  std::string endpoint_;
  std::string why_not_;
};

// The directory of pods, asked as the agent asks it.
void MeasureCalls(const Plan& plan, const std::string& endpoint, Report* report) {
  const sys::SystemClock clock;
  const auto client = discover::CriClient::Make(endpoint);
  if (!client.ok()) test::Die(client.status().ToString());
  discover::PodDirectory directory({}, &clock);
  const auto update = [&] {
    if (const absl::Status status = directory.Update(**client); !status.ok()) test::Die(status.ToString());
  };
  const absl::Time start = absl::Now();
  update();
  while (directory.has_unasked()) directory.AskDetails(**client);
  const double first_millis = absl::ToDoubleMilliseconds(absl::Now() - start);
  const discover::CriClient::Traffic first = (*client)->traffic();
  if (directory.present() != plan.pods) test::Die(absl::StrCat("list pods: ", directory.present()));

  std::vector<double> millis;
  for (int i = 0; i < plan.rounds; ++i) {
    const absl::Time round = absl::Now();
    update();
    directory.AskDetails(**client);
    millis.push_back(absl::ToDoubleMilliseconds(absl::Now() - round));
  }
  const discover::CriClient::Traffic all = (*client)->traffic();
  const double rounds = plan.rounds;
  const std::string who = absl::StrCat("CRI, ", plan.pods, " pods: ");
  report->Add(
      absl::StrCat(who, "the first round, details and all"),
      absl::StrCat(first.calls, " calls, ", Format("%.0f KiB, ", static_cast<double>(first.bytes) / 1024),
                   Format("%.0f ms", first_millis)));
  report->AddAtMost(absl::StrCat(who, "calls per beat"),
                    static_cast<double>(all.calls - first.calls) / rounds, kMaxCallsPerBeat, "%.2f",
                    Format(" (%.1f KiB, ", static_cast<double>(all.bytes - first.bytes) / rounds / 1024) +
                        Format("%.1f ms)", Median(millis)));
}

class Agent {
 public:
  explicit Agent(const std::string& endpoint)
      : socket_(folder_.Path("agent.sock")),
        program_({LISTENQ_AGENT, "--listen", socket_, "--cri-endpoint", endpoint}) {}

  [[nodiscard]] test::Finished Ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {LISTENQ_CLI, "--server", socket_});
    return test::RunProgram(arguments);
  }
  [[nodiscard]] pid_t pid() const { return program_.pid(); }
  // True when its first reading is done, names and all.
  [[nodiscard]] bool IsComplete() const {
    const test::Finished nodes = Ask({"nodes", "-o", "json"});
    return nodes.code == 0 && !absl::StrContains(nodes.output, "NODE_STATE_STARTING");
  }

 private:
  test::TempFolder folder_;
  std::string socket_;
  test::Program program_;
};

void MeasureStart(const Plan& plan, const std::string& endpoint, Report* report) {
  std::vector<double> millis;
  for (int i = 0; i < plan.starts; ++i) {
    const absl::Time start = absl::Now();
    const Agent agent(endpoint);
    if (!test::WaitUntil([&] { return agent.IsComplete(); })) test::Die("start the agent: no reading");
    millis.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    const std::string rows = agent.Ask({"namespaces", "-l", "app=web", "-o", "name"}).output;
    const size_t named = static_cast<size_t>(std::count(rows.begin(), rows.end(), '\n'));
    if (named != plan.pods) test::Die(absl::StrCat("name pods: ", named, " of ", plan.pods));
  }
  report->Add(absl::StrCat("agent, ", plan.pods, " pods: from its start to the first complete snapshot"),
              Format("%.0f ms", Median(millis)));
}

double CpuPercent(const Plan& plan, const std::string& endpoint) {
  const Agent agent(endpoint);
  if (!test::WaitUntil([&] { return agent.IsComplete(); })) test::Die("start the agent: no reading");
  const auto cpu = [&] {
    const std::optional<double> micros = CpuMicrosOf(agent.pid());
    if (!micros.has_value()) test::Die("read the agent's CPU time: it ended");
    return *micros;
  };
  const absl::Time start = absl::Now();
  const double before = cpu();
  absl::SleepFor(plan.window);
  return (cpu() - before) / absl::ToDoubleMicroseconds(absl::Now() - start) * 100;
}

}  // namespace

Report RunNamesPart(Size size) {
  const Plan plan = MakePlan(size);
  Report report;
  const Pods pods(plan.pods);
  if (!pods.why_not().empty()) {
    report.remarks.push_back(absl::StrCat("names: not measured: ", pods.why_not()));
    return report;
  }
  MeasureCalls(plan, pods.endpoint(), &report);
  MeasureStart(plan, pods.endpoint(), &report);
  const double without = CpuPercent(plan, "off");
  const double with = CpuPercent(plan, pods.endpoint());
  report.Add(absl::StrCat("agent, ", plan.pods, " pods: CPU of one core, with ÷ without the CRI"),
             Format("%.2f %% ÷ ", with) + Format("%.2f %% = ", without) + Format("%.2f×", with / without));
  return report;
}

}  // namespace listenq::bench
