// The one place that enters foreign network namespaces.
#ifndef LISTENQ_AGENT_COLLECT_NETNS_THREAD_H_
#define LISTENQ_AGENT_COLLECT_NETNS_THREAD_H_

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "agent/sys/file.h"
#include "agent/sys/mutex.h"
#include "agent/sys/unique_fd.h"

namespace listenq::collect {

// What to open inside.
struct HandleSet {
  bool sock_diag = false;
  // SO_NETNS_COOKIE of that socket.
  bool cookie = false;
  // /proc/net: netstat, sockstat.
  bool drop_counters = false;
  // /proc/net: snmp, sockstat6.
  bool other_counters = false;
  // /proc/net: tcp, tcp6. Dear to read: only where sock_diag is not to be had.
  bool tcp_tables = false;
  // Positions in model::SysctlTable().
  absl::Span<const size_t> sysctls;
};

struct Visit {
  // Ways in, best first: a bind mount, /proc/PID/ns/net, ….
  absl::Span<const std::string> paths;
  // What must stand behind the path: a PID may have been reused, a process may have changed its namespace.
  sys::FileId id;
  HandleSet what;
};

// A handle, or the errno of the call that should have opened it.
struct Handle {
  sys::UniqueFd fd;
  int error_number = 0;
};

// Opened inside, used outside. All but `sysctls` keep the namespace alive: close them within the beat.
struct Handles {
  // Absent before Linux 5.14 and where it was not asked for.
  std::optional<uint64_t> cookie;
  Handle sock_diag;
  Handle netstat;
  Handle snmp;
  Handle sockstat;
  Handle sockstat6;
  Handle tcp;
  Handle tcp6;
  std::vector<Handle> sysctls;  // beside HandleSet::sysctls
};

// Contract: Open() goes into each namespace in turn, opens what the visit asks for and comes home.
// Threading: a thread of its own does the setns(2) calls and nothing else; it starts no thread and calls no
//   library that might. One caller at a time.
// Failure: a namespace that is gone is NotFound; PermissionDenied says which capability is missing. When the
//   thread can't go home it ends, and the next Open() starts another.
class NetnsThread {
 public:
  NetnsThread() = default;
  ~NetnsThread();
  NetnsThread(const NetnsThread&) = delete;
  NetnsThread& operator=(const NetnsThread&) = delete;

  // One result per visit, in order.
  std::vector<absl::StatusOr<Handles>> Open(absl::Span<const Visit> visits);

 private:
  void Run();
  void Stop();

  std::thread thread_;
  sys::Mutex mutex_;
  std::condition_variable changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool tainted_ ABSL_GUARDED_BY(mutex_) = false;
  // Not null while a job waits or runs.
  const absl::Span<const Visit>* job_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<absl::StatusOr<Handles>> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_NETNS_THREAD_H_
