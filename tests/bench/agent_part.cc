#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/sys/file.h"
#include "tests/bench/fleet.h"
#include "tests/bench/meter.h"
#include "tests/bench/parts.h"
#include "tests/support/wait.h"

#include <fcntl.h>

namespace listenq::bench {
namespace {

constexpr char kSocket[] = "/run/listenq/agent.sock";
constexpr double kMaxCpuPercent = 0.5;
constexpr double kMaxRssAnonMib = 10;
constexpr double kMaxRssMib = 25;
constexpr double kMaxTopMillis = 10;

struct Plan {
  size_t namespaces;
  absl::Duration warm_up;
  absl::Duration window;
  uint32_t time_wait;
  int top_runs;
};

Plan MakePlan(Size size) {
  switch (size) {
    case Size::kSmoke:
      return {3, absl::Seconds(1), absl::Seconds(1), 500, 1};
    case Size::kQuick:
      return {110, absl::Seconds(8), absl::Seconds(20), 60'000, 10};
    case Size::kFull:
      break;
  }
  return {110, absl::Seconds(20), absl::Seconds(60), 60'000, 30};
}

// A program of ours whose output nobody reads.
pid_t Start(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) test::Die("fork");
  if (pid > 0) return pid;
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

class Agent {
 public:
  Agent() : pid_(Start({LISTENQ_AGENT})) {
    if (!test::WaitUntil([] { return sys::StatFile(kSocket).ok(); })) {
      test::Die(absl::StrCat("start ", LISTENQ_AGENT, ": no ", kSocket));
    }
  }
  ~Agent() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

double MustCpu(pid_t pid) {
  const auto micros = CpuMicrosOf(pid);
  if (!micros.has_value()) test::Die("read the agent's CPU time: it ended");
  return *micros;
}

double Mib(pid_t pid, const char* field) {
  return static_cast<double>(StatusKiB(pid, field).value_or(0)) / 1024;
}

void MeasureSteady(const Plan& plan, const std::string& name, bool judge_memory, Report* report) {
  const Agent agent;
  absl::SleepFor(plan.warm_up);
  const absl::Time start = absl::Now();
  const double cpu = MustCpu(agent.pid());
  absl::SleepFor(plan.window);
  const double percent = (MustCpu(agent.pid()) - cpu) / absl::ToDoubleMicroseconds(absl::Now() - start) * 100;
  report->AddAtMost(absl::StrCat("agent, ", name, ": CPU of one core"), percent, kMaxCpuPercent, "%.2f %%");
  if (!judge_memory) return;
  report->AddAtMost(absl::StrCat("agent, ", name, ": RssAnon"), Mib(agent.pid(), "RssAnon"), kMaxRssAnonMib,
                    "%.1f MiB");
  report->AddAtMost(absl::StrCat("agent, ", name, ": VmRSS"), Mib(agent.pid(), "VmRSS"), kMaxRssMib,
                    "%.1f MiB");
}

// Wall-clock and CPU milliseconds of `listenq top -n 20`.
std::array<double, 2> RunTop() {
  const absl::Time start = absl::Now();
  const pid_t pid = Start({LISTENQ_CLI, "top", "-n", "20"});
  int status = 0;
  rusage usage = {};
  if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
    test::Die(absl::StrCat("run listenq top -n 20: wait status ", status));
  }
  const double wall = absl::ToDoubleMilliseconds(absl::Now() - start);
  const absl::Duration cpu =
      absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
  return {wall, absl::ToDoubleMilliseconds(cpu)};
}

void MeasureTop(const Plan& plan, Report* report) {
  const Agent agent;
  absl::SleepFor(plan.warm_up / 4);
  std::vector<double> wall;
  std::vector<double> cpu;
  for (int i = 0; i < plan.top_runs; ++i) {
    const auto [wall_millis, cpu_millis] = RunTop();
    wall.push_back(wall_millis);
    cpu.push_back(cpu_millis);
  }
  report->AddAtMost("listenq top -n 20, whole process, wall clock", Median(wall), kMaxTopMillis, "%.1f ms",
                    absl::StrCat(" (CPU ", Format("%.1f ms", Median(cpu)), ")"));
}

}  // namespace

Report RunAgentPart(Size size) {
  const Plan plan = MakePlan(size);
  Report report;
  Fleet fleet;
  fleet.Grow(plan.namespaces);
  fleet.SetListeners(10);
  const std::string name = absl::StrCat(plan.namespaces, " × 10");
  MeasureTop(plan, &report);
  MeasureSteady(plan, name, /*judge_memory=*/true, &report);
  const TimeWaitStock stock(plan.time_wait);
  MeasureSteady(plan, absl::StrCat(name, ", ", plan.time_wait, " TIME_WAIT"), /*judge_memory=*/true, &report);
  return report;
}

}  // namespace listenq::bench
