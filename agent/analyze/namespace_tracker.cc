#include "agent/analyze/namespace_tracker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/analyze/drop_shares.h"
#include "agent/model/counters.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {
namespace {

constexpr size_t kMaxSomaxconnChanges = 8;

// A reading that looked at drops only has not read them all.
void StoreSockets(const model::SocketCounts& now, model::SocketCounts* stored) {
  const auto store = [](const std::optional<uint32_t>& from, std::optional<uint32_t>* to) {
    if (from.has_value()) *to = from;
  };
  store(now.tcp_in_use, &stored->tcp_in_use);
  store(now.tcp6_in_use, &stored->tcp6_in_use);
  store(now.time_wait, &stored->time_wait);
  store(now.udp_in_use, &stored->udp_in_use);
  store(now.orphans, &stored->orphans);
  store(now.tcp_memory_pages, &stored->tcp_memory_pages);
}

int64_t PeakBucketOf(absl::Time time) {
  return absl::ToUnixSeconds(time) / absl::ToInt64Seconds(PeakWindow::kBucketLength);
}

uint64_t Minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

std::optional<uint32_t> AsU32(std::optional<uint64_t> value) {
  if (!value.has_value() || *value > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

void SortByKeyWithoutRepeats(std::vector<model::ListenerReading>& listeners) {
  std::stable_sort(listeners.begin(), listeners.end(), [](const auto& a, const auto& b) {
    return model::ListenerKey(a) < model::ListenerKey(b);
  });
  const auto repeats = std::unique(listeners.begin(), listeners.end(), [](const auto& a, const auto& b) {
    return model::ListenerKey(a) == model::ListenerKey(b);
  });
  listeners.erase(repeats, listeners.end());
}

}  // namespace

// One walk over the known listeners and a list of those that a dump found, both sorted by key.
class NamespaceTracker::Merge {
 public:
  Merge(NamespaceTracker& tracker, const model::NamespaceReading& reading)
      : tracker_(tracker), old_listeners_(tracker.Mutable().listeners), reading_(reading) {
    // What a truncated list lacks may be lost in either dump, and its drops with it.
    changes_.set_changed = reading.listeners_truncated || tracker.value_->listeners_truncated;
  }

  ListenerChanges Run(std::vector<model::ListenerReading> found) {
    SortByKeyWithoutRepeats(found);
    max_kept_ = found.size();
    Reserve(found.size());
    for (model::ListenerReading& listener : found) {
      const uint64_t key = model::ListenerKey(listener);
      while (!AtEnd() && KeyOfNext() < key) Missing();
      if (!AtEnd() && KeyOfNext() == key) {
        Present(listener);
      } else {
        Appeared(listener);
      }
    }
    while (!AtEnd()) Missing();
    tracker_.known_ = std::move(known_);
    tracker_.tracks_ = std::move(tracks_);
    tracker_.value_->listeners = std::move(listeners_);
    return std::move(changes_);
  }

 private:
  [[nodiscard]] bool AtEnd() const { return next_ == tracker_.known_.size(); }
  [[nodiscard]] uint64_t KeyOfNext() const { return model::ListenerKey(tracker_.known_[next_]); }

  void Reserve(size_t count) {
    known_.reserve(count);
    tracks_.reserve(count);
    listeners_.reserve(count);
  }

  void Keep(const model::ListenerReading& reading) {
    known_.push_back(reading);
    tracks_.push_back(std::move(tracker_.tracks_[next_]));
    listeners_.push_back(std::move(old_listeners_[next_]));
    ++next_;
  }

  void Missing() {
    changes_.set_changed = true;
    const bool was_present = tracker_.tracks_[next_].present;
    const bool keep = reading_.listeners_truncated ? kept_++ < max_kept_ : was_present;
    if (!keep) {
      ++next_;
      return;
    }
    Keep(tracker_.known_[next_]);
    tracks_.back().present = false;
  }

  void Present(const model::ListenerReading& now) {
    const model::ListenerReading before = tracker_.known_[next_];
    Keep(now);
    Track& track = tracks_.back();
    model::Listener& listener = listeners_.back();
    if (!track.present || !track.full_sk_drops.has_value() || !now.sk_drops.has_value()) {
      changes_.set_changed = true;
    }
    track.present = true;
    if (before.limit != now.limit) track.listening_since = reading_.time;
    listener.reading = now;
    Sampled(track, listener);
    if (!track.full_sk_drops.has_value() || !now.sk_drops.has_value()) return;
    const uint32_t moved = *now.sk_drops - *track.full_sk_drops;
    if (moved != 0) changes_.moved.push_back({known_.size() - 1, moved, track.was_full});
  }

  void Appeared(const model::ListenerReading& now) {
    changes_.set_changed = true;
    known_.push_back(now);
    Track& track = tracks_.emplace_back();
    track.listening_since = reading_.time;
    model::Listener& listener = listeners_.emplace_back();
    listener.reading = now;
    listener.first_seen = reading_.time;
    Sampled(track, listener);
  }

  void Sampled(Track& track, model::Listener& listener) {
    const model::ListenerReading& now = listener.reading;
    track.interval_peak = std::max(track.interval_peak, now.queue);
    track.was_full |= model::IsFull(now);
    track.peaks.Add(now.queue);
    listener.peak_queue = std::max(listener.peak_queue, now.queue);
    listener.lag = tracker_.Watch(track, now, reading_.time, listener.lag);
  }

  NamespaceTracker& tracker_;
  std::vector<model::Listener>& old_listeners_;
  const model::NamespaceReading& reading_;
  size_t next_ = 0;
  size_t kept_ = 0;
  size_t max_kept_ = 0;
  ListenerChanges changes_;
  std::vector<model::ListenerReading> known_;
  std::vector<Track> tracks_;
  std::vector<model::Listener> listeners_;
};

NamespaceTracker::NamespaceTracker(model::NetnsId id, absl::Time now)
    : value_(std::make_shared<model::Namespace>()), peak_bucket_(PeakBucketOf(now)) {
  value_->id = std::make_shared<const model::NetnsId>(std::move(id));
}

NamespaceTracker::RefreshOutcome NamespaceTracker::ApplyRefresh(const model::RefreshReading& reading) {
  AdvancePeaks(reading.time);
  lags_ = false;
  RefreshOutcome outcome{.needs_full = reading.missing > 0};
  size_t hint = 0;
  for (const model::ListenerReading& listener : reading.listeners) {
    const std::optional<size_t> index = Find(model::ListenerKey(listener), hint);
    if (!index.has_value()) {
      outcome.needs_full = true;
      continue;
    }
    hint = *index + 1;
    if (listener.sk_drops.has_value() && listener.sk_drops != tracks_[*index].full_sk_drops) {
      outcome.needs_full = true;
    }
    Sample(*index, listener, reading.time);
  }
  if (!outcome.needs_full) ClearRecentDrops();
  return outcome;
}

std::optional<model::DropEvent> NamespaceTracker::ApplyFull(model::NamespaceReading reading) {
  AdvancePeaks(reading.time);
  ClearRecentDrops();
  if (reading.cookie.has_value()) SetCookie(*reading.cookie);
  if (reading.sysctls != nullptr) ApplySysctls(reading);

  ListenerChanges changes;
  if (reading.listeners.has_value()) changes = MergeListeners(reading);
  ClassifyLimits();

  std::optional<model::DropEvent> event;
  const absl::Time start = baseline_.has_value() ? baseline_->time : reading.time;
  if (std::optional<IntervalInput> interval = CloseInterval(reading); interval.has_value()) {
    for (model::Listener& listener : Mutable().listeners) {
      listener.recent_interval = std::max(reading.time - start, absl::ZeroDuration());
    }
    if (interval->drops > 0) {
      interval->listener_set_changed = changes.set_changed;
      interval->moved = std::move(changes.moved);
      event = CountDrops(*interval, start, reading.time);
    }
  }
  if (reading.listeners.has_value()) StartInterval();
  const absl::Time time = reading.time;
  const std::optional<uint64_t> passive_opens =
      reading.listeners.has_value() ? reading.snmp.Get("TcpPassiveOpens") : std::nullopt;
  StoreCounters(std::move(reading));
  if (passive_opens.has_value()) WatchOpens(*passive_opens, time);
  return event;
}

NamespaceTracker::ListenerChanges NamespaceTracker::MergeListeners(const model::NamespaceReading& reading) {
  lags_ = false;
  ListenerChanges changes = Merge(*this, reading).Run(*reading.listeners);
  value_->listeners_truncated = reading.listeners_truncated;
  value_->degraded_reason = reading.degraded_reason;
  return changes;
}

std::optional<NamespaceTracker::ListenCounters> NamespaceTracker::ReadListenCounters(
    const model::Counters& netstat) {
  const std::optional<uint64_t> drops = netstat.Get("TcpExtListenDrops");
  if (!drops.has_value()) return std::nullopt;
  return ListenCounters{.drops = *drops,
                        .overflows = netstat.Get("TcpExtListenOverflows").value_or(0),
                        .req_queue_full = netstat.Get("TcpExtTCPReqQFullDrop").value_or(0)};
}

std::optional<IntervalInput> NamespaceTracker::CloseInterval(const model::NamespaceReading& reading) {
  const std::optional<ListenCounters> before = ReadListenCounters(reading.netstat_before);
  std::optional<ListenCounters> after = ReadListenCounters(reading.netstat_after);
  if (!after.has_value()) after = before;
  if (!after.has_value()) return std::nullopt;

  // Without a look before the dump nothing is certain of what lies between: 0 makes min 0 and max unbounded.
  const uint64_t drops_before = before.has_value() ? before->drops : 0;
  const std::optional<Baseline> last =
      std::exchange(baseline_, Baseline{.after = *after, .drops_before = drops_before, .time = reading.time});
  if (!last.has_value()) {
    Mutable().drops = model::NamespaceDrops{.before = after->drops};
    return std::nullopt;
  }
  if (after->drops < last->after.drops) return std::nullopt;
  return IntervalInput{.drops_inner = Minus(drops_before, last->after.drops),
                       .drops_outer = Minus(after->drops, last->drops_before),
                       .drops = after->drops - last->after.drops,
                       .overflows = Minus(after->overflows, last->after.overflows),
                       .req_queue_full = Minus(after->req_queue_full, last->after.req_queue_full),
                       .syncookies = syncookies_};
}

model::DropEvent NamespaceTracker::CountDrops(const IntervalInput& interval, absl::Time start,
                                              absl::Time end) {
  const IntervalDrops drops = AttributeDrops(interval);
  model::Namespace& value = Mutable();
  value.drops->listen_drops += interval.drops;
  value.drops->listen_overflows += interval.overflows;
  value.drops->last = end;

  model::DropEvent event{.netns = value.id,
                         .owners = value.owners,
                         .start = start,
                         .end = end,
                         .counts = drops.counts,
                         .unattributed = drops.unattributed};
  for (const ListenerShare& share : drops.shares) {
    model::Listener& listener = value.listeners[share.index];
    listener.drops += share.drops;
    listener.recent_drops = share.drops;
    listener.last_drop = end;
    event.shares.push_back({.listener = listener.reading,
                            .processes = listener.processes,
                            .drops = share.drops,
                            .start = start,
                            .last = end,
                            .peak_queue = tracks_[share.index].interval_peak});
  }
  has_recent_drops_ = !drops.shares.empty();
  BoundShares(event);
  return event;
}

void NamespaceTracker::StartInterval() {
  for (size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (!track.present) continue;
    track.full_sk_drops = known_[i].sk_drops;
    track.interval_peak = known_[i].queue;
    track.was_full = model::IsFull(known_[i]);
  }
}

void NamespaceTracker::StoreCounters(model::NamespaceReading reading) {
  model::Namespace& value = Mutable();
  model::Counters& netstat = reading.netstat_after.empty() ? reading.netstat_before : reading.netstat_after;
  if (!netstat.empty()) {
    value.netstat = std::move(netstat);
    value.counters_time = reading.time;
  }
  // A reading that looked at drops only has half of the counters.
  if (!value.netstat.empty() && !reading.snmp.empty()) {
    window_.Add(value.netstat, reading.snmp, reading.time);
    value.increases = window_.Increases();
  }
  if (!reading.snmp.empty()) value.snmp = std::move(reading.snmp);
  StoreSockets(reading.sockets, &value.sockets);
  StoreErrors(std::move(reading.errors));
}

void NamespaceTracker::ApplySysctls(const model::NamespaceReading& reading) {
  model::Namespace& value = Mutable();
  if (reading.sysctls_in_full) value.sysctls_time = reading.time;
  if (value.sysctls == reading.sysctls) return;
  value.sysctls = reading.sysctls;
  syncookies_ = model::SysctlNumber(*value.sysctls, "net.ipv4.tcp_syncookies");
  const std::optional<uint32_t> old =
      std::exchange(somaxconn_, AsU32(model::SysctlNumber(*value.sysctls, "net.core.somaxconn")));
  if (!old.has_value() || !somaxconn_.has_value() || old == somaxconn_) return;
  if (somaxconn_changes_.size() == kMaxSomaxconnChanges) {
    somaxconn_changes_.erase(somaxconn_changes_.begin());
  }
  somaxconn_changes_.push_back({reading.time, *old});
}

model::LimitState NamespaceTracker::Classify(size_t index) const {
  return ClassifyLimit(known_[index], somaxconn_, somaxconn_changes_, tracks_[index].listening_since);
}

void NamespaceTracker::ClassifyLimits() {
  for (size_t i = 0; i < known_.size(); ++i) {
    const model::LimitState state = Classify(i);
    if (state != value_->listeners[i].limit_state) Mutable().listeners[i].limit_state = state;
  }
}

void NamespaceTracker::Sample(size_t index, const model::ListenerReading& now, absl::Time time) {
  Track& track = tracks_[index];
  model::ListenerReading& known = known_[index];
  track.interval_peak = std::max(track.interval_peak, now.queue);
  track.was_full |= model::IsFull(now);
  track.peaks.Add(now.queue);
  const auto& lag = value_->listeners[index].lag;
  if (auto new_lag = Watch(track, now, time, lag); new_lag != lag) {
    Mutable().listeners[index].lag = std::move(new_lag);
  }
  const bool new_peak = now.queue > value_->listeners[index].peak_queue;
  const bool new_limit = now.limit.has_value() && now.limit != known.limit;
  const bool new_drops = now.sk_drops.has_value() && now.sk_drops != known.sk_drops;
  if (!new_peak && !new_limit && !new_drops && now.queue == known.queue) return;

  known.queue = now.queue;
  if (new_limit) known.limit = now.limit;
  if (new_drops) known.sk_drops = now.sk_drops;
  model::Listener& listener = Mutable().listeners[index];
  listener.reading = known;
  if (new_peak) listener.peak_queue = now.queue;
  if (!new_limit) return;
  // Only listen(2) changes a limit.
  track.listening_since = time;
  listener.limit_state = Classify(index);
}

std::shared_ptr<const model::AcceptLag> NamespaceTracker::Watch(
    Track& track, const model::ListenerReading& now, absl::Time time,
    const std::shared_ptr<const model::AcceptLag>& before) {
  if (track.watch == nullptr) {
    if (now.queue == 0) return before;
    track.watch = std::make_unique<QueueWatch>();
  }
  track.watch->AddSample(now, time);
  auto lag = NoteLag(track, before);
  if (lag == nullptr && now.queue == 0) track.watch = nullptr;
  return lag;
}

std::shared_ptr<const model::AcceptLag> NamespaceTracker::NoteLag(
    const Track& track, const std::shared_ptr<const model::AcceptLag>& before) {
  const model::AcceptLag lag = track.watch->Lag();
  lags_ |= lag.is_high() || lag.is_waiting();
  if (before != nullptr && lag == *before) return before;
  if (lag == model::AcceptLag()) return nullptr;
  return std::make_shared<const model::AcceptLag>(lag);
}

void NamespaceTracker::WatchOpens(uint64_t passive_opens, absl::Time time) {
  for (size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].watch == nullptr || !tracks_[i].present) continue;
    tracks_[i].watch->AddOpens(passive_opens, time);
    const auto& lag = value_->listeners[i].lag;
    auto new_lag = NoteLag(tracks_[i], lag);
    if (new_lag != lag) Mutable().listeners[i].lag = std::move(new_lag);
  }
}

