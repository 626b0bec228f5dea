#include "aggregator/metrics/metrics_node.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aggregator/metrics/metrics_labels.h"

namespace listenq::aggregator {
namespace {

// An episode without a drop for half a minute is over: whoever looks back so far misses no change.
constexpr absl::Duration kLookBack = absl::Minutes(1);
// Sockets beyond get their drops by the names in their episodes.
constexpr size_t kMaxSockets = 20000;

enum Dropped : size_t { kListener, kNamespace, kWorkload };

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}
absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string LabelsOfNode(absl::string_view name) {
  std::string labels;
  AddLabel("node", name, &labels);
  return labels;
}

std::optional<double> SysctlOf(const v1::Namespace& row, const LevelMetric& metric) {
  const auto found = row.sysctls().find(std::string(metric.name));
  if (found == row.sysctls().end() || !found->second.has_value()) return std::nullopt;
  const std::vector<absl::string_view> words =
      absl::StrSplit(found->second.value(), ' ', absl::SkipWhitespace());
  int64_t number = 0;
  if (metric.position >= words.size() || !absl::SimpleAtoi(words[metric.position], &number)) {
    return std::nullopt;
  }
  return static_cast<double>(number);
}

std::optional<double> LevelOf(const v1::Namespace& row, const LevelMetric& metric) {
  switch (metric.source) {
    case LevelSource::kCounter: {
      const auto found = row.counters().find(std::string(metric.name));
      if (found == row.counters().end()) return std::nullopt;
      return static_cast<double>(found->second);
    }
    case LevelSource::kInUse:
      return row.has_in_use() ? std::optional<double>(row.in_use()) : std::nullopt;
    case LevelSource::kInUse6:
      return row.has_in_use6() ? std::optional<double>(row.in_use6()) : std::nullopt;
    case LevelSource::kTimeWait:
      return row.has_time_wait() ? std::optional<double>(row.time_wait()) : std::nullopt;
    case LevelSource::kSysctl:
      return SysctlOf(row, metric);
  }
  return std::nullopt;
}

std::array<uint64_t, 4> ByCause(const v1::DropCounts& counts) {
  return {counts.accept_queue_full(), counts.syn_queue_full(), counts.probably_syn_queue(), counts.other()};
}

uint64_t Rise(uint64_t now, uint64_t* before) {
  const uint64_t rise = now > *before ? now - *before : 0;
  *before = std::max(*before, now);
  return rise;
}

uint64_t KeyOf(const v1::DropShare& share) {
  return share.has_cookie() ? share.cookie() : share.local_port();
}

}  // namespace

NodeMetrics::NodeMetrics(std::string name, const MetricsLimits* limits)
    : name_(std::move(name)), labels_(LabelsOfNode(name_)), limits_(limits), agent_(labels_) {}

void NodeMetrics::Begin(const v1::Node& node, absl::Time now) {
  const v1::Node& before = agent_.node();
  const bool new_boot = !first_ && node.boot_id() != before.boot_id();
  const bool new_agent = new_boot || TimeOf(node.start_time()) != TimeOf(before.start_time());
  if (new_boot) counts_.clear();
  if (new_agent) episodes_.clear();
  agent_.Set(node);
  answered_ = now;
  age_ = DurationOf(node.status().age());
  ++poll_;
  sockets_.clear();
  for (auto& [labels, series] : listeners_) series.next = {};
  for (auto& [labels, series] : namespaces_) series.next = {};
}

absl::Time NodeMetrics::DropsSince() const {
  return first_ ? TimeOf(status().read_time()) - kLookBack : look_back_;
}

void NodeMetrics::Touch(Life* life) const {
  life->poll = poll_;
  life->gone = absl::InfiniteFuture();
}

