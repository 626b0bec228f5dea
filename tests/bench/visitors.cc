#include "tests/bench/visitors.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/collect/sock_diag_message.h"
#include "agent/sys/file.h"
#include "tests/bench/meter.h"

namespace listenq::bench {

Ours::Ours(const Fleet& fleet) : listeners_each_(fleet.listeners_each()), collector_({}, &clock_) {
  for (const auto& member : fleet.members()) {
    auto state = std::make_unique<State>();
    state->paths = {member->netns().path()};
    state->pids = {static_cast<uint32_t>(member->pid())};
    const auto id = sys::StatFile(state->paths.front());
    if (!id.ok()) test::Die(std::string(id.status().message()));
    state->id = *id;
    states_.push_back(std::move(state));
  }
  collector_.SetNodeListeners(states_.size() * listeners_each_);
  readings_ = collector_.Read(Targets(/*must_dump=*/true, collect::Scope::kAll));
  Remember();
}

std::vector<collect::Target> Ours::Targets(bool must_dump, collect::Scope scope) {
  std::vector<collect::Target> targets;
  targets.reserve(states_.size());
  for (const auto& state : states_) {
    collect::Target target;
    target.id = state->id;
    target.paths = state->paths;
    target.pids = state->pids;
    target.known = state->known;
    target.known_listen_drops = state->listen_drops;
    target.known_sockets = state->sockets;
    target.plan = &state->plan;
    target.known_sysctls = state->sysctls;
    target.must_dump = must_dump;
    target.scope = scope;
    target.verdict_files = &state->verdict_files;
    targets.push_back(target);
  }
  return targets;
}

void Ours::Light() {
  const auto readings = collector_.Refresh(Targets(/*must_dump=*/false, collect::Scope::kAll));
  const bool complete = std::all_of(readings.begin(), readings.end(), [&](const auto& reading) {
    return reading.ok() && reading->missing == 0 && reading->listeners.size() == listeners_each_;
  });
  if (!complete) test::Die("read the fleet's known listeners: not all of them answered");
}

void Ours::Sample() { readings_ = collector_.Read(Targets(/*must_dump=*/false, collect::Scope::kDrops)); }

void Ours::Full() {
  readings_ = collector_.Read(Targets(/*must_dump=*/!collector_.DumpsAreDear(), collect::Scope::kAll));
}

void Ours::Remember() {
  for (size_t i = 0; i < states_.size(); ++i) {
    State& state = *states_[i];
    auto& reading = readings_[i];
    if (!reading.ok() || !reading->errors.empty() || !reading->listeners.has_value() ||
        reading->listeners->size() != listeners_each_) {
      test::Die(absl::StrCat("read ", state.paths.front(), ": not all that is there"));
    }
    state.known = *std::move(reading->listeners);
    state.listen_drops = reading->netstat_after.Get("TcpExtListenDrops");
    if (reading->sockets.tcp6_in_use.has_value()) state.sockets = reading->sockets;  // not Sample()'s
    if (reading->sysctls != nullptr) state.sysctls = reading->sysctls;
  }
}

std::vector<std::vector<model::ListenerReading>> Ours::Known() const {
  std::vector<std::vector<model::ListenerReading>> known;
  for (const auto& state : states_) known.push_back(state->known);
  return known;
}

Floor::Floor(const Fleet& fleet, const std::vector<std::vector<model::ListenerReading>>& known)
    : listeners_each_(fleet.listeners_each()), dump_(collect::EncodeListenDump(1)) {
  if (floor_init() != 0) test::Die(absl::StrCat("prepare floor: ", strerror(errno)));
  for (const auto& member : fleet.members()) {
    netns_.emplace_back(open(member->netns().path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns_.back().valid()) test::Die(absl::StrCat("open ", member->netns().path()));
  }
  for (const auto& listeners : known) {
    std::vector<collect::ExactRequest> requests;
    for (const model::ListenerReading& listener : listeners) requests.push_back({.listener = listener});
    if (requests.size() > collect::kMaxBatch) test::Die("prepare floor: more listeners than a batch holds");
    exact_.push_back(collect::EncodeExactRequests(requests));
  }
  dumps_ = Measure(/*dumps=*/true) < Measure(/*dumps=*/false);
}

double Floor::Measure(bool dumps) {
  dumps_ = dumps;
  std::vector<double> times;
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    const double start = CpuMicros();
    Visit(0);
    times.push_back(CpuMicros() - start);
  }
  return Median(std::move(times));
}

void Floor::Visit(unsigned files) {
  for (size_t i = 0; i < netns_.size(); ++i) {
    const std::string& bytes = dumps_ ? dump_ : exact_[i];
    const floor_request request = {
        .bytes = bytes.data(), .size = bytes.size(), .answers = dumps_ ? 0 : listeners_each_};
    if (floor_visit(netns_[i].get(), &request, files) != 0) {
      test::Die(absl::StrCat("visit namespace: ", strerror(errno)));
    }
  }
}

ProcNet::ProcNet(const Fleet& fleet, size_t most) : count_(std::min(most, fleet.members().size())) {
  for (const auto& member : fleet.members()) pids_.push_back(member->pid());
}

void ProcNet::Visit() {
  for (size_t i = 0; i < count_; ++i) {
    if (read_proc_net(pids_[next_]) != 0) test::Die(absl::StrCat("read /proc/PID/net: ", strerror(errno)));
    next_ = (next_ + 1) % pids_.size();
  }
}

}  // namespace listenq::bench
