#include "agent/collect/collector.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/collect/sysctl_path.h"
#include "agent/model/sysctl.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

// Descriptors open at a time. Namespaces are visited in chunks, since handing a chunk to the thread that
// enters them costs two switches.
constexpr size_t kMaxOpen = 256;

// Costs in microseconds as measured (only their ratio matters): an exact request, a dump, a dump per listener
// on the node, and per listener of the namespace itself.
constexpr double kExactCost = 1.1;
constexpr double kDumpCost = 22;
constexpr double kDumpCostPerListener = 0.021;
constexpr double kDumpCostPerOwn = 0.3;
// A dump that costs more than reading netstat and sockstat is dear.
constexpr double kDearDump = 35;

constexpr char kTcpTableReason[] = "read from /proc/net/tcp: no limit, no drops, no cookie";
constexpr char kOutsideReason[] =
    "read from /proc/PID/net without entering the namespace: no limit, no drops, no cookie";

double DumpCost(size_t node_listeners) {
  return kDumpCost + kDumpCostPerListener * static_cast<double>(node_listeners);
}

void AddError(absl::string_view part, const absl::Status& status, model::NamespaceReading* reading) {
  reading->errors.push_back({.part = std::string(part), .reason = std::string(status.message())});
}

absl::flat_hash_map<uint64_t, const model::ListenerReading*> ByKey(
    absl::Span<const model::ListenerReading> list) {
  absl::flat_hash_map<uint64_t, const model::ListenerReading*> map;
  for (const model::ListenerReading& listener : list) map.emplace(model::ListenerKey(listener), &listener);
  return map;
}

// Exact answers don't say what speaks above TCP.
void KeepProtocols(absl::Span<const model::ListenerReading> known,
                   std::vector<model::ListenerReading>* listeners) {
  const auto before = ByKey(known);
  for (model::ListenerReading& listener : *listeners) {
    const auto found = before.find(model::ListenerKey(listener));
    if (found != before.end()) listener.protocol = found->second->protocol;
  }
}

// A new listener shows in the number of sockets in use, as far as `now` was read (memory and orphans are the
// whole node's and never stand still).
bool SameInUse(const model::SocketCounts& now, const model::SocketCounts& known) {
  return now.tcp_in_use == known.tcp_in_use &&
         (!now.tcp6_in_use.has_value() || now.tcp6_in_use == known.tcp6_in_use);
}

// A listener that is new, or whose sk_drops are not what they were: something may have been dropped.
bool AnyMoved(absl::Span<const model::ListenerReading> now, absl::Span<const model::ListenerReading> known) {
  const auto before = ByKey(known);
  return std::any_of(now.begin(), now.end(), [&](const model::ListenerReading& listener) {
    const auto found = before.find(model::ListenerKey(listener));
    return found == before.end() || found->second->sk_drops != listener.sk_drops;
  });
}

}  // namespace

Collector::Collector(Options options, const sys::Clock* clock)
    : options_(std::move(options)), clock_(clock), buffer_(size_t{64} << 10) {
  for (size_t i = 0; i < model::SysctlTable().size(); ++i) all_sysctls_.push_back(i);
  for (const char* name : {"net.core.somaxconn", "net.ipv4.tcp_syncookies"}) {
    verdict_sysctls_.push_back(*model::FindSysctl(name));
  }
}

bool Collector::DumpsAreDear() const { return DumpCost(node_listeners_) > kDearDump; }

bool Collector::AsksExactly(const RefreshPlan& plan) const {
  const double exact_cost = kExactCost * static_cast<double>(plan.size());
  const double dump_cost = DumpCost(node_listeners_) + kDumpCostPerOwn * static_cast<double>(plan.total());
  return !plan.by_dump() && exact_cost <= dump_cost;
}

// ---- light

