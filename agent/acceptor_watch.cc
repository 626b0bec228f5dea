#include "agent/acceptor_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/model/acceptor.h"
#include "agent/model/listener.h"

namespace listenq::agent {
namespace {

bool Lags(const model::Listener& listener) {
  return listener.lag != nullptr && (listener.lag->is_high() || listener.lag->is_waiting());
}

void AddProcesses(const model::Listener& listener, std::vector<model::Process>* processes) {
  if (listener.processes == nullptr) return;
  for (const model::Process& process : listener.processes->first) {
    if (processes->size() == AcceptorWatch::kMaxOfNamespace) return;
    const bool known = std::any_of(processes->begin(), processes->end(),
                                   [&](const model::Process& other) { return other.pid == process.pid; });
    if (!known) processes->push_back(process);
  }
}

// Those that lag come first.
std::vector<model::Process> ProcessesOf(const model::Namespace& ns, bool all) {
  std::vector<model::Process> processes;
  for (const model::Listener& listener : ns.listeners) {
    if (Lags(listener)) AddProcesses(listener, &processes);
  }
  if (!all) return processes;
  for (const model::Listener& listener : ns.listeners) AddProcesses(listener, &processes);
  return processes;
}

}  // namespace

void AcceptorWatch::LookAtLagging(analyze::NamespaceTracker* ns, Watched* watched, absl::Time now) {
  if (!ns->lags() || watched->next_all <= now) return;
  const std::vector<model::Process> processes = ProcessesOf(ns->value(), /*all=*/false);
  if (!processes.empty()) Look(processes, /*all=*/false, ns, watched, now);
}

void AcceptorWatch::LookAtAll(analyze::NamespaceTracker* ns, Watched* watched, absl::Time now) {
  if (now < watched->next_all) return;
  if (Look(ProcessesOf(ns->value(), /*all=*/true), /*all=*/true, ns, watched, now)) {
    watched->next_all = now + interval_;
  }
}

// False: no room in this beat.
bool AcceptorWatch::Look(const std::vector<model::Process>& processes, bool all,
                         analyze::NamespaceTracker* ns, Watched* watched, absl::Time now) {
  if (processes.size() > left_) return false;
  left_ -= processes.size();
  model::Acceptors reading = reader_.Read(processes);
  if (all && ns->id().host) {
    std::vector<model::Wall> counters = reader_.ReadBeanCounters();
    std::move(counters.begin(), counters.end(), std::back_inserter(reading.walls));
  }
  // Nobody there, as before: worth no new value.
  if (reading.processes.empty() && reading.walls.empty() && ns->value().acceptors == nullptr) return true;
  ns->SetAcceptors(watched->acceptors.Apply(std::move(reading), processes, all, now));
  return true;
}

}  // namespace listenq::agent
