#include "agent/discover/name_poller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace listenq::discover {

NamePoller::NamePoller(Options options, ConnectRuntime connect, const sys::Clock* clock)
    : options_(std::move(options)),
      connect_(std::move(connect)),
      clock_(clock),
      pods_(options_.pods, clock),
      plain_(options_.plain) {
  const sys::MutexLock lock(mutex_);
  latest_ = std::make_shared<const Names>(std::vector<std::shared_ptr<const Pod>>(),
                                          std::vector<std::shared_ptr<const PlainContainer>>(), false);
}

NamePoller::~NamePoller() {
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void NamePoller::Start() {
  thread_ = std::thread([this] { Run(); });
}

void NamePoller::AwaitComplete(absl::Duration patience) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
  sys::MutexLock lock(mutex_);
  for (auto now = std::chrono::steady_clock::now(); !latest_->complete() && now < deadline;
       now = std::chrono::steady_clock::now()) {
    lock.WaitFor(changed_, deadline - now);
  }
}

std::shared_ptr<const Names> NamePoller::Latest() const {
  const sys::MutexLock lock(mutex_);
  return latest_;
}

std::vector<model::SourceHealth> NamePoller::Health() const {
  const sys::MutexLock lock(mutex_);
  return health_;
}

void NamePoller::Wake() {
  const sys::MutexLock lock(mutex_);
  wake_ = true;
  changed_.notify_all();
}

void NamePoller::Run() {
  do {
    Poll();
  } while (WaitForNext());
}

absl::Duration NamePoller::Interval() const {
  const absl::Duration pause = options_.interval * (1 << std::min(failures_, 16u));
  return failures_ == 0 ? pause : std::min(pause, std::max(options_.longest_pause, options_.interval));
}

bool NamePoller::WaitForNext() {
  const auto start = std::chrono::steady_clock::now();
  const auto soonest = start + absl::ToChronoNanoseconds(options_.least_pause);
  const auto latest = start + absl::ToChronoNanoseconds(Interval());
  sys::MutexLock lock(mutex_);
  for (;;) {
    if (stop_) return false;
    const auto now = std::chrono::steady_clock::now();
    const auto until = wake_ ? soonest : latest;
    if (now >= until) break;
    lock.WaitFor(changed_, until - now);
  }
  wake_ = false;
  return true;
}

// Step 1: lists. Step 2: publish them. Step 3: the details of new pods, which may take long, and publish
// again.
void NamePoller::Poll() {
  PollRuntime();
  plain_result_ = plain_.Read(clock_->Now());
  const bool ask = connection_.runtime != nullptr;
  Publish(!ask || !pods_.has_unasked());
  if (!ask) return;
  pods_.AskDetails(*connection_.runtime);
  NotePodsWithoutDetail();
  Publish(!pods_.has_unasked());
}

void NamePoller::PollRuntime() {
  if (connect_ == nullptr) return;
  if (connection_.runtime == nullptr && !Connect()) return pods_.MarkStale();
  const absl::Status status = pods_.Update(*connection_.runtime);
  NoteRuntime(status);
  if (status.ok()) {
    failures_ = 0;
    return;
  }
  ++failures_;
  connection_.runtime = nullptr;
}

bool NamePoller::Connect() {
  absl::StatusOr<RuntimeConnection> connection = connect_();
  if (connection.ok()) {
    connection_ = *std::move(connection);
    return true;
  }
  ++failures_;
  runtime_health_.source = connection_.name.empty() ? "cri" : connection_.name;
  runtime_health_.absent = connection_.name.empty() && absl::IsNotFound(connection.status());
  runtime_health_.healthy = false;
  runtime_health_.message = std::string(connection.status().message());
  return false;
}

void NamePoller::NoteRuntime(const absl::Status& status) {
  runtime_health_.source = connection_.name;
  runtime_health_.absent = false;
  runtime_health_.healthy = status.ok();
  runtime_health_.message = std::string(status.message());
  if (status.ok()) runtime_health_.last_success = clock_->Now();
}

void NamePoller::NotePodsWithoutDetail() {
  const size_t count = pods_.without_detail();
  if (count == 0) return;
  runtime_health_.message = absl::StrCat("the status of ", count, " of ", pods_.present(),
                                         " pods could not be had: ", pods_.detail_error());
}

void NamePoller::Publish(bool complete) {
  const uint64_t version = pods_.version() + plain_result_.version;
  std::vector<model::SourceHealth> health;
  if (!runtime_health_.source.empty()) health.push_back(runtime_health_);
  health.insert(health.end(), plain_result_.sources.begin(), plain_result_.sources.end());
  const bool same = version == published_version_ && complete == Latest()->complete();
  std::shared_ptr<const Names> names =
      same ? Latest() : std::make_shared<const Names>(pods_.Pods(), plain_result_.containers, complete);
  published_version_ = version;
  const sys::MutexLock lock(mutex_);
  latest_ = std::move(names);
  health_ = std::move(health);
  changed_.notify_all();
}

}  // namespace listenq::discover
