#include "agent/collect/connection_walker.h"

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

// Those that SYN_RECV entries and accepted connections are told by.
constexpr size_t kMaxListeners = 65536;
constexpr int kMaxTries = 3;

absl::Duration ThreadCpuTime() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

absl::Status Check(const WalkTarget& target, const Handles& handles) {
  if (target.cookie.has_value() && handles.cookie.has_value() && target.cookie != handles.cookie) {
    return absl::NotFoundError(
        absl::StrCat("enter network namespace ", target.way_in.id.inode, ": another one has its number now"));
  }
  if (!handles.sock_diag.fd.valid()) {
    return sys::ErrnoStatus(handles.sock_diag.error_number, "open sock_diag socket");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<model::ConnectionCounts> ConnectionWalker::Walk(const WalkTarget& target,
                                                               absl::FunctionRef<bool()> stop) {
  const Visit visit = {
      .paths = target.way_in.paths, .id = target.way_in.id, .what = {.sock_diag = true, .cookie = true}};
  std::vector<absl::StatusOr<Handles>> entered = netns_thread_.Open({&visit, 1});
  ASSIGN_OR_RETURN(const Handles handles, std::move(entered.front()));
  RETURN_IF_ERROR(Check(target, handles));
  const absl::Duration before = ThreadCpuTime();
  ASSIGN_OR_RETURN(model::ConnectionCounts counts, Count(handles.sock_diag.fd.get(), target, stop));
  counts.cpu_time = ThreadCpuTime() - before;
  return counts;
}

absl::StatusOr<model::ConnectionCounts> ConnectionWalker::Count(int socket, const WalkTarget& target,
                                                                absl::FunctionRef<bool()> stop) {
  ASSIGN_OR_RETURN(const SockDiagTalk::Dump dump, talk_.DumpListeners(socket, kMaxListeners));
  for (int tries = 1;; ++tries) {
    ConnectionTally tally(dump.listeners, target.ephemeral, bounds_);
    ASSIGN_OR_RETURN(
        const SockDiagTalk::WalkEnd end,
        talk_.WalkConnections(socket, stop, [&](const model::Connection& one) { tally.Add(one); }));
    if (end == SockDiagTalk::WalkEnd::kInterrupted && tries < kMaxTries) continue;
    model::ConnectionCounts counts = tally.Counts(target.max_rows);
    counts.stopped = end == SockDiagTalk::WalkEnd::kStopped;
    counts.truncated = counts.truncated || dump.truncated();
    return counts;
  }
}

}  // namespace listenq::collect