std::vector<absl::StatusOr<model::RefreshReading>> Collector::Refresh(absl::Span<const Target> targets) {
  std::vector<absl::StatusOr<model::RefreshReading>> readings;
  readings.reserve(targets.size());
  std::vector<Visit> visits;
  for (size_t first = 0; first < targets.size(); first += kMaxOpen) {
    const auto chunk = targets.subspan(first, kMaxOpen);
    visits.clear();
    for (const Target& target : chunk) {
      visits.push_back({.paths = target.paths, .id = target.id, .what = {.sock_diag = true}});
    }
    std::vector<absl::StatusOr<Handles>> handles = netns_thread_.Open(visits);
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (!handles[i].ok()) {
        readings.emplace_back(handles[i].status());
      } else if (!handles[i]->sock_diag.fd.valid()) {
        readings.emplace_back(absl::FailedPreconditionError("open sock_diag socket: not available"));
      } else {
        readings.push_back(RefreshOne(chunk[i], handles[i]->sock_diag.fd.get()));
      }
    }
  }
  return readings;
}

absl::StatusOr<model::RefreshReading> Collector::RefreshOne(const Target& target, int socket) {
  if (AsksExactly(*target.plan)) return AskKnown(target, socket);
  if (!target.plan->partial()) return DumpKnown(target, socket);
  // A dump of more listeners than we keep, every second, is what no single pod may cost: its full readings
  // must do.
  return model::RefreshReading{.time = clock_->Now()};
}

absl::StatusOr<model::RefreshReading> Collector::AskKnown(const Target& target, int socket) {
  model::RefreshReading reading;
  reading.time = clock_->Now();
  reading.listeners.reserve(target.plan->size());
  for (const RefreshPlan::Batch& batch : target.plan->batches()) {
    RETURN_IF_ERROR(talk_.Get(
        socket, batch.bytes, batch.count,
        [&](size_t, const model::ListenerReading& listener) { reading.listeners.push_back(listener); }));
  }
  if (reading.listeners.size() < target.plan->size()) target.plan->Miss();
  const size_t expected = target.plan->partial() ? target.plan->size() : target.known.size();
  reading.missing = expected - std::min(reading.listeners.size(), expected);
  return reading;
}

absl::StatusOr<model::RefreshReading> Collector::DumpKnown(const Target& target, int socket) {
  model::RefreshReading reading;
  reading.time = clock_->Now();
  ASSIGN_OR_RETURN(SockDiagTalk::Dump dump, talk_.DumpListeners(socket, options_.max_listeners));
  const auto known = ByKey(target.known);
  size_t news = 0;
  for (const model::ListenerReading& listener : dump.listeners) {
    if (known.contains(model::ListenerKey(listener))) {
      reading.listeners.push_back(listener);
    } else {
      ++news;
    }
  }
  // One that is new asks for a full visit just as one that is missing does.
  reading.missing = known.size() - reading.listeners.size() + news;
  return reading;
}

// ---- full

std::vector<absl::StatusOr<model::NamespaceReading>> Collector::Read(absl::Span<const Target> targets) {
  std::vector<absl::StatusOr<model::NamespaceReading>> readings;
  readings.reserve(targets.size());
  std::vector<Visit> visits;
  size_t open = 0;
  const auto read_visited = [&] {
    std::vector<absl::StatusOr<Handles>> handles = netns_thread_.Open(visits);
    for (absl::StatusOr<Handles>& entered : handles) {
      readings.push_back(ReadOne(targets[readings.size()], std::move(entered)));
    }
    visits.clear();
    open = 0;
  };
  for (const Target& target : targets) {
    constexpr size_t kWithoutSysctls = 5;
    visits.push_back({.paths = target.paths,
                      .id = target.id,
                      .what = {.sock_diag = true,
                               .cookie = true,
                               .drop_counters = true,
                               .other_counters = target.scope == Scope::kAll,
                               .sysctls = SysctlsToOpen(target)}});
    open += kWithoutSysctls + visits.back().what.sysctls.size();
    if (open >= kMaxOpen) read_visited();
  }
  if (!visits.empty()) read_visited();
  return readings;
}

absl::Span<const size_t> Collector::SysctlsToOpen(const Target& target) const {
  if (target.scope == Scope::kDrops) return {};
  if (target.all_sysctls || target.known_sysctls == nullptr) return all_sysctls_;
  const bool are_open = target.verdict_files != nullptr && !target.verdict_files->files.empty();
  return are_open ? absl::Span<const size_t>() : verdict_sysctls_;
}