// A namespace that could not be entered has no cookie yet: it is the one with its inode.
NodeMetrics::NetnsCounts& NodeMetrics::CountsOf(const v1::Netns& netns) {
  const NetnsKey by_inode{.has_cookie = false, .number = netns.inode()};
  const NetnsKey key = netns.has_cookie() ? NetnsKey{.has_cookie = true, .number = netns.cookie()} : by_inode;
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    NetnsCounts counts{.first_poll = poll_, .from_zero = !first_};
    if (const auto nameless = counts_.find(by_inode); nameless != counts_.end()) {
      counts = nameless->second;
      counts_.erase(nameless);
    }
    found = counts_.emplace(key, counts).first;
  }
  found->second.seen = answered_;
  return found->second;
}

NodeMetrics::NamespaceSeries& NodeMetrics::NamespaceNamed(const std::string& labels) {
  if (const auto found = namespaces_.find(labels); found != namespaces_.end()) return found->second;
  if (namespaces_.size() < limits_->namespaces) return namespaces_[labels];
  ++dropped_[kNamespace];
  return namespaces_[NamespaceOverflow(name_)];
}

NodeMetrics::NamespaceSeries* NodeMetrics::SeriesOf(const v1::Namespace& row, const NetnsCounts& counts) {
  const std::string labels = NamespaceLabels(name_, row.netns(), row.owners());
  if (row.has_ended_time() && !(counts.from_zero && counts.first_poll == poll_)) {
    const auto found = namespaces_.find(labels);
    return found == namespaces_.end() ? nullptr : &found->second;
  }
  NamespaceSeries& series = NamespaceNamed(labels);
  if (!row.has_ended_time()) Touch(&series.life);
  return &series;
}

NodeMetrics::WorkloadSeries* NodeMetrics::WorkloadOf(const v1::Namespace& row) {
  const std::string labels = WorkloadLabels(name_, row.owners());
  if (labels.empty()) return nullptr;
  auto found = workloads_.find(labels);
  if (found == workloads_.end() && workloads_.size() >= limits_->workloads) {
    ++dropped_[kWorkload];
    found = workloads_.try_emplace(WorkloadOverflow(name_)).first;
  } else if (found == workloads_.end()) {
    found = workloads_.try_emplace(labels).first;
  }
  if (!row.has_ended_time()) Touch(&found->second.life);
  return &found->second;
}

void NodeMetrics::Add(const v1::Namespace& row) {
  NetnsCounts& counts = CountsOf(row.netns());
  if (row.netns().host()) {
    host_[0] = row.has_orphans() ? std::optional<uint64_t>(row.orphans()) : std::nullopt;
    host_[1] = row.has_tcp_memory_pages() ? std::optional<uint64_t>(row.tcp_memory_pages()) : std::nullopt;
  }
  NamespaceSeries* const series = SeriesOf(row, counts);
  if (series == nullptr) return;
  AddCounters(row, &counts, series, WorkloadOf(row));
  if (!row.has_ended_time()) AddLevels(row, &series->next);
}

void NodeMetrics::AddCounters(const v1::Namespace& row, NetnsCounts* counts, NamespaceSeries* series,
                              WorkloadSeries* workload) {
  for (size_t i = 0; i < kCounterMetrics.size(); ++i) {
    const auto found = row.counters().find(std::string(kCounterMetrics[i].counter));
    if (found == row.counters().end()) continue;
    const auto added = Advance<uint64_t>(found->second, counts->from_zero, &counts->last[i]);
    series->counters[i] = series->counters[i].value_or(0) + added;
    if (i == 0 && workload != nullptr) workload->drops += added;
  }
}

void NodeMetrics::AddLevels(const v1::Namespace& row, Levels* levels) {
  for (size_t i = 0; i < kLevelMetrics.size(); ++i) {
    const std::optional<double> level = LevelOf(row, kLevelMetrics[i]);
    if (!level.has_value()) continue;
    const bool sum = kLevelMetrics[i].source != LevelSource::kSysctl;
    (*levels)[i] = sum ? (*levels)[i].value_or(0) + *level : *level;
  }
}