void NamespaceTracker::AdvancePeaks(absl::Time now) {
  const int64_t bucket = PeakBucketOf(now);
  const int64_t steps = bucket - std::exchange(peak_bucket_, bucket);
  if (steps <= 0) return;  // the same bucket, or the clock was set back
  for (size_t i = 0; i < tracks_.size(); ++i) {
    tracks_[i].peaks.Advance(static_cast<size_t>(steps));
    const uint32_t peak = tracks_[i].peaks.Max();
    if (peak != value_->listeners[i].peak_queue) Mutable().listeners[i].peak_queue = peak;
  }
}

void NamespaceTracker::ClearRecentDrops() {
  if (!std::exchange(has_recent_drops_, false)) return;
  for (model::Listener& listener : Mutable().listeners) listener.recent_drops = {};
}

std::optional<size_t> NamespaceTracker::Find(uint64_t key, size_t hint) const {
  if (hint < known_.size() && model::ListenerKey(known_[hint]) == key) return hint;
  const auto found = std::lower_bound(
      known_.begin(), known_.end(), key,
      [](const model::ListenerReading& a, uint64_t wanted) { return model::ListenerKey(a) < wanted; });
  if (found == known_.end() || model::ListenerKey(*found) != key) return std::nullopt;
  return static_cast<size_t>(found - known_.begin());
}

