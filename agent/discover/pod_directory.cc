#include "agent/discover/pod_directory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "agent/sys/status.h"

namespace listenq::discover {
namespace {

// Equal in what a list tells, but for the time.
bool SaysTheSame(const Pod& before, const Pod& now) {
  return !before.gone && !before.stale && before.labels == now.labels &&
         before.containers == now.containers && before.name == now.name &&
         before.namespace_name == now.namespace_name && before.uid == now.uid;
}

}  // namespace

absl::Status PodDirectory::Update(ContainerRuntime& runtime) {
  absl::StatusOr<std::vector<Pod>> pods = runtime.List();
  if (!pods.ok()) {
    MarkStale();
    return pods.status();
  }
  const absl::Time now = clock_->Now();
  present_ = pods->size();
  for (Pod& pod : *pods) Take(std::move(pod), now);
  DropGone(now);
  return absl::OkStatus();
}

void PodDirectory::Replace(Pod pod, Entry* entry) {
  entry->pod = std::make_shared<const Pod>(std::move(pod));
  ++version_;
}

void PodDirectory::Take(Pod pod, absl::Time now) {
  Entry& entry = entries_[pod.sandbox_id];
  entry.listed = now;
  entry.gone_since = absl::InfiniteFuture();
  if (entry.pod != nullptr) {
    if (SaysTheSame(*entry.pod, pod) && now - entry.pod->confirmed < options_.restamp) return;
    pod.detail = entry.pod->detail;
  }
  pod.confirmed = now;
  Replace(std::move(pod), &entry);
}

void PodDirectory::DropGone(absl::Time now) {
  std::vector<std::pair<absl::Time, std::string>> gone;
  for (auto& [id, entry] : entries_) {
    if (entry.listed == now) continue;
    if (!entry.pod->gone) {
      Pod pod = *entry.pod;
      pod.gone = true;
      pod.stale = false;
      pod.confirmed = entry.listed;
      entry.gone_since = now;
      Replace(std::move(pod), &entry);
    }
    gone.emplace_back(entry.gone_since, id);
  }
  std::sort(gone.begin(), gone.end());
  const size_t over = gone.size() > options_.max_gone ? gone.size() - options_.max_gone : 0;
  for (size_t i = 0; i < gone.size(); ++i) {
    if (i < over || gone[i].first + options_.keep_gone < now) entries_.erase(gone[i].second);
  }
}

void PodDirectory::MarkStale() {
  for (auto& [id, entry] : entries_) {
    if (entry.pod->stale || entry.pod->gone) continue;
    Pod pod = *entry.pod;
    pod.stale = true;
    pod.confirmed = entry.listed;
    Replace(std::move(pod), &entry);
  }
}

bool PodDirectory::AskDetails(ContainerRuntime& runtime) {
  const absl::Time start = clock_->Now();
  bool learnt = false;
  for (auto& [id, entry] : entries_) {
    if (entry.pod->detail != nullptr || entry.pod->gone || entry.pod->stale || entry.next_ask > start)
      continue;
    if (clock_->Now() - start >= options_.detail_time) break;
    learnt = Ask(runtime, &entry) || learnt;
  }
  if (without_detail() == 0) detail_error_.clear();
  return learnt;
}

bool PodDirectory::Ask(ContainerRuntime& runtime, Entry* entry) {
  absl::StatusOr<SandboxDetail> detail = runtime.Detail(entry->pod->sandbox_id);
  if (!detail.ok()) {
    const absl::Duration pause = options_.first_pause * (1 << std::min(entry->failures, 16u));
    entry->next_ask = clock_->Now() + std::min(pause, options_.longest_pause);
    ++entry->failures;
    // A sandbox that is gone: the next list will say so.
    if (!absl::IsNotFound(detail.status())) {
      detail_error_ =
          absl::StrCat(entry->pod->namespace_name, "/", entry->pod->name, ": ", detail.status().message());
    }
    return false;
  }
  Pod pod = *entry->pod;
  pod.detail = std::make_shared<const SandboxDetail>(*std::move(detail));
  Replace(std::move(pod), entry);
  return true;
}

std::vector<std::shared_ptr<const Pod>> PodDirectory::Pods() const {
  std::vector<std::shared_ptr<const Pod>> pods;
  pods.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) pods.push_back(entry.pod);
  return pods;
}

size_t PodDirectory::without_detail() const {
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second.failures > 0 && entry.second.pod->detail == nullptr && !entry.second.pod->gone;
  }));
}

bool PodDirectory::has_unasked() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second.failures == 0 && entry.second.pod->detail == nullptr && !entry.second.pod->gone &&
           !entry.second.pod->stale;
  });
}

}  // namespace listenq::discover