NodeMetrics::ListenerSeries& NodeMetrics::ListenerOf(const v1::Netns& netns, const std::string& labels,
                                                     const std::string& pod) {
  if (const auto found = listeners_.find(labels); found != listeners_.end()) return found->second;
  size_t& of_namespace = listeners_of_[netns.inode()];
  std::string own = labels;
  if (of_namespace >= limits_->listeners_of_namespace) own = OverflowOf(pod);
  const bool known = listeners_.find(own) != listeners_.end();
  if (!known && listeners_.size() >= limits_->listeners) own = ListenerOverflow(name_);
  if (own != labels) ++dropped_[kListener];
  const auto [place, is_new] = listeners_.try_emplace(own);
  if (is_new) {
    place->second.netns = netns.inode();
    ++of_namespace;
  }
  return place->second;
}

void NodeMetrics::Add(const v1::Listener& row) {
  ListenerSeries& series =
      ListenerOf(row.netns(), ListenerLabels(name_, row.netns(), row.owners(), row.local_port()),
                 NamespaceLabels(name_, row.netns(), row.owners()));
  Touch(&series.life);
  ListenerGauges& next = series.next;
  next.there = true;
  next.queue = std::max(next.queue, row.queue());
  next.peak = std::max(next.peak, row.peak_queue());
  if (row.has_limit()) next.limit = std::min(next.limit.value_or(row.limit()), row.limit());
  if (row.has_cookie() && sockets_.size() < kMaxSockets) {
    sockets_[{row.netns().inode(), row.cookie()}] = &series;
  }
}

NodeMetrics::ListenerSeries& NodeMetrics::SeriesOf(const v1::DropEpisode& row, const v1::DropShare& share) {
  if (const auto found = sockets_.find({row.netns().inode(), share.cookie()}); found != sockets_.end()) {
    return *found->second;
  }
  const Owners& owners = share.owners().empty() ? row.owners() : share.owners();
  return ListenerOf(row.netns(), ListenerLabels(name_, row.netns(), owners, share.local_port()),
                    NamespaceLabels(name_, row.netns(), owners));
}

void NodeMetrics::Add(const v1::DropEpisode& row) {
  Episode& before = episodes_[row.id()];
  before.poll = poll_;
  std::array<uint64_t, kCauses> counts = ByCause(row.counts());
  for (size_t i = 0; i < kCauses; ++i) counts[i] = Rise(counts[i], &before.counts[i]);
  const uint64_t unattributed = Rise(row.unattributed(), &before.unattributed);
  AddShares(row, counts, &before);
  if (first_ || unattributed == 0) return;
  NamespaceNamed(NamespaceLabels(name_, row.netns(), row.owners())).unattributed += unattributed;
}

// Of d drops among n, c of them by one cause, at least d - (n - c) are by that cause.
void NodeMetrics::AddShares(const v1::DropEpisode& row, const std::array<uint64_t, kCauses>& counts,
                            Episode* before) {
  uint64_t all = 0;
  for (const uint64_t count : counts) all += count;
  for (const v1::DropShare& share : row.shares()) {
    const uint64_t drops = Rise(share.drops().min(), &before->shares[KeyOf(share)]);
    if (first_ || drops == 0) continue;
    ListenerSeries& series = SeriesOf(row, share);
    uint64_t rest = drops;
    for (size_t i = 0; i < kCauses; ++i) {
      const uint64_t others = all > counts[i] ? all - counts[i] : 0;
      const uint64_t certain = std::min(rest, drops > others ? drops - others : 0);
      series.drops[i] += certain;
      rest -= certain;
    }
    series.drops[kCauseOther] += rest;
  }
}

template <typename Series>
void NodeMetrics::EndAll(std::map<std::string, Series>* all) const {
  for (auto& entry : *all) {
    Series& series = entry.second;
    if constexpr (requires { series.shown; }) {
      series.shown = series.next;
      series.next = {};
    }
    if (series.life.poll != poll_) series.life.gone = std::min(series.life.gone, answered_);
  }
}

