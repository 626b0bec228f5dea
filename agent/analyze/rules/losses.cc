#include "agent/analyze/rules/losses.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace listenq::analyze {
namespace {

std::optional<Loss> LossIn(const model::DropEpisode& episode, uint64_t listener_key) {
  const auto share =
      std::find_if(episode.shares.begin(), episode.shares.end(), [&](const model::DropShare& candidate) {
        return model::ListenerKey(candidate.listener) == listener_key;
      });
  if (share == episode.shares.end()) return std::nullopt;
  return Loss{.drops = share->drops,
              .counts = episode.counts,
              .start = share->start,
              .last = share->last,
              .peak_queue = share->peak_queue};
}

bool WasFull(const Loss& loss, const model::ListenerReading& reading) {
  return reading.limit.has_value() && loss.peak_queue > *reading.limit;
}

// More than all other causes together explain.
bool SurelyOverflowed(const Loss& loss) {
  return loss.drops.min > loss.counts.total() - loss.counts.accept_queue_full;
}

std::string Bounds(const model::DropBounds& drops) {
  return drops.min == drops.max ? absl::StrCat(drops.min) : absl::StrCat(drops.min, " to ", drops.max);
}

}  // namespace

std::optional<Loss> OverflowLoss(const Case& the_case, const model::Listener& listener) {
  for (const model::DropEpisode& episode : the_case.episodes) {
    if (episode.counts.accept_queue_full == 0) continue;
    const std::optional<Loss> loss = LossIn(episode, model::ListenerKey(listener.reading));
    if (!loss.has_value()) continue;
    if (SurelyOverflowed(*loss) || loss->drops.inferred > 0 || WasFull(*loss, listener.reading)) return loss;
  }
  return std::nullopt;
}

model::Severity SeverityOf(absl::Time last, absl::Time now) {
  return now - last < kOngoing ? model::Severity::kCritical : model::Severity::kWarning;
}

bool StaysFull(const model::Listener& listener, const Loss& loss) {
  const model::AcceptLag* lag = listener.lag.get();
  return lag != nullptr && lag->high_since <= loss.last &&
         loss.last <= lag->high_until + model::AcceptLag::kLeast;
}

void PutAfterSlowAccept(const model::Listener& listener, const Loss& loss, model::Finding* finding) {
  if (!StaysFull(listener, loss)) return;
  finding->severity = std::min(finding->severity, model::Severity::kWarning);
  finding->fix = absl::StrCat("first what accept-too-slow or accept-stopped says of this listener; then\n",
                              finding->fix);
  absl::StrAppend(&finding->no_help, finding->no_help.empty() ? "" : "; ",
                  "a larger queue alone: this one never empties, so clients would only wait longer");
}

std::vector<model::Evidence> EvidenceOf(const Loss& loss, const model::Listener& listener) {
  const absl::Duration window = loss.last - loss.start;
  std::vector<model::Evidence> evidence = {
      {.name = "TcpExtListenOverflows",
       .value = absl::StrCat(loss.counts.accept_queue_full),
       .window = window},
      {.name = "listen drops of this listener", .value = Bounds(loss.drops), .window = window},
      {.name = "highest queue", .value = absl::StrCat(loss.peak_queue)}};
  if (listener.reading.limit.has_value()) {
    evidence.push_back({.name = "limit", .value = absl::StrCat(*listener.reading.limit)});
  }
  return evidence;
}

}  // namespace listenq::analyze
