#include "agent/analyze/rules/process_walls.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/analyze/rules/acceptors.h"
#include "agent/model/acceptor.h"

namespace listenq::analyze {
namespace {

using model::Wall;
using Kind = model::WallId::Kind;

// Of memory without page cache: what is left for the application to grow into.
constexpr uint64_t kMemoryPercent = 90;

model::Finding Start(const Wall& wall) {
  model::Finding finding;
  finding.severity = model::Severity::kWarning;
  finding.since = wall.increase.first;
  finding.evidence = {{.name = std::string(wall.counter),
                       .value = absl::StrCat(wall.increase.by.hits),
                       .window = wall.increase.window},
                      {.name = "limit", .value = absl::StrCat(wall.limit)}};
  if (wall.used.has_value()) finding.evidence.push_back({.name = "used", .value = absl::StrCat(*wall.used)});
  return finding;
}

std::string Times(uint64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

void CheckMemory(const Case& the_case, const Wall& wall, std::vector<model::Finding>* findings) {
  const uint64_t kills = wall.increase.by.oom_kills;
  const bool full =
      wall.increase.by.hits > 0 && wall.used.has_value() && *wall.used >= wall.limit / 100 * kMemoryPercent;
  if (kills == 0 && !full) return;
  const std::string place = PlaceOf(the_case.ns, wall);
  model::Finding finding = Start(wall);
  if (kills > 0) {
    finding.evidence.push_back(
        {.name = "oom_kill", .value = absl::StrCat(kills), .window = wall.increase.window});
    finding.explanation = absl::StrCat("The memory of ", place, " was used up, and the kernel killed ",
                                       Times(kills, "process", "processes"), " in it.");
  } else {
    finding.explanation = absl::StrCat(
        "The memory of ", place,
        " is nearly used up, page cache left out: its processes wait while the kernel looks for more.");
  }
  finding.fix =
      "raise the memory limit: resources.limits.memory of the container, docker run --memory, MemoryMax= "
      "of the systemd service\nor find what grows: sockets' buffers count too (ss -tm)";
  findings->push_back(std::move(finding));
}

void CheckPids(const Case& the_case, const Wall& wall, std::vector<model::Finding>* findings) {
  if (wall.increase.by.hits == 0) return;
  model::Finding finding = Start(wall);
  finding.explanation =
      absl::StrCat("The tasks of ", PlaceOf(the_case.ns, wall), " reached their limit of ", wall.limit, ": ",
                   Times(wall.increase.by.hits, "fork or new thread", "forks or new threads"), " failed.");
  finding.fix =
      "raise the limit: podPidsLimit in the kubelet's configuration, docker run --pids-limit, TasksMax= of "
      "the systemd service\nor fewer threads; zombies that nobody waits for count too";
  findings->push_back(std::move(finding));
}

void CheckBeanCounter(const Wall& wall, std::vector<model::Finding>* findings) {
  if (wall.increase.by.hits == 0) return;
  const std::pair<std::string, std::string> name = absl::StrSplit(wall.id.name, absl::MaxSplits(' ', 1));
  model::Finding finding = Start(wall);
  finding.explanation = absl::StrCat("OpenVZ refused ", name.second, " to container ", name.first, " ",
                                     Times(wall.increase.by.hits, "time", "times"), ": it is at its limit.");
  finding.fix = absl::StrCat("on the node: vzctl set ", name.first, " --", name.second, " MORE:MORE --save");
  findings->push_back(std::move(finding));
}

void CheckWall(const Case& the_case, const Wall& wall, std::vector<model::Finding>* findings) {
  switch (wall.id.kind) {
    case Kind::kCpu:
      return;  // by itself no harm
    case Kind::kMemory:
      return CheckMemory(the_case, wall, findings);
    case Kind::kPids:
      return CheckPids(the_case, wall, findings);
    case Kind::kBeanCounter:
      return CheckBeanCounter(wall, findings);
  }
}

bool IsAtFdLimit(const model::Acceptor& acceptor) { return model::HasOpen(acceptor, 100); }

// The worst stands for all of them.
void CheckDescriptors(const Case& the_case, std::vector<model::Finding>* findings) {
  size_t near = 0;
  const model::Acceptor* worst = nullptr;
  for (const model::Acceptor& acceptor : the_case.ns.acceptors->processes) {
    if (!model::HasOpen(acceptor, model::kNearlyAll)) continue;
    ++near;
    if (worst == nullptr || (IsAtFdLimit(acceptor) && !IsAtFdLimit(*worst))) worst = &acceptor;
  }
  if (worst == nullptr) return;
  model::Finding finding;
  finding.severity = IsAtFdLimit(*worst) ? model::Severity::kCritical : model::Severity::kWarning;
  finding.since = worst->fds_full_since;
  finding.evidence = {{.name = "open files of their limit", .value = Descriptors(*worst)},
                      {.name = "processes with so many", .value = absl::StrCat(near)}};
  finding.explanation =
      absl::StrCat(NameOf(*worst), " has ", Descriptors(*worst),
                   " descriptors open. Without a free one accept(2) fails with EMFILE, and its "
                   "connections stay in the queue.");
  finding.fix = DescriptorAdvice();
  findings->push_back(std::move(finding));
}

}  // namespace

void CheckProcessWalls(const Case& the_case, std::vector<model::Finding>* findings) {
  if (the_case.ns.acceptors == nullptr) return;
  for (const Wall& wall : the_case.ns.acceptors->walls) CheckWall(the_case, wall, findings);
  CheckDescriptors(the_case, findings);
}

}  // namespace listenq::analyze