void NodeMetrics::End() {
  EndAll(&listeners_);
  EndAll(&namespaces_);
  EndAll(&workloads_);
  std::erase_if(episodes_, [&](const auto& episode) { return episode.second.poll != poll_; });
  look_back_ = TimeOf(status().read_time()) - kLookBack;
  // What an agent that starts has not read yet is not new when it comes.
  if (status().state() != v1::NODE_STATE_STARTING) first_ = false;
}

void NodeMetrics::Expire(absl::Time now) {
  const absl::Time oldest = now - limits_->keep;
  const auto expired = [&](const auto& series) { return series.second.life.gone < oldest; };
  sockets_.clear();
  std::erase_if(listeners_, expired);
  std::erase_if(namespaces_, expired);
  // One that never rose begins again as it was.
  std::erase_if(workloads_, [&](const auto& series) { return expired(series) && series.second.drops == 0; });
  listeners_of_.clear();
  for (const auto& [labels, series] : listeners_) ++listeners_of_[series.netns];
  if (answered_ == now) {
    absl::erase_if(counts_, [&](const auto& counts) { return counts.second.seen < oldest; });
  }
}

void NodeMetrics::NoteScrape() {
  const auto note = [&](auto& all) {
    for (auto& [labels, series] : all) {
      if (series.life.scrapes < limits_->zero_scrapes) ++series.life.scrapes;
    }
  };
  note(listeners_);
  note(namespaces_);
  note(workloads_);
}

void NodeMetrics::WriteListenerGauges(size_t which, absl::Time now, MetricsText* text) const {
  if (!IsFresh(now)) return;
  for (const auto& [labels, series] : listeners_) {
    const ListenerGauges& shown = series.shown;
    if (!shown.there) continue;
    if (which == 0) text->Add(labels, shown.queue);
    if (which == 1 && shown.limit.has_value()) text->Add(labels, *shown.limit);
    if (which == 2) text->Add(labels, shown.peak);
  }
}

void NodeMetrics::WriteListenerDrops(MetricsText* text) const {
  for (const auto& [labels, series] : listeners_) {
    for (size_t i = 0; i < kCauses; ++i)
      text->Add(labels, kCauseLabels[i], Shown(series.life, series.drops[i]));
  }
}

void NodeMetrics::WriteCounter(size_t which, MetricsText* text) const {
  for (const auto& [labels, series] : namespaces_) {
    const std::optional<uint64_t>& counter = series.counters[which];
    if (counter.has_value()) text->Add(labels, Shown(series.life, *counter));
  }
}

void NodeMetrics::WriteUnattributed(MetricsText* text) const {
  for (const auto& [labels, series] : namespaces_) {
    text->Add(labels, Shown(series.life, series.unattributed));
  }
}

void NodeMetrics::WriteLevel(size_t which, absl::Time now, MetricsText* text) const {
  if (!IsFresh(now)) return;
  for (const auto& [labels, series] : namespaces_) {
    const std::optional<double>& level = series.shown[which];
    if (level.has_value()) text->AddDouble(labels, kLevelMetrics[which].label, *level);
  }
}

void NodeMetrics::WriteWorkloads(MetricsText* text) const {
  for (const auto& [labels, series] : workloads_) text->Add(labels, Shown(series.life, series.drops));
}

void NodeMetrics::WriteHostLevel(size_t which, absl::Time now, MetricsText* text) const {
  if (IsFresh(now) && host_[which].has_value()) text->Add(labels_, *host_[which]);
}

void NodeMetrics::WriteDropped(MetricsText* text) const {
  constexpr std::array<absl::string_view, 3> kKinds = {"kind=\"listener\"", "kind=\"pod\"",
                                                       "kind=\"workload\""};
  for (size_t i = 0; i < kKinds.size(); ++i) text->Add(labels_, kKinds[i], dropped_[i]);
}

}  // namespace listenq::aggregator
