// Containers of Docker and Podman by their state files: their APIs are worth root, and Podman has no daemon
// to ask.
#ifndef LISTENQ_AGENT_DISCOVER_PLAIN_RUNTIMES_H_
#define LISTENQ_AGENT_DISCOVER_PLAIN_RUNTIMES_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/discover/names.h"
#include "agent/model/snapshot.h"

namespace listenq::discover {

// Contract: Read lists the containers anew; of each it reads the files once, and again when they were written
// since. Stopped ones are among them, at most kMaxContainers of each list. A runtime without a folder is
// none: it has no source. Cost: one listing and a stat per container. Threading: one thread; what a Result
// holds is immutable and may go anywhere. Failure: where a folder can't be listed the last containers stay; a
// container whose files can't be read, or tell nothing, is left out, or its sysctls are; the source's message
// counts them. One that vanishes is normal.
class PlainRuntimes {
 public:
  struct Options {
    std::string docker_root = "/var/lib/docker";
    std::string podman_root = "/var/lib/containers/storage";
    // `confirmed` of a container of which nothing changed is brought up to date so often.
    absl::Duration restamp = absl::Seconds(30);
  };
  struct Result {
    std::vector<std::shared_ptr<const PlainContainer>> containers;
    // "docker /var/lib/docker", "podman /var/lib/containers/storage".
    std::vector<model::SourceHealth> sources;
    // Grows with every change of `containers`.
    uint64_t version = 0;
  };

  explicit PlainRuntimes(Options options) : options_(std::move(options)) {}

  Result Read(absl::Time now);

 private:
  // A file as it was at one moment; all zero where it is not there.
  struct Stamp {
    uint64_t inode = 0;
    absl::Time changed;
    absl::Time seen;
  };
  // What the files of one container tell; null and "": it is gone.
  struct Reading {
    std::shared_ptr<PlainContainer> container;
    std::string problem;
  };
  struct Entry {
    std::optional<Stamp> stamp;
    std::shared_ptr<const PlainContainer> container;
    std::string problem;
    uint64_t round = 0;
  };
  struct Runtime {
    std::map<std::string, Entry> entries;  // by id
    absl::Time last_success = absl::InfinitePast();
  };
  struct PodmanList {
    std::optional<Stamp> stamp;
    absl::StatusOr<std::vector<PlainContainer>> containers = std::vector<PlainContainer>();
  };

  static Stamp StampOf(const std::string& path, absl::Time now);
  static bool MayHaveChanged(const std::optional<Stamp>& last, const Stamp& now);
  static Reading ReadDockerContainer(const std::string& folder);
  static Reading ReadPodmanContainer(PlainContainer container, const std::string& path);
  // True if it was read anew.
  static bool ReadPodmanList(const std::string& path, absl::Time now, PodmanList* list);

  absl::Status ReadDocker(absl::Time now);
  absl::Status ReadPodman(absl::Time now);
  // Reads a container when `path`, the file that tells its state, may have changed.
  void Refresh(Runtime& runtime, const std::string& id, const std::string& path, absl::Time now,
               absl::FunctionRef<Reading()> read);
  void Replace(Entry& entry, Reading reading, absl::Time now);
  void DropUnseen(Runtime& runtime);
  void Report(const std::string& source, Runtime& runtime, const absl::Status& status, absl::Time now,
              Result* result);

  const Options options_;
  Runtime docker_;
  Runtime podman_;
  std::array<PodmanList, 2> podman_lists_;
  uint64_t round_ = 0;
  uint64_t version_ = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_PLAIN_RUNTIMES_H_
