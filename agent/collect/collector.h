// What the kernel says in each network namespace.
#ifndef LISTENQ_AGENT_COLLECT_COLLECTOR_H_
#define LISTENQ_AGENT_COLLECT_COLLECTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "agent/collect/netns_thread.h"
#include "agent/collect/proc_net.h"
#include "agent/collect/refresh_plan.h"
#include "agent/collect/sock_diag_socket.h"
#include "agent/model/reading.h"
#include "agent/sys/clock.h"
#include "agent/sys/file.h"

namespace listenq::collect {

// Descriptors of the sysctls that verdicts hang on. They stay with the namespace in which they were opened,
// are read from anywhere, and do not keep it alive; opening them anew gets dearer with every namespace of the
// node (proc_sys_compare). Empty until a full reading of all sysctls fills it.
struct VerdictFiles {
  std::vector<Handle> files;
};

// How much a full visit reads.
enum class Scope {
  // What tells drops apart: listeners, netstat, sockstat.
  kDrops,
  // Also snmp, sockstat6 and sysctls.
  kAll,
};

// One namespace to visit, and what is known of it. Everything pointed to outlives the call.
struct Target {
  sys::FileId id;
  // Ways in, best first: bind mounts, then /proc/PID/ns/net of processes that live there.
  absl::Span<const std::string> paths;
  // Those processes: /proc/PID/net is the way out when the namespace may not be entered.
  absl::Span<const uint32_t> pids;
  // The listeners as last read.
  absl::Span<const model::ListenerReading> known;
  // ListenDrops and the socket counts as last read.
  std::optional<uint64_t> known_listen_drops;
  model::SocketCounts known_sockets;
  // Owned by the caller, one per namespace, changed here.
  RefreshPlan* plan = nullptr;
  Scope scope = Scope::kAll;
  // The sysctls as last read; null when never. A visit reads all of them where asked, or where there are
  // none, else the few that verdicts hang on.
  std::shared_ptr<const model::Sysctls> known_sysctls;
  bool all_sysctls = false;
  // Owned by the caller, one per namespace, changed here; null: keep none open.
  VerdictFiles* verdict_files = nullptr;
  // The listeners must come from a dump even where nothing seems to have changed.
  bool must_dump = true;
};

// Contract: takes a set of namespaces and returns one reading, or error, for each, in order. NotFound: the
//   namespace is gone. A part that can't be read is in the reading's errors.
// Threading: one caller at a time.
class Collector {
 public:
  struct Options {
    // Where /proc/PID is found.
    std::string proc = "/proc";
    // A namespace with more keeps the first of them and says so.
    size_t max_listeners = 4096;
  };
  Collector(Options options, const sys::Clock* clock);

  // Light: the known listeners again. FailedPrecondition where sock_diag is not to be had.
  std::vector<absl::StatusOr<model::RefreshReading>> Refresh(absl::Span<const Target> targets);

  // Full: a list of listeners, counters, and sysctls where asked for.
  std::vector<absl::StatusOr<model::NamespaceReading>> Read(absl::Span<const Target> targets);

  // Listeners on the whole node: a dump in one namespace walks them all, so it decides what is cheaper.
  void SetNodeListeners(size_t count) { node_listeners_ = count; }
  // A dump costs more than looking first whether anything changed.
  [[nodiscard]] bool DumpsAreDear() const;

 private:
  // Exact requests are cheaper than a dump, and reach every listener.
  [[nodiscard]] bool AsksExactly(const RefreshPlan& plan) const;
  absl::StatusOr<model::RefreshReading> RefreshOne(const Target& target, int socket);
  absl::StatusOr<model::RefreshReading> AskKnown(const Target& target, int socket);
  absl::StatusOr<model::RefreshReading> DumpKnown(const Target& target, int socket);

  absl::StatusOr<model::NamespaceReading> ReadOne(const Target& target, absl::StatusOr<Handles> entered);
  absl::Status ReadListeners(const Target& target, const Handles& handles, model::NamespaceReading* reading);
  absl::Status ReadBySockDiag(const Target& target, int socket, model::NamespaceReading* reading);
  absl::Status ReadByTcpTables(const Target& target, model::NamespaceReading* reading);
  absl::Status ParseTcpTables(const Handles& handles, model::NamespaceReading* reading) const;
  absl::Status MakePlan(int socket, const SockDiagTalk::Dump& dump, RefreshPlan* plan);

  void ReadSockstat(const Handles& handles, model::NamespaceReading* reading);
  void ReadSnmp(const Handles& handles, model::NamespaceReading* reading);
  absl::StatusOr<model::Counters> ReadNetstat(const Handles& handles);
  void ReadSysctls(const Target& target, Handles* handles, model::NamespaceReading* reading);
  model::SysctlValue ReadSysctl(size_t index, const Handle& handle);
  absl::Span<const size_t> SysctlsToOpen(const Target& target) const;
  std::shared_ptr<const model::Sysctls> Share(model::Sysctls sysctls);

  // The whole file, valid until the next call.
  absl::StatusOr<absl::string_view> ReadHandle(const Handle& handle, absl::string_view name);
  // Without entering: by the /proc/PID/net of a process that lives there.
  absl::StatusOr<Handles> OpenOutside(const Target& target) const;

  const Options options_;
  const sys::Clock* const clock_;
  NetnsThread netns_thread_;
  SockDiagTalk talk_;
  CounterParser netstat_parser_;
  CounterParser snmp_parser_;
  std::vector<char> buffer_;
  size_t node_listeners_ = 0;
  std::vector<size_t> all_sysctls_;
  std::vector<size_t> verdict_sysctls_;
  // Most namespaces have the same values: one object serves all that do.
  std::vector<std::weak_ptr<const model::Sysctls>> shared_sysctls_;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_COLLECTOR_H_