void NamespaceTracker::ApplyFailure(std::vector<model::PartError> errors, absl::Time time) {
  AdvancePeaks(time);
  StoreErrors(std::move(errors));
}

void NamespaceTracker::SetErrors(std::vector<model::PartError> errors) {
  if (errors == other_errors_) return;
  other_errors_ = std::move(errors);
  StoreErrors(std::move(visit_errors_));
}

void NamespaceTracker::StoreErrors(std::vector<model::PartError> visit_errors) {
  visit_errors_ = std::move(visit_errors);
  std::vector<model::PartError> all = visit_errors_;
  all.insert(all.end(), other_errors_.begin(), other_errors_.end());
  if (all != value_->errors) Mutable().errors = std::move(all);
}

void NamespaceTracker::SetNotObservable(std::string reason) {
  if (reason != value_->not_observable_reason) Mutable().not_observable_reason = std::move(reason);
}

void NamespaceTracker::SetDeclaredSysctls(
    std::shared_ptr<const std::map<std::string, std::string>> declared) {
  const auto& before = value_->declared_sysctls;
  if (declared == before) return;
  if (declared != nullptr && before != nullptr && *declared == *before) return;
  Mutable().declared_sysctls = std::move(declared);
}

void NamespaceTracker::SetAcceptors(std::shared_ptr<const model::Acceptors> acceptors) {
  Mutable().acceptors = std::move(acceptors);
}

