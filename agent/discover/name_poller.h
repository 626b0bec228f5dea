// Keeps the names of pods and containers up to date: the container runtime by the CRI, Docker and Podman by
// their state files.
#ifndef LISTENQ_AGENT_DISCOVER_NAME_POLLER_H_
#define LISTENQ_AGENT_DISCOVER_NAME_POLLER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/discover/container_runtime.h"
#include "agent/discover/names.h"
#include "agent/discover/plain_runtimes.h"
#include "agent/discover/pod_directory.h"
#include "agent/sys/clock.h"
#include "agent/sys/mutex.h"

namespace listenq::discover {

// A runtime that can be asked, and how it is called in messages: "cri
// unix:///run/containerd/containerd.sock".
struct RuntimeConnection {
  std::string name;
  std::unique_ptr<ContainerRuntime> runtime;
};

// NotFound: there is none on this node.
using ConnectRuntime = std::function<absl::StatusOr<RuntimeConnection>()>;

// Contract: asks every `interval`, and soon after Wake (not more often than every `least_pause`); while a
// runtime fails, after a pause that doubles up to `longest_pause`. A new list is published at once, the
// details of new pods when they are there. A runtime that became unreachable is connected to anew: it may
// have moved. Threading: one thread of its own, from Start to destruction, which no setns moves. The
// constructor starts none. Failure: the last names stay, marked stale; Health says why.
class NamePoller final : public NameSource {
 public:
  struct Options {
    absl::Duration interval = absl::Seconds(1);
    absl::Duration least_pause = absl::Milliseconds(200);
    absl::Duration longest_pause = absl::Seconds(5);
    PodDirectory::Options pods;
    PlainRuntimes::Options plain;
  };

  // `connect` may be null: no CRI.
  NamePoller(Options options, ConnectRuntime connect, const sys::Clock* clock);
  ~NamePoller() override;
  NamePoller(const NamePoller&) = delete;
  NamePoller& operator=(const NamePoller&) = delete;

  void Start();
  // Until every source was asked, or `patience` is over.
  void AwaitComplete(absl::Duration patience) const;
  [[nodiscard]] std::shared_ptr<const Names> Latest() const override;
  [[nodiscard]] std::vector<model::SourceHealth> Health() const override;
  void Wake() override;

  // One round, on the caller's thread: for what beats by itself.
  void Poll();

 private:
  void Run();
  // False when it is time to stop.
  bool WaitForNext();
  [[nodiscard]] absl::Duration Interval() const;
  void PollRuntime();
  bool Connect();
  void NoteRuntime(const absl::Status& status);
  void NotePodsWithoutDetail();
  void Publish(bool complete);

  const Options options_;
  const ConnectRuntime connect_;
  const sys::Clock* const clock_;
  // Of the polling thread.
  RuntimeConnection connection_;
  PodDirectory pods_;
  PlainRuntimes plain_;
  PlainRuntimes::Result plain_result_;
  model::SourceHealth runtime_health_;
  uint32_t failures_ = 0;
  uint64_t published_version_ = UINT64_MAX;

  mutable sys::Mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<const Names> latest_ ABSL_GUARDED_BY(mutex_);
  std::vector<model::SourceHealth> health_ ABSL_GUARDED_BY(mutex_);
  bool wake_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_NAME_POLLER_H_
