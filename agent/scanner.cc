#include "agent/scanner.h"

#include <sys/utsname.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/discover/socket_owners.h"
#include "agent/model/sysctl.h"
#include "agent/sys/file.h"

namespace listenq::agent {
namespace {

// Processes of a namespace tried as ways in, besides its bind mounts.
constexpr size_t kMaxWaysIn = 3;
// Descriptors looked at for one namespace's listeners.
constexpr size_t kMaxFdsPerSearch = size_t{1} << 17;
constexpr absl::Duration kCostInterval = absl::Seconds(10);
// Owners that did not change are stamped anew so often.
constexpr absl::Duration kOwnerStamp = absl::Minutes(1);

std::string BootId() {
  const auto text = sys::ReadFile("/proc/sys/kernel/random/boot_id");
  return text.ok() ? std::string(absl::StripSuffix(*text, "\n")) : "";
}

std::string KernelRelease() {
  utsname names = {};
  return uname(&names) == 0 ? names.release : "";
}

std::vector<std::string> WaysIn(const std::string& proc, const discover::FoundNamespace& found) {
  std::vector<std::string> paths = found.pins;
  for (size_t i = 0; i < std::min(found.pids.size(), kMaxWaysIn); ++i) {
    paths.push_back(absl::StrCat(proc, "/", found.pids[i], "/ns/net"));
  }
  return paths;
}

std::vector<std::string> PinNames(const std::vector<std::string>& pins) {
  std::vector<std::string> names;
  names.reserve(pins.size());
  for (const std::string& pin : pins) names.emplace_back(sys::BaseName(pin));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

absl::flat_hash_map<uint64_t, uint64_t> CgroupsOfSockets(
    const std::vector<model::ListenerReading>& listeners) {
  absl::flat_hash_map<uint64_t, uint64_t> cgroups;
  for (const model::ListenerReading& listener : listeners) {
    if (listener.cgroup_id.has_value()) cgroups.emplace(listener.inode, *listener.cgroup_id);
  }
  return cgroups;
}

// The container that made a socket owns it too, though another one's process may hold it.
std::shared_ptr<const model::SocketProcesses> WithContainer(
    std::shared_ptr<const model::SocketProcesses> processes, const std::string& container) {
  if (container.empty()) return processes;
  auto all = std::make_shared<model::SocketProcesses>(*processes);
  all->AddContainer(container);
  return all;
}

template <typename T>
bool HaveCommon(const std::vector<T>& a, const std::vector<T>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

bool HasRuntimeNames(const std::vector<model::Owner>& owners) {
  return std::any_of(owners.begin(), owners.end(), [](const model::Owner& owner) {
    return owner.source == model::OwnerSource::kCri || owner.source == model::OwnerSource::kDocker;
  });
}

// The kernel gives out the inode number of a namespace that died at once: one in which neither a bind mount
// nor a process is the same is another.
bool IsAnother(const discover::FoundNamespace& before, const discover::FoundNamespace& now) {
  return !now.host && !HaveCommon(before.pins, now.pins) && !HaveCommon(before.pids, now.pids);
}

bool LivesThere(const discover::FoundNamespace& before, const discover::FoundNamespace& now) {
  return before.pins == now.pins && before.containers == now.containers &&
         before.first_processes == now.first_processes;
}

}  // namespace

Scanner::Scanner(ScannerOptions options, const sys::Clock* clock, discover::NameSource* names)
    : options_(std::move(options)),
      clock_(clock),
      name_source_(names),
      discovery_(options_.discovery),
      collector_(options_.collector, clock),
      acceptor_watch_({.proc = options_.discovery.proc, .cgroup_root = options_.discovery.cgroup_root},
                      options_.slow_interval),
      recorder_(std::make_unique<analyze::FlightRecorder>(options_.recorder)),
      max_verdict_files_(DescriptorLimit() / 8) {
  node_.name = options_.node_name;
  node_.boot_id = BootId();
  node_.kernel_release = KernelRelease();
  node_.start_time = clock_->Now();
  auto empty = std::make_shared<model::Snapshot>();
  empty->node = node_;
  empty->read_time = node_.start_time;
  const sys::MutexLock lock(mutex_);
  latest_ = std::move(empty);
}

std::shared_ptr<const model::Snapshot> Scanner::Latest() const {
  const sys::MutexLock lock(mutex_);
  return latest_;
}

void Scanner::Heat(absl::Span<const model::NetnsSerial> namespaces) {
  const absl::Time until = clock_->Now() + options_.hot_time;
  const sys::MutexLock lock(mutex_);
  for (const model::NetnsSerial serial : namespaces) hot_until_[serial] = until;
}

void Scanner::SetPortUse(model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use) {
  const sys::MutexLock lock(mutex_);
  port_use_[serial] = std::move(use);
}

std::optional<collect::WayIn> Scanner::FindWayIn(model::NetnsSerial serial) const {
  const sys::MutexLock lock(mutex_);
  const auto found = ways_in_.find(serial);
  if (found == ways_in_.end()) return std::nullopt;
  return found->second;
}

// 1. Which namespaces are there? 2. Known listeners again. 3. Everything of those that are due, hot, new, or
// in which something moved, and the processes that accept too slowly. 4. Publish.
void Scanner::Beat() {
  const absl::Time now = clock_->Now();
  Discover(now);
  MarkHot(now);
  TakePortUse();
  ReadAll(RefreshAll(now), now);
  WatchAcceptors(now);
  Publish(now);
}

// ---- Step 1

void Scanner::Discover(absl::Time now) {
  const bool full = IsDue(next_walk_, now);
  if (full) next_walk_ = now + options_.full_interval;
  discover::DiscoverResult result = discovery_.Walk(full);
  node_.errors = std::move(result.errors);
  NoteSources();
  const model::NetnsSerial last_known = last_serial_;
  absl::flat_hash_set<sys::FileId> alive;
  for (discover::FoundNamespace& found : result.namespaces) {
    alive.insert({.dev = found.dev, .inode = found.inode});
    Adopt(std::move(found), now);
  }
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    if (alive.contains(current->first)) continue;
    End(current->second.get(), now);
    entries_.erase(current);
  }
  // Somebody whom the runtime was not asked about yet.
  if (name_source_ != nullptr && last_serial_ != last_known) name_source_->Wake();
}

void Scanner::NoteSources() {
  if (name_source_ == nullptr) return;
  names_ = name_source_->Latest();
  node_.sources = name_source_->Health();
  for (const model::SourceHealth& source : node_.sources) {
    if (source.healthy || source.absent) continue;
    std::string reason = absl::StrCat(source.source, ": ", source.message);
    if (source.last_success != absl::InfinitePast()) {
      absl::StrAppend(&reason, "; its names are as of ",
                      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", source.last_success, absl::UTCTimeZone()));
    }
    node_.errors.push_back({.part = "owners", .reason = std::move(reason)});
  }
}

void Scanner::Adopt(discover::FoundNamespace found, absl::Time now) {
  std::unique_ptr<Entry>& entry = entries_[{.dev = found.dev, .inode = found.inode}];
  if (entry != nullptr && IsAnother(entry->found, found)) {
    End(entry.get(), now);
    entry = nullptr;
  }
  if (entry == nullptr) entry = MakeEntry(found, now);
  Update(entry.get(), std::move(found), now);
}

std::unique_ptr<Scanner::Entry> Scanner::MakeEntry(const discover::FoundNamespace& found, absl::Time now) {
  model::NetnsId id;
  id.serial = ++last_serial_;
  id.dev = found.dev;
  id.inode = found.inode;
  id.first_seen = now;
  id.host = found.host;
  return std::make_unique<Entry>(std::move(id), now);
}

void Scanner::Update(Entry* entry, discover::FoundNamespace found, absl::Time now) {
  const bool new_pins = entry->found.pins != found.pins;
  const bool new_pids = entry->found.pids != found.pids;
  if (new_pins) entry->tracker.SetNames(PinNames(found.pins));
  if (new_pids) entry->tracker.SetProcessCount(static_cast<uint32_t>(found.pids.size()));
  entry->pids_changed = entry->pids_changed || new_pids;
  const bool changed = !LivesThere(entry->found, found);
  entry->found = std::move(found);
  if (new_pins || new_pids || entry->way_in.paths.empty()) SetWayIn(entry);
  Name(entry, changed, now);
}

void Scanner::SetWayIn(Entry* entry) {
  collect::WayIn way_in = {.id = {.dev = entry->found.dev, .inode = entry->found.inode},
                           .paths = WaysIn(options_.discovery.proc, entry->found)};
  if (way_in == entry->way_in) return;
  entry->way_in = std::move(way_in);
  const sys::MutexLock lock(mutex_);
  ways_in_[entry->tracker.id().serial] = entry->way_in;
}

void Scanner::Name(Entry* entry, bool changed, absl::Time now) {
  if (!changed && entry->names == names_ && now - entry->named < kOwnerStamp) return;
  entry->names = names_;
  entry->named = now;
  discover::NamedNamespace named = discover::NameNamespace(entry->found, *names_, now);
  entry->has_runtime_names = HasRuntimeNames(named.owners);
  entry->tracker.SetOwners(std::make_shared<const std::vector<model::Owner>>(std::move(named.owners)));
  entry->tracker.SetDeclaredSysctls(std::move(named.declared_sysctls));
  entry->not_observable_reason = std::move(named.not_observable_reason);
  SetObservable(entry);
}

void Scanner::SetObservable(Entry* entry) {
  entry->tracker.SetNotObservable(entry->tracker.known().empty() ? entry->not_observable_reason : "");
}

// The name of a short life may have come after its last beat.
void Scanner::End(Entry* entry, absl::Time now) {
  if (!entry->has_runtime_names) Name(entry, false, now);
  recorder_->End(entry->tracker.End(now));
  const sys::MutexLock lock(mutex_);
  ways_in_.erase(entry->tracker.id().serial);
}

void Scanner::MarkHot(absl::Time now) {
  const sys::MutexLock lock(mutex_);
  absl::erase_if(hot_until_, [&](const auto& hot) { return hot.second <= now; });
  for (auto& [id, entry] : entries_) entry->hot = hot_until_.contains(entry->tracker.id().serial);
}

void Scanner::TakePortUse() {
  absl::flat_hash_map<model::NetnsSerial, std::shared_ptr<const model::PortUse>> taken;
  {
    const sys::MutexLock lock(mutex_);
    taken.swap(port_use_);
  }
  if (taken.empty()) return;
  for (auto& [id, entry] : entries_) {
    const auto use = taken.find(entry->tracker.id().serial);
    if (use != taken.end()) entry->tracker.SetPortUse(std::move(use->second));
  }
}

// ---- Steps 2 and 3

// A beat that comes a little early still counts.
bool Scanner::IsDue(absl::Time when, absl::Time now) const { return when <= now + options_.beat / 2; }

std::vector<Scanner::Entry*> Scanner::RefreshAll(absl::Time now) {
  std::vector<Entry*> full;
  std::vector<Entry*> light;
  std::vector<collect::Target> targets;
  size_t listeners = 0;
  for (auto& [id, entry] : entries_) {
    listeners += entry->tracker.known().size();
    if (entry->hot || IsDue(entry->next_full, now)) {
      full.push_back(entry.get());
    } else if (entry->refreshable && !entry->tracker.known().empty()) {
      light.push_back(entry.get());
      targets.push_back(MakeTarget(entry.get(), now));
    }
  }
  collector_.SetNodeListeners(listeners);
  const auto readings = collector_.Refresh(targets);
  for (size_t i = 0; i < readings.size(); ++i) {
    // What went wrong in a light visit is for the full one to find out.
    if (readings[i].ok()) {
      light[i]->moved = light[i]->tracker.ApplyRefresh(*readings[i]).needs_full;
      if (!light[i]->moved) continue;
    }
    full.push_back(light[i]);
  }
  return full;
}

collect::Target Scanner::MakeTarget(Entry* entry, absl::Time now) const {
  collect::Target target;
  target.id = {.dev = entry->found.dev, .inode = entry->found.inode};
  target.paths = entry->way_in.paths;
  target.pids = entry->found.pids;
  target.known = entry->tracker.known();
  target.known_listen_drops = entry->listen_drops;
  target.known_sockets = entry->sockets;
  target.plan = &entry->plan;
  target.known_sysctls = entry->sysctls;
  target.all_sysctls = entry->hot || IsDue(entry->next_slow, now);
  target.must_dump = entry->moved || entry->hot || target.all_sysctls || !collector_.DumpsAreDear();
  if (entry->moved) target.scope = collect::Scope::kDrops;
  const bool may_keep = !entry->verdict_files.files.empty() || entries_.size() <= max_verdict_files_;
  if (may_keep) target.verdict_files = &entry->verdict_files;
  return target;
}

void Scanner::ReadAll(const std::vector<Entry*>& entries, absl::Time now) {
  std::vector<collect::Target> targets;
  targets.reserve(entries.size());
  for (Entry* entry : entries) targets.push_back(MakeTarget(entry, now));
  auto readings = collector_.Read(targets);
  for (size_t i = 0; i < entries.size(); ++i) Apply(entries[i], std::move(readings[i]), now);
}

void Scanner::Apply(Entry* entry, absl::StatusOr<model::NamespaceReading> reading, absl::Time now) {
  const bool moved = std::exchange(entry->moved, false);
  const bool slow = !moved && (entry->hot || IsDue(entry->next_slow, now));
  if (!reading.ok()) {
    if (absl::IsNotFound(reading.status())) {
      ++node_.vanished_namespaces;
      next_walk_ = absl::InfinitePast();  // the next beat finds out what became of it
    }
    entry->refreshable = false;
    entry->tracker.ApplyFailure({{.part = "netns", .reason = std::string(reading.status().message())}}, now);
    return Schedule(entry, /*first=*/false, now);
  }
  const bool first = entry->next_full == absl::InfinitePast();
  if (reading->cookie.has_value()) {
    const std::optional<uint64_t> known = entry->tracker.id().cookie;
    if (known.has_value() && known != reading->cookie) {
      entry = ReplaceReused(entry, now);
      reading->sysctls = nullptr;  // by the files of the one that is gone
    }
    entry->tracker.SetCookie(*reading->cookie);
  }
  entry->refreshable = reading->listeners.has_value() && reading->degraded_reason.empty();
  entry->listen_drops = reading->netstat_after.Get("TcpExtListenDrops");
  if (!moved) entry->sockets = reading->sockets;
  if (reading->sysctls != nullptr) entry->sysctls = reading->sysctls;
  std::optional<model::DropEvent> drops = entry->tracker.ApplyFull(*std::move(reading));
  SetObservable(entry);
  NameProcesses(entry, slow);
  if (drops.has_value()) recorder_->AddDrops(*std::move(drops));
  if (!moved) Schedule(entry, first, now);
}

// The inode number went to another namespace between two beats.
Scanner::Entry* Scanner::ReplaceReused(Entry* entry, absl::Time now) {
  End(entry, now);
  discover::FoundNamespace found = entry->found;
  std::unique_ptr<Entry>& place = entries_[{.dev = found.dev, .inode = found.inode}];
  place = MakeEntry(found, now);
  Update(place.get(), std::move(found), now);
  return place.get();
}

// The first time at a point of the interval that hangs on the namespace's number: so that they don't all come
// due in the same beat.
void Scanner::Schedule(Entry* entry, bool first, absl::Time now) {
  constexpr int kSlots = 64;
  const double part = first ? static_cast<double>(entry->tracker.id().serial % kSlots + 1) / kSlots : 1;
  if (IsDue(entry->next_slow, now)) entry->next_slow = now + part * options_.slow_interval;
  entry->next_full = now + part * options_.full_interval;
}

void Scanner::NameProcesses(Entry* entry, bool slow) {
  if (!options_.name_processes) return;
  const auto is_gone = [&](const model::Process& process) {
    return !std::binary_search(entry->found.pids.begin(), entry->found.pids.end(), process.pid);
  };
  if (slow || entry->pids_changed) {
    // Worth a copy: setting processes changes the published value.
    const std::shared_ptr<const model::Namespace> value = entry->tracker.Publish();
    for (const model::Listener& listener : value->listeners) {
      if (listener.processes == nullptr) continue;
      const auto& first = listener.processes->first;
      if (slow || std::any_of(first.begin(), first.end(), is_gone)) {
        entry->tracker.SetSocketProcesses(listener.reading.inode, nullptr);
      }
    }
    entry->pids_changed = false;
  }
  const std::vector<uint64_t> inodes = entry->tracker.InodesWithoutProcesses();
  if (inodes.empty()) return;
  const auto container_of = [&](uint32_t pid) {
    const std::string* id = discovery_.ContainerOf(pid);
    return id != nullptr ? *id : std::string();
  };
  const auto found =
      discover::FindSocketProcesses(options_.discovery.proc, entry->found.pids,
                                    {inodes.begin(), inodes.end()}, kMaxFdsPerSearch, container_of);
  const absl::flat_hash_map<uint64_t, uint64_t> cgroups = CgroupsOfSockets(entry->tracker.known());
  for (auto [inode, processes] : found) {
    const auto cgroup = cgroups.find(inode);
    const std::string container = cgroup == cgroups.end() ? "" : discovery_.ContainerOfCgroup(cgroup->second);
    entry->tracker.SetSocketProcesses(inode, WithContainer(std::move(processes), container));
  }
}

void Scanner::WatchAcceptors(absl::Time now) {
  acceptor_watch_.BeginBeat();
  for (auto& [id, entry] : entries_) acceptor_watch_.LookAtLagging(&entry->tracker, &entry->watched, now);
  for (auto& [id, entry] : entries_) acceptor_watch_.LookAtAll(&entry->tracker, &entry->watched, now);
}

// ---- Step 4

void Scanner::Publish(absl::Time start) {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->read_time = start;
  snapshot->complete = names_->complete();
  snapshot->namespaces.reserve(entries_.size());
  for (auto& [id, entry] : entries_) {
    snapshot->namespaces.push_back(entry->tracker.Publish());
    recorder_->AddSamples(snapshot->namespaces.back(), start);
  }
  std::sort(snapshot->namespaces.begin(), snapshot->namespaces.end(),
            [](const auto& a, const auto& b) { return a->id->serial < b->id->serial; });
  recorder_->Expire(start);
  snapshot->ended = recorder_->Ended();
  if (IsDue(next_cost_, start)) {
    node_.cost = cost_meter_.Read(start);
    next_cost_ = start + kCostInterval;
  }
  node_.last_beat_duration = clock_->Now() - start;
  snapshot->node = node_;
  const sys::MutexLock lock(mutex_);
  latest_ = std::move(snapshot);
}

}  // namespace listenq::agent
