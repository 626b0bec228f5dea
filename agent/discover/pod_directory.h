// The pods of a container runtime, from list to list.
#ifndef LISTENQ_AGENT_DISCOVER_POD_DIRECTORY_H_
#define LISTENQ_AGENT_DISCOVER_POD_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/discover/container_runtime.h"
#include "agent/discover/names.h"
#include "agent/sys/clock.h"

namespace listenq::discover {

// Contract: Update takes one list. A pod that a list lacks is kept as `gone` for `keep_gone`: its namespace
// may outlive it, and what is said of it afterwards should name it. A failed list leaves all as they were,
// `stale`. AskDetails asks for the detail of pods that have none, each once; one that failed again after a
// pause that doubles. Threading: one thread; what Pods() holds is immutable and may go anywhere.
class PodDirectory {
 public:
  struct Options {
    absl::Duration keep_gone = absl::Minutes(5);
    // `confirmed` of a pod of which nothing changed is brought up to date so often.
    absl::Duration restamp = absl::Seconds(30);
    size_t max_gone = 2000;
    // Details are asked for until so much time has passed; the rest waits for the next call.
    absl::Duration detail_time = absl::Seconds(3);
    absl::Duration first_pause = absl::Seconds(5);
    absl::Duration longest_pause = absl::Minutes(5);
  };

  PodDirectory(Options options, const sys::Clock* clock) : options_(options), clock_(clock) {}

  absl::Status Update(ContainerRuntime& runtime);
  // True if something was learnt. Goes on to the next pod when one fails.
  bool AskDetails(ContainerRuntime& runtime);
  // The runtime can't be asked at all.
  void MarkStale();

  [[nodiscard]] std::vector<std::shared_ptr<const Pod>> Pods() const;
  // Those that are not gone.
  [[nodiscard]] size_t present() const { return present_; }
  // Of them, those whose detail could not be had, and the last reason.
  [[nodiscard]] size_t without_detail() const;
  [[nodiscard]] const std::string& detail_error() const { return detail_error_; }
  // Some were never asked about: there is more to learn at once.
  [[nodiscard]] bool has_unasked() const;
  // Grows with every change of what Pods() tells.
  [[nodiscard]] uint64_t version() const { return version_; }

 private:
  struct Entry {
    std::shared_ptr<const Pod> pod;
    absl::Time listed;
    absl::Time gone_since = absl::InfiniteFuture();
    uint32_t failures = 0;
    absl::Time next_ask = absl::InfinitePast();
  };

  void Take(Pod pod, absl::Time now);
  void DropGone(absl::Time now);
  void Replace(Pod pod, Entry* entry);
  bool Ask(ContainerRuntime& runtime, Entry* entry);

  const Options options_;
  const sys::Clock* const clock_;
  absl::flat_hash_map<std::string, Entry> entries_;
  size_t present_ = 0;
  std::string detail_error_;
  uint64_t version_ = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_POD_DIRECTORY_H_