absl::StatusOr<model::NamespaceReading> Collector::ReadOne(const Target& target,
                                                           absl::StatusOr<Handles> entered) {
  model::NamespaceReading reading;
  if (!entered.ok() && !absl::IsNotFound(entered.status())) {
    const absl::Status why = entered.status();
    entered = OpenOutside(target);
    if (!entered.ok()) return absl::IsNotFound(entered.status()) ? entered.status() : why;
    AddError("netns", why, &reading);
    reading.degraded_reason = kOutsideReason;
  }
  RETURN_IF_ERROR(entered.status());
  Handles& handles = *entered;
  reading.cookie = handles.cookie;

  absl::StatusOr<model::Counters> netstat = ReadNetstat(handles);
  if (netstat.ok()) {
    reading.netstat_before = *std::move(netstat);
  } else {
    AddError("counters", netstat.status(), &reading);
  }
  ReadSockstat(handles, &reading);
  if (const absl::Status status = ReadListeners(target, handles, &reading); !status.ok()) {
    AddError("listeners", status, &reading);
  }
  reading.netstat_after = reading.netstat_before;
  const bool moved = reading.netstat_before.Get("TcpExtListenDrops") != target.known_listen_drops ||
                     (reading.listeners.has_value() && AnyMoved(*reading.listeners, target.known));
  if (moved && !reading.netstat_before.empty()) {
    if (netstat = ReadNetstat(handles); netstat.ok()) reading.netstat_after = *std::move(netstat);
  }
  if (target.scope == Scope::kAll) {
    ReadSnmp(handles, &reading);
    ReadSysctls(target, &handles, &reading);
  }
  return reading;
}

absl::Status Collector::ReadListeners(const Target& target, const Handles& handles,
                                      model::NamespaceReading* reading) {
  reading->time = clock_->Now();
  if (handles.tcp.fd.valid()) return ParseTcpTables(handles, reading);  // opened from outside
  const int socket = handles.sock_diag.fd.get();
  absl::Status status = socket >= 0
                            ? ReadBySockDiag(target, socket, reading)
                            : sys::ErrnoStatus(handles.sock_diag.error_number, "open sock_diag socket");
  if (status.ok() || (socket >= 0 && !absl::IsUnavailable(status))) return status;
  reading->errors.push_back({.part = "listeners", .reason = std::string(status.message())});
  return ReadByTcpTables(target, reading);
}

absl::Status Collector::ReadBySockDiag(const Target& target, int socket, model::NamespaceReading* reading) {
  const bool quiet = !target.must_dump && AsksExactly(*target.plan) && target.plan->Fits(target.known) &&
                     SameInUse(reading->sockets, target.known_sockets) &&
                     reading->netstat_before.Get("TcpExtListenDrops") == target.known_listen_drops;
  if (quiet) {
    ASSIGN_OR_RETURN(model::RefreshReading known, AskKnown(target, socket));
    if (known.missing == 0 && !AnyMoved(known.listeners, target.known)) {
      KeepProtocols(target.known, &known.listeners);
      reading->listeners = std::move(known.listeners);
      return absl::OkStatus();
    }
  }
  ASSIGN_OR_RETURN(SockDiagTalk::Dump dump, talk_.DumpListeners(socket, options_.max_listeners));
  // The order in which listeners are known, whatever the order of the kernel's hash.
  std::sort(dump.listeners.begin(), dump.listeners.end(),
            [](const auto& a, const auto& b) { return model::ListenerKey(a) < model::ListenerKey(b); });
  if (!target.plan->Fits(dump.listeners)) RETURN_IF_ERROR(MakePlan(socket, dump, target.plan));
  reading->listeners_truncated = dump.truncated();
  reading->listeners = std::move(dump.listeners);
  return absl::OkStatus();
}

absl::Status Collector::MakePlan(int socket, const SockDiagTalk::Dump& dump, RefreshPlan* plan) {
  absl::flat_hash_map<uint64_t, uint16_t> remote_ports;
  const std::vector<ExactRequest> probes = RefreshPlan::Probes(dump.listeners);
  for (size_t first = 0; first < probes.size(); first += kMaxBatch) {
    const auto some = absl::MakeConstSpan(probes).subspan(first, kMaxBatch);
    RETURN_IF_ERROR(talk_.Get(socket, EncodeExactRequests(some), some.size(),
                              [&](size_t index, const model::ListenerReading& listener) {
                                remote_ports.emplace(listener.cookie, some[index].remote_port);
                              }));
  }
  plan->Make(dump.listeners, dump.total, remote_ports);
  return absl::OkStatus();
}