void NamespaceTracker::SetPortUse(std::shared_ptr<const model::PortUse> use) {
  Mutable().port_use = std::move(use);
}

void NamespaceTracker::SetOwners(std::shared_ptr<const std::vector<model::Owner>> owners) {
  if (owners == value_->owners) return;
  if (owners != nullptr && value_->owners != nullptr && *owners == *value_->owners) return;
  Mutable().owners = std::move(owners);
}

void NamespaceTracker::SetNames(std::vector<std::string> names) {
  if (names == id().names) return;
  model::NetnsId changed = id();
  changed.names = std::move(names);
  Mutable().id = std::make_shared<const model::NetnsId>(std::move(changed));
}

void NamespaceTracker::SetCookie(uint64_t cookie) {
  if (cookie == id().cookie) return;
  model::NetnsId changed = id();
  changed.cookie = cookie;
  Mutable().id = std::make_shared<const model::NetnsId>(std::move(changed));
}

void NamespaceTracker::SetProcessCount(std::optional<uint32_t> count) {
  if (count != value_->process_count) Mutable().process_count = count;
}

void NamespaceTracker::SetSocketProcesses(uint64_t inode,
                                          const std::shared_ptr<const model::SocketProcesses>& processes) {
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i].inode != inode) continue;
    const auto& held = value_->listeners[i].processes;
    if (held == processes) continue;
    if (held != nullptr && processes != nullptr && *held == *processes) continue;
    Mutable().listeners[i].processes = processes;
  }
}

std::vector<uint64_t> NamespaceTracker::InodesWithoutProcesses() const {
  std::vector<uint64_t> inodes;
  for (const model::Listener& listener : value_->listeners) {
    if (listener.processes == nullptr && listener.reading.inode != 0)
      inodes.push_back(listener.reading.inode);
  }
  return inodes;
}

model::Namespace& NamespaceTracker::Mutable() {
  if (std::exchange(published_, false)) value_ = std::make_shared<model::Namespace>(*value_);
  return *value_;
}

std::shared_ptr<const model::Namespace> NamespaceTracker::Publish() {
  published_ = true;
  return value_;
}

std::shared_ptr<const model::Namespace> NamespaceTracker::End(absl::Time time) const {
  auto ended = std::make_shared<model::Namespace>(*value_);
  ended->ended = time;
  ended->increases = nullptr;
  ended->acceptors = nullptr;
  for (model::Listener& listener : ended->listeners) listener.lag = nullptr;
  return ended;
}

}  // namespace listenq::analyze
