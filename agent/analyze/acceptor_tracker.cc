#include "agent/analyze/acceptor_tracker.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace listenq::analyze {

std::shared_ptr<const model::Acceptors> AcceptorTracker::Apply(model::Acceptors reading,
                                                               absl::Span<const model::Process> asked,
                                                               bool all, absl::Time now) {
  ++generation_;
  const std::map<uint32_t, model::Acceptor> before = processes_;
  if (all) processes_.clear();
  for (const model::Process& process : asked) processes_.erase(process.pid);
  for (model::Acceptor& acceptor : reading.processes) {
    const auto known = before.find(acceptor.pid);
    const bool same = known != before.end() && known->second.state == acceptor.state;
    acceptor.state_since = same ? known->second.state_since : now;
    if (model::HasOpen(acceptor, model::kNearlyAll)) {
      const bool was = known != before.end() && known->second.fds_full_since > absl::InfinitePast();
      acceptor.fds_full_since = was ? known->second.fds_full_since : now;
    }
    processes_.insert_or_assign(acceptor.pid, std::move(acceptor));
  }
  for (model::Wall& wall : reading.walls) Keep(std::move(wall), now);
  if (all) absl::erase_if(walls_, [&](const auto& known) { return known.second.generation != generation_; });
  return All();
}

std::shared_ptr<const model::Acceptors> AcceptorTracker::All() const {
  auto acceptors = std::make_shared<model::Acceptors>();
  acceptors->processes.reserve(processes_.size());
  for (const auto& [pid, acceptor] : processes_) acceptors->processes.push_back(acceptor);
  acceptors->walls.reserve(walls_.size());
  for (const auto& [id, known] : walls_) acceptors->walls.push_back(known.wall);
  std::sort(acceptors->walls.begin(), acceptors->walls.end(), [](const model::Wall& a, const model::Wall& b) {
    return std::tie(a.id.kind, a.id.name) < std::tie(b.id.kind, b.id.name);
  });
  return acceptors;
}

void AcceptorTracker::Keep(model::Wall wall, absl::Time now) {
  KnownWall& known = walls_[wall.id];
  known.generation = generation_;
  known.window.Add(wall.total, now);
  const bool cpu = wall.id.kind == model::WallId::Kind::kCpu;
  wall.increase = known.window.Increase(cpu ? kCpuMinutes : WallWindow::kMinutes);
  known.wall = std::move(wall);
}

}  // namespace listenq::analyze