absl::Status Collector::ReadByTcpTables(const Target& target, model::NamespaceReading* reading) {
  const Visit visit = {.paths = target.paths, .id = target.id, .what = {.tcp_tables = true}};
  std::vector<absl::StatusOr<Handles>> tables = netns_thread_.Open({&visit, 1});
  RETURN_IF_ERROR(tables.front().status());
  reading->degraded_reason = kTcpTableReason;
  return ParseTcpTables(*tables.front(), reading);
}

absl::Status Collector::ParseTcpTables(const Handles& handles, model::NamespaceReading* reading) const {
  std::vector<model::ListenerReading> listeners;
  const std::pair<const Handle*, absl::string_view> tables[] = {{&handles.tcp, "/proc/net/tcp"},
                                                                {&handles.tcp6, "/proc/net/tcp6"}};
  for (const auto& [handle, name] : tables) {
    if (handle->error_number == ENOENT) continue;  // no IPv6
    if (!handle->fd.valid()) return sys::ErrnoStatus(handle->error_number, absl::StrCat("open ", name));
    std::string text;
    constexpr size_t kMaxTableBytes = size_t{64} << 20;
    RETURN_IF_ERROR(sys::ReadAll(handle->fd.get(), std::string(name), &text, kMaxTableBytes));
    ASSIGN_OR_RETURN(const std::vector<model::ListenerReading> found, ParseTcpTable(text));
    listeners.insert(listeners.end(), found.begin(), found.end());
  }
  if (listeners.size() > options_.max_listeners) {
    listeners.resize(options_.max_listeners);
    reading->listeners_truncated = true;
  }
  reading->listeners = std::move(listeners);
  return absl::OkStatus();
}

// ---- files

