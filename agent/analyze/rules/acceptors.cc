#include "agent/analyze/rules/acceptors.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace listenq::analyze {
namespace {

// What a CPU limit may hold back a busy process without harm.
constexpr uint64_t kThrottledPercent = 10;

const model::Acceptor* Find(const model::Acceptors& acceptors, uint32_t pid) {
  const auto found = std::lower_bound(
      acceptors.processes.begin(), acceptors.processes.end(), pid,
      [](const model::Acceptor& acceptor, uint32_t wanted) { return acceptor.pid < wanted; });
  return found == acceptors.processes.end() || found->pid != pid ? nullptr : &*found;
}

bool IsAround(const model::Wall& wall, const AcceptorList& acceptors) {
  return std::any_of(acceptors.begin(), acceptors.end(), [&](const model::Acceptor* acceptor) {
    return std::find(acceptor->walls.begin(), acceptor->walls.end(), wall.id) != acceptor->walls.end();
  });
}

bool HoldsBack(const model::Wall& wall) {
  const model::WallHits& by = wall.increase.by;
  return wall.id.kind == model::WallId::Kind::kCpu && by.hits > 0 &&
         by.hits * 100 >= by.periods * kThrottledPercent;
}

// Whoever holds the socket was read.
bool IsComplete(const model::Listener& listener, const AcceptorList& acceptors) {
  const model::SocketProcesses* processes = listener.processes.get();
  return !acceptors.empty() && processes != nullptr && processes->count == acceptors.size() &&
         processes->unreadable_reason.empty();
}

bool IsStopped(const model::Acceptor* acceptor) {
  const char state = acceptor->state.value_or('?');
  return state == 'T' || state == 't';
}

// In kUnchanged.
bool LostNothing(const Case& the_case, const model::Listener& listener) {
  return listener.last_drop <= the_case.now - kUnchanged;
}

}  // namespace

AcceptorList AcceptorsOf(const model::Namespace& ns, const model::Listener& listener) {
  AcceptorList list;
  if (ns.acceptors == nullptr || listener.processes == nullptr) return list;
  for (const model::Process& process : listener.processes->first) {
    const model::Acceptor* acceptor = Find(*ns.acceptors, process.pid);
    if (acceptor != nullptr) list.push_back(acceptor);
  }
  return list;
}

std::string NameOf(const model::Acceptor& acceptor) {
  // A name may have newlines.
  return absl::StrCat(absl::Utf8SafeCEscape(acceptor.comm), " (pid ", acceptor.pid, ")");
}

std::string ListNames(const model::Listener& listener, const AcceptorList& acceptors) {
  constexpr size_t kMaxNamed = 3;
  const model::SocketProcesses* processes = listener.processes.get();
  if (processes == nullptr || !processes->count.has_value()) return "not known";
  std::string text = absl::StrCat(*processes->count);
  for (size_t i = 0; i < std::min(acceptors.size(), kMaxNamed); ++i) {
    absl::StrAppend(&text, i == 0 ? ": " : ", ", NameOf(*acceptors[i]));
  }
  if (*processes->count > kMaxNamed) text += ", …";
  return text;
}

const model::Acceptor* FindOutOfDescriptors(const AcceptorList& acceptors) {
  const auto found = std::find_if(acceptors.begin(), acceptors.end(), [](const model::Acceptor* acceptor) {
    return model::HasOpen(*acceptor, model::kNearlyAll);
  });
  return found == acceptors.end() ? nullptr : *found;
}

std::string Descriptors(const model::Acceptor& acceptor) {
  return absl::StrCat(acceptor.open_fds.value_or(0), " of ", acceptor.fd_limit.value_or(0));
}

std::string DescriptorAdvice() {
  return "more descriptors: LimitNOFILE= of its systemd service; docker run --ulimit nofile=65536:65536; for "
         "pods "
         "LimitNOFILE= of containerd's service (what new containers inherit)\nor a higher soft limit by the "
         "application itself (nginx: worker_rlimit_nofile), or find what it does not close: ls -l "
         "/proc/PID/fd";
}

const model::Wall* FindThrottling(const model::Namespace& ns, const AcceptorList& acceptors) {
  const model::Wall* worst = nullptr;
  if (ns.acceptors == nullptr) return worst;
  for (const model::Wall& wall : ns.acceptors->walls) {
    if (!HoldsBack(wall) || !IsAround(wall, acceptors)) continue;
    if (worst == nullptr || wall.increase.by.hits > worst->increase.by.hits) worst = &wall;
  }
  return worst;
}

std::string PlaceOf(const model::Namespace& ns, const model::Wall& wall) {
  if (ns.owners != nullptr && !wall.container_id.empty()) {
    const auto owner = std::find_if(ns.owners->begin(), ns.owners->end(), [&](const model::Owner& candidate) {
      return candidate.container_id == wall.container_id && !candidate.container.empty();
    });
    if (owner != ns.owners->end()) return absl::StrCat("container ", owner->container);
  }
  return absl::StrCat("cgroup ", absl::Utf8SafeCEscape(wall.id.name));
}

bool IsPinned(const model::Listener& listener) {
  return listener.lag != nullptr && listener.lag->unchanged_since < absl::InfiniteFuture() &&
         model::IsFull(listener.reading);
}

std::optional<Stop> FindStop(const Case& the_case, const model::Listener& listener) {
  const model::AcceptLag* lag = listener.lag.get();
  if (lag == nullptr || !lag->is_waiting() || listener.reading.queue == 0) return std::nullopt;
  const AcceptorList acceptors = AcceptorsOf(the_case.ns, listener);
  const bool complete = IsComplete(listener, acceptors);
  const bool all_stopped = complete && std::all_of(acceptors.begin(), acceptors.end(), IsStopped);
  if (lag->no_accept_since < absl::InfiniteFuture()) {
    return Stop{.reason = Stop::Reason::kProven,
                .all_stopped = all_stopped,
                .since = std::min(lag->no_accept_since, lag->unchanged_since)};
  }
  if (all_stopped) {
    return Stop{.reason = Stop::Reason::kStopped, .all_stopped = true, .since = lag->waiting_since};
  }
  const auto sleeps = [&](const model::Acceptor* acceptor) {
    return acceptor->state == 'D' && the_case.now - acceptor->state_since >= model::AcceptLag::kLeast;
  };
  if (complete && std::all_of(acceptors.begin(), acceptors.end(), sleeps)) {
    return Stop{.reason = Stop::Reason::kAsleep, .since = lag->waiting_since};
  }
  const bool nobody_refills = !lag->is_high() || (IsPinned(listener) && LostNothing(the_case, listener));
  if (nobody_refills && the_case.now - lag->unchanged_since >= kUnchanged) {
    return Stop{.reason = Stop::Reason::kUnchanged, .since = lag->unchanged_since};
  }
  return std::nullopt;
}

}  // namespace listenq::analyze
