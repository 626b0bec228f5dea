// Network namespaces that are bind mounted to a file ("ip netns add", containerd, CRI-O, Docker).
#ifndef LISTENQ_AGENT_DISCOVER_PINS_H_
#define LISTENQ_AGENT_DISCOVER_PINS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "agent/model/snapshot.h"
#include "agent/sys/file.h"

namespace listenq::discover {

struct Pin {
  std::string path;
  sys::FileId id;
};

// Contract: List tells the pins of the moment. A file that is no network namespace (what a failed unmount
// left, another kind of namespace) is ignored. A symbolic link to a namespace file counts as a pin by its own
// path. A folder that does not exist has none; two paths of one folder are listed once, by the first. A
// file's kind is asked once, as long as its path shows the same inode: by opening it for that moment. No
// descriptor stays open, so nothing is kept alive.
// Threading: one thread. Failure: what could not be read is appended to `errors`, one per folder.
class PinFolders {
 public:
  explicit PinFolders(std::vector<std::string> folders) : folders_(std::move(folders)) {}
  // Sorted by path.
  std::vector<Pin> List(std::vector<model::PartError>* errors);

 private:
  // The network namespace behind `path`; NotFound when there is none (any more).
  absl::StatusOr<sys::FileId> Look(const std::string& path);
  void ListOne(const std::string& folder, std::vector<Pin>* pins, std::vector<model::PartError>* errors);

  std::vector<std::string> folders_;
  // What each path was at its last look.
  struct Known {
    sys::FileId id;
    bool is_netns = false;
    uint64_t seen = 0;
  };
  absl::flat_hash_map<std::string, Known> known_;
  uint64_t walk_ = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_PINS_H_
