#include "agent/discover/pins.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {
namespace {

// Before opening: what is not of nsfs may be a FIFO or a device.
bool IsNamespaceFile(const std::string& path) {
  struct statfs info = {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == NSFS_MAGIC;
}

absl::StatusOr<bool> IsNetworkNamespace(const std::string& path) {
  if (!IsNamespaceFile(path)) return false;
  const sys::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (const int error = errno; !fd.valid()) return sys::ErrnoStatus(error, absl::StrCat("open ", path));
  return ::ioctl(fd.get(), NS_GET_NSTYPE) == CLONE_NEWNET;
}

void AddError(const absl::Status& status, size_t more, std::vector<model::PartError>* errors) {
  std::string reason(status.message());
  if (more > 0) absl::StrAppend(&reason, " (and ", more, " more there)");
  errors->push_back({.part = "discovery", .reason = std::move(reason)});
}

}  // namespace

absl::StatusOr<sys::FileId> PinFolders::Look(const std::string& path) {
  ASSIGN_OR_RETURN(const sys::FileId id, sys::StatFile(path));
  Known& known = known_[path];
  known.seen = walk_;
  if (!(known.id == id)) {
    // A kind that could not be asked is asked again.
    known = {.seen = walk_};
    ASSIGN_OR_RETURN(known.is_netns, IsNetworkNamespace(path));
    known.id = id;
  }
  if (!known.is_netns) return absl::NotFoundError(absl::StrCat("look at ", path, ": no network namespace"));
  return id;
}

void PinFolders::ListOne(const std::string& folder, std::vector<Pin>* pins,
                         std::vector<model::PartError>* errors) {
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
  if (absl::IsNotFound(names.status())) return;
  if (!names.ok()) return AddError(names.status(), 0, errors);
  absl::Status first_error;
  size_t failed = 0;
  for (const std::string& name : *names) {
    std::string path = absl::StrCat(folder, "/", name);
    const absl::StatusOr<sys::FileId> netns = Look(path);
    if (netns.ok()) {
      pins->push_back({.path = std::move(path), .id = *netns});
    } else if (!absl::IsNotFound(netns.status()) && failed++ == 0) {
      first_error = netns.status();
    }
  }
  if (failed > 0) AddError(first_error, failed - 1, errors);
}

std::vector<Pin> PinFolders::List(std::vector<model::PartError>* errors) {
  ++walk_;
  std::vector<Pin> pins;
  absl::flat_hash_set<sys::FileId> listed;
  for (const std::string& folder : folders_) {
    const absl::StatusOr<sys::FileId> id = sys::StatFile(folder);
    if (absl::IsNotFound(id.status())) continue;
    if (!id.ok()) {
      AddError(id.status(), 0, errors);
      continue;
    }
    if (listed.insert(*id).second) ListOne(folder, &pins, errors);
  }
  absl::erase_if(known_, [this](const auto& entry) { return entry.second.seen != walk_; });
  std::sort(pins.begin(), pins.end(), [](const Pin& a, const Pin& b) { return a.path < b.path; });
  return pins;
}

}  // namespace listenq::discover