absl::StatusOr<absl::string_view> Collector::ReadHandle(const Handle& handle, absl::string_view name) {
  if (!handle.fd.valid()) return sys::ErrnoStatus(handle.error_number, absl::StrCat("open ", name));
  // The files that we read are made in one piece (single_open in the kernel): an answer shorter than the
  // buffer is whole.
  for (;;) {
    const ssize_t bytes = pread(handle.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (bytes < 0) return sys::ErrnoStatus(errno, absl::StrCat("read ", name));
    if (static_cast<size_t>(bytes) < buffer_.size()) {
      return absl::string_view(buffer_.data(), static_cast<size_t>(bytes));
    }
    if (buffer_.size() >= sys::kMaxFileBytes)
      return absl::OutOfRangeError(absl::StrCat("read ", name, ": too long"));
    buffer_.resize(buffer_.size() * 2);
  }
}

absl::StatusOr<model::Counters> Collector::ReadNetstat(const Handles& handles) {
  ASSIGN_OR_RETURN(const absl::string_view text, ReadHandle(handles.netstat, "/proc/net/netstat"));
  return netstat_parser_.Parse(text);
}

void Collector::ReadSnmp(const Handles& handles, model::NamespaceReading* reading) {
  const absl::StatusOr<absl::string_view> text = ReadHandle(handles.snmp, "/proc/net/snmp");
  absl::StatusOr<model::Counters> counters = text.ok() ? snmp_parser_.Parse(*text) : text.status();
  if (!counters.ok()) return AddError("counters", counters.status(), reading);
  reading->snmp = *std::move(counters);
}

void Collector::ReadSockstat(const Handles& handles, model::NamespaceReading* reading) {
  const std::pair<const Handle*, absl::string_view> files[] = {{&handles.sockstat, "/proc/net/sockstat"},
                                                               {&handles.sockstat6, "/proc/net/sockstat6"}};
  for (const auto& [handle, name] : files) {
    // Not asked for, or no IPv6.
    if (!handle->fd.valid() && (handle->error_number == 0 || handle->error_number == ENOENT)) continue;
    const absl::StatusOr<absl::string_view> text = ReadHandle(*handle, name);
    absl::Status status = text.status();
    if (text.ok()) status = ParseSockstat(*text, &reading->sockets);
    if (!status.ok()) AddError("counters", status, reading);
  }
}

namespace {

std::string CleanSysctl(absl::string_view text) {
  return absl::StrReplaceAll(absl::StripSuffix(text, "\n"), {{"\t", " "}});
}

std::string WhyAbsent(const model::SysctlInfo& info, int error_number) {
  if (error_number != ENOENT) {
    return std::string(sys::ErrnoStatus(error_number, absl::StrCat("open ", info.name)).message());
  }
  if (info.since == "host only") return "not in this namespace: only the host has it";
  if (!absl::ascii_isdigit(static_cast<unsigned char>(info.since.front()))) return "not on this kernel";
  return absl::StrCat("not in this namespace on this kernel: each has its own since Linux ", info.since);
}

}  // namespace

model::SysctlValue Collector::ReadSysctl(size_t index, const Handle& handle) {
  const model::SysctlInfo& info = model::SysctlTable()[index];
  if (!handle.fd.valid()) {
    return {.unreadable_reason = WhyAbsent(info, handle.error_number),
            .missing = handle.error_number == ENOENT};
  }
  const absl::StatusOr<absl::string_view> text = ReadHandle(handle, info.name);
  if (text.ok()) return {.value = CleanSysctl(*text)};
  return {.unreadable_reason = std::string(text.status().message())};
}

void Collector::ReadSysctls(const Target& target, Handles* handles, model::NamespaceReading* reading) {
  VerdictFiles* const kept = target.verdict_files;
  const absl::Span<const size_t> opened = SysctlsToOpen(target);
  const bool by_kept = kept != nullptr && opened.empty();
  const std::vector<Handle>& files = by_kept ? kept->files : handles->sysctls;
  const absl::Span<const size_t> indices = by_kept ? absl::MakeConstSpan(verdict_sysctls_) : opened;
  if (files.empty() || files.size() != indices.size()) return;  // opened from outside: there are none
  model::Sysctls sysctls;
  if (target.known_sysctls != nullptr) sysctls = *target.known_sysctls;
  sysctls.values.resize(model::SysctlTable().size());
  for (size_t i = 0; i < indices.size(); ++i) sysctls.values[indices[i]] = ReadSysctl(indices[i], files[i]);
  const bool same = target.known_sysctls != nullptr && *target.known_sysctls == sysctls;
  reading->sysctls = same ? target.known_sysctls : Share(std::move(sysctls));
  reading->sysctls_in_full = indices.size() == all_sysctls_.size();
  if (kept == nullptr || !kept->files.empty() || !reading->sysctls_in_full) return;
  for (const size_t index : verdict_sysctls_) kept->files.push_back(std::move(handles->sysctls[index]));
}

std::shared_ptr<const model::Sysctls> Collector::Share(model::Sysctls sysctls) {
  std::erase_if(shared_sysctls_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : shared_sysctls_) {
    if (auto shared = weak.lock(); shared != nullptr && *shared == sysctls) return shared;
  }
  auto shared = std::make_shared<const model::Sysctls>(std::move(sysctls));
  constexpr size_t kMaxShared = 64;
  if (shared_sysctls_.size() < kMaxShared) shared_sysctls_.push_back(shared);
  return shared;
}

absl::StatusOr<Handles> Collector::OpenOutside(const Target& target) const {
  const auto open_file = [](const std::string& folder, const char* name) {
    Handle handle;
    handle.fd.reset(open(absl::StrCat(folder, "/net/", name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!handle.fd.valid()) handle.error_number = errno;
    return handle;
  };
  for (const uint32_t pid : target.pids) {
    const std::string folder = absl::StrCat(options_.proc, "/", pid);
    const auto lives_there = [&] {
      const auto id = sys::StatFile(absl::StrCat(folder, "/ns/net"));
      return id.ok() && *id == target.id;
    };
    if (!lives_there()) continue;
    Handles handles;
    handles.netstat = open_file(folder, "netstat");
    handles.snmp = open_file(folder, "snmp");
    handles.sockstat = open_file(folder, "sockstat");
    handles.sockstat6 = open_file(folder, "sockstat6");
    handles.tcp = open_file(folder, "tcp");
    handles.tcp6 = open_file(folder, "tcp6");
    if (lives_there() && handles.tcp.fd.valid()) return handles;
  }
  return absl::NotFoundError(
      absl::StrCat("read network namespace ", target.id.inode, ": no process left in it"));
}

}  // namespace listenq::collect
