#include "agent/discover/discovery.h"

#include <fcntl.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/discover/host_netns.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {
namespace {

using model::PartError;

void AddError(std::string reason, std::vector<PartError>* errors) {
  errors->push_back({.part = "discovery", .reason = std::move(reason)});
}

std::string Plural(size_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

bool HasPtraceCapability(int proc_fd) {
  constexpr unsigned kCapSysPtrace = 19;  // linux/capability.h
  std::string status;
  uint64_t capabilities = 0;
  return ReadAtMost(proc_fd, "thread-self/status", 16384, &status) == 0 &&
         ParseEffectiveCapabilities(status, &capabilities) && (capabilities >> kCapSysPtrace & 1) != 0;
}

uint64_t NsfsDevice(const std::string& proc) {
  for (const std::string& root : {proc, std::string("/proc")}) {
    const absl::StatusOr<sys::FileId> id = sys::StatFile(absl::StrCat(root, "/thread-self/ns/net"));
    if (id.ok()) return id->dev;
  }
  return 0;
}

bool ByPodAndContainer(const std::shared_ptr<const CgroupOwner>& a,
                       const std::shared_ptr<const CgroupOwner>& b) {
  return std::tie(a->pod_uid, a->container_id, a->runtime) <
         std::tie(b->pod_uid, b->container_id, b->runtime);
}

bool HostFirst(const FoundNamespace& a, const FoundNamespace& b) {
  return a.host != b.host ? a.host : a.inode < b.inode;
}

}  // namespace

Discovery::Discovery(Options options)
    : options_(std::move(options)),
      table_(options_.max_looks, options_.cgroup_root),
      pin_folders_(options_.pin_folders) {}

DiscoverResult Discovery::Walk(bool full) {
  DiscoverResult result;
  if (nsfs_dev_ == 0) nsfs_dev_ = NsfsDevice(options_.proc);
  WalkProcesses(full, &result.errors);
  const std::vector<Pin> pins = pin_folders_.List(&result.errors);
  result.namespaces = Group(pins);
  for (FoundNamespace& netns : result.namespaces) AddProcesses(&netns);
  return result;
}

const std::string* Discovery::ContainerOf(uint32_t pid) const {
  static const std::string kNone;
  const KnownProcess* process = table_.Find(pid);
  if (process == nullptr) return nullptr;
  return process->container == nullptr ? &kNone : &process->container->container_id;
}

std::string Discovery::ContainerOfCgroup(uint64_t cgroup_id) const {
  const std::shared_ptr<const CgroupOwner> container = table_.cgroup_ids().Find(cgroup_id);
  return container == nullptr ? "" : container->container_id;
}

void Discovery::WalkProcesses(bool full, std::vector<PartError>* errors) {
  sys::UniqueFd proc;
  if (const int error = OpenFolder(AT_FDCWD, options_.proc.c_str(), &proc); error != 0) {
    const absl::Status status = sys::ErrnoStatus(error, absl::StrCat("open folder ", options_.proc));
    return AddError(std::string(status.message()), errors);
  }
  if (const int error = table_.Update(proc.get(), full); error != 0) {
    const absl::Status status = sys::ErrnoStatus(error, absl::StrCat("read folder ", options_.proc));
    AddError(std::string(status.message()), errors);
  }
  FindHost(proc.get(), full, errors);
  AddTableErrors(proc.get(), errors);
}

void Discovery::FindHost(int proc_fd, bool full, std::vector<PartError>* errors) {
  if (host_inode_ != 0 && !full) return;
  const absl::StatusOr<uint64_t> inode = FindHostNetns(proc_fd, options_.proc);
  if (inode.ok()) {
    host_inode_ = *inode;
  } else if (host_inode_ == 0) {
    AddError(absl::StrCat("the node's own namespace is not known: ", inode.status().message()), errors);
  }
}

void Discovery::AddTableErrors(int proc_fd, std::vector<PartError>* errors) const {
  size_t unreadable = 0;
  bool outside = false;
  for (const auto& [pid, process] : table_.processes()) {
    unreadable += process.unreadable ? 1 : 0;
    outside |= process.cgroup_outside;
  }
  if (unreadable > 0) {
    AddError(absl::StrCat(Plural(unreadable, "process's namespace", "processes' namespaces"),
                          " could not be read: ",
                          HasPtraceCapability(proc_fd) ? "Permission denied, though CAP_SYS_PTRACE is held"
                                                       : "needs CAP_SYS_PTRACE"),
             errors);
  }
  if (outside) {
    // Without their number, which changes all the time.
    const CgroupMounts& mounts = table_.cgroup_mounts();
    AddError(absl::StrCat(
                 "cgroups are outside of this cgroup namespace: ",
                 mounts.why_no_base.empty() ? absl::StrCat("above ", mounts.unified) : mounts.why_no_base),
             errors);
  }
  if (const size_t count = table_.never_looked_at(); count > 0) {
    AddError(absl::StrCat(Plural(count, "process was", "processes were"), " not looked at yet: at most ",
                          options_.max_looks, " at a time"),
             errors);
  }
}

std::vector<FoundNamespace> Discovery::Group(const std::vector<Pin>& pins) const {
  constexpr uint32_t kNone = UINT32_MAX;
  uint32_t kernel_thread = kNone;
  std::vector<FoundNamespace> found;
  absl::flat_hash_map<uint64_t, size_t> index;
  auto at = [&](uint64_t dev, uint64_t inode) -> FoundNamespace& {
    const auto [place, added] = index.try_emplace(inode, found.size());
    if (added) found.push_back({.dev = dev, .inode = inode, .host = inode == host_inode_});
    return found[place->second];
  };
  for (const auto& [pid, process] : table_.processes()) {
    if (process.netns_inode == 0 || (process.kernel_thread && process.netns_inode != host_inode_)) continue;
    FoundNamespace& netns = at(nsfs_dev_, process.netns_inode);
    if (!process.kernel_thread) {
      netns.pids.push_back(pid);
    } else {
      kernel_thread = std::min(kernel_thread, pid);
    }
  }
  for (const Pin& pin : pins) at(pin.id.dev, pin.id.inode).pins.push_back(pin.path);
  for (FoundNamespace& netns : found) {
    std::sort(netns.pids.begin(), netns.pids.end());
    if (netns.pids.empty() && netns.host && kernel_thread != kNone) netns.pids.push_back(kernel_thread);
  }
  std::sort(found.begin(), found.end(), HostFirst);
  return found;
}

void Discovery::AddProcesses(FoundNamespace* netns) const {
  absl::flat_hash_set<std::shared_ptr<const CgroupOwner>> containers;
  for (const uint32_t pid : netns->pids) {
    const KnownProcess* process = table_.Find(pid);
    if (process->container != nullptr) containers.insert(process->container);
    if (netns->first_processes.size() == FoundNamespace::kMaxNamed) continue;
    netns->first_processes.push_back({.pid = pid, .comm = process->comm});
  }
  netns->containers.assign(containers.begin(), containers.end());
  std::sort(netns->containers.begin(), netns->containers.end(), ByPodAndContainer);
  netns->containers_truncated = netns->containers.size() > FoundNamespace::kMaxContainers;
  if (netns->containers_truncated) netns->containers.resize(FoundNamespace::kMaxContainers);
}

}  // namespace listenq::discover
