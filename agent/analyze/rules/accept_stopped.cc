#include "agent/analyze/rules/accept_stopped.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/acceptors.h"
#include "agent/analyze/rules/losses.h"

namespace listenq::analyze {
namespace {

std::string WhatHappened(const model::Listener& listener, const Stop& stop, absl::Time now) {
  const uint32_t queue = listener.reading.queue;
  const std::string waiting = absl::StrCat(queue, queue == 1 ? " connection waits" : " connections wait");
  const bool is_proven = stop.reason == Stop::Reason::kProven;
  const absl::Time since = is_proven ? listener.lag->no_accept_since : stop.since;
  const std::string time = absl::FormatDuration(absl::Trunc(now - since, absl::Seconds(1)));
  switch (stop.reason) {
    case Stop::Reason::kProven:
      return absl::StrCat(waiting, ", and nothing was accepted in ", time, ". ");
    case Stop::Reason::kUnchanged:
      return absl::StrCat(waiting, ", and their number did not change in ", time,
                          ": nothing seems to be accepted. ");
    case Stop::Reason::kStopped:
    case Stop::Reason::kAsleep:
      break;
  }
  return absl::StrCat(waiting, ", and their number has not fallen in ", time, ". ");
}

// Of several processes the one whose state explains most.
const model::Acceptor* MostTelling(const AcceptorList& acceptors) {
  for (const char state : {'T', 't', 'D', 'Z'}) {
    const auto found = std::find_if(acceptors.begin(), acceptors.end(), [&](const model::Acceptor* acceptor) {
      return acceptor->state == state;
    });
    if (found != acceptors.end()) return *found;
  }
  const model::Acceptor* out_of_fds = FindOutOfDescriptors(acceptors);
  if (out_of_fds != nullptr) return out_of_fds;
  return acceptors.empty() ? nullptr : acceptors.front();
}

// The second sentence of the explanation, and the fix.
struct Blame {
  std::string sentence;
  std::string fix;
};

Blame BlameNoProcess(const model::Listener& listener) {
  const model::SocketProcesses* processes = listener.processes.get();
  const bool nobody = processes != nullptr && processes->count == 0u;
  return {nobody ? "No process of this namespace holds the socket." : "Its processes could not be read.",
          absl::StrCat("find who holds it: ls -l /proc/[0-9]*/fd | grep 'socket:\\[", listener.reading.inode,
                       "\\]' on the node; it may have been passed to a process that does not accept")};
}

Blame BlameAwake(const model::Acceptor& acceptor, const Stop& stop) {
  if (model::HasOpen(acceptor, model::kNearlyAll)) {
    return {absl::StrCat(NameOf(acceptor), " has ", Descriptors(acceptor),
                         " descriptors open: without a free one accept(2) fails with EMFILE."),
            DescriptorAdvice()};
  }
  const char* verb = stop.reason == Stop::Reason::kUnchanged ? "seems not to" : "does not";
  return {absl::StrCat(NameOf(acceptor), " is alive but ", verb,
                       " call accept(2): it is busy, or waits for something else."),
          absl::StrCat("see what it does: cat /proc/", acceptor.pid, "/task/*/stack; py-spy dump --pid ",
                       acceptor.pid, "; jstack ", acceptor.pid,
                       "\nand a liveness probe that connects, so that it is restarted")};
}

Blame BlameProcess(const model::Acceptor& acceptor, const Stop& stop) {
  const std::string name = NameOf(acceptor);
  switch (acceptor.state.value_or('?')) {
    case 'T':
      return {absl::StrCat(name, " is stopped by a signal (state T)."),
              absl::StrCat("kill -CONT ", acceptor.pid, "\nand find who sent SIGSTOP or SIGTSTP")};
    case 't':
      return {absl::StrCat(name, " is held by a debugger (state t)."),
              absl::StrCat("detach it: grep TracerPid /proc/", acceptor.pid, "/status")};
    case 'D':
      return {absl::StrCat(name, " is in uninterruptible sleep (state D)."),
              absl::StrCat("see what it waits for, a disk, NFS or a frozen cgroup: cat /proc/", acceptor.pid,
                           "/stack\ndocker unpause, if it was paused; and a liveness probe that connects")};
    case 'Z':
      return {absl::StrCat("The main thread of ", name, " has ended (state Z)."), "restart it"};
    default:
      return BlameAwake(acceptor, stop);
  }
}

void AddEvidence(const model::Acceptor& acceptor, model::Finding* finding) {
  finding->evidence.push_back({.name = absl::StrCat("state of pid ", acceptor.pid),
                               .value = std::string(1, acceptor.state.value_or('?'))});
  if (acceptor.open_fds.has_value() && acceptor.fd_limit.has_value()) {
    finding->evidence.push_back({.name = "open files of their limit", .value = Descriptors(acceptor)});
  }
}

// Full: new ones are lost. Stopped: all who come are.
model::Severity HowBad(const model::Listener& listener, const Stop& stop) {
  const bool lost = model::IsFull(listener.reading) || stop.all_stopped;
  return lost ? model::Severity::kCritical : model::Severity::kWarning;
}

model::Finding Describe(const Case& the_case, const model::Listener& listener, const Stop& stop) {
  const AcceptorList acceptors = AcceptorsOf(the_case.ns, listener);
  model::Finding finding;
  finding.listener = &listener;
  finding.severity = HowBad(listener, stop);
  finding.since = stop.since;
  finding.evidence.push_back({.name = "queue", .value = absl::StrCat(listener.reading.queue)});
  if (listener.reading.limit.has_value()) {
    finding.evidence.push_back({.name = "limit", .value = absl::StrCat(*listener.reading.limit)});
  }
  if (const std::optional<Loss> loss = OverflowLoss(the_case, listener)) {
    finding.evidence.push_back({.name = "TcpExtListenOverflows",
                                .value = absl::StrCat(loss->counts.accept_queue_full),
                                .window = loss->last - loss->start});
  }
  if (stop.reason == Stop::Reason::kProven) {
    finding.evidence.push_back({.name = "accepted, by TcpPassiveOpens and the queue",
                                .value = "0",
                                .window = the_case.now - listener.lag->no_accept_since});
  }
  finding.evidence.push_back({.name = "processes that share it", .value = ListNames(listener, acceptors)});
  const model::Acceptor* telling = MostTelling(acceptors);
  if (telling != nullptr) AddEvidence(*telling, &finding);
  Blame blame = telling != nullptr ? BlameProcess(*telling, stop) : BlameNoProcess(listener);
  finding.explanation = absl::StrCat(WhatHappened(listener, stop, the_case.now), blame.sentence);
  finding.fix = std::move(blame.fix);
  finding.no_help = "a larger backlog: it fills as well";
  return finding;
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  for (const model::Listener& listener : the_case.ns.listeners) {
    const std::optional<Stop> stop = FindStop(the_case, listener);
    if (stop.has_value()) findings->push_back(Describe(the_case, listener, *stop));
  }
}

}  // namespace

const Rule kAcceptStopped = {
    .id = "accept-stopped", .summary = "connections wait, and nobody accepts any", .check = Check};

}  // namespace listenq::analyze
