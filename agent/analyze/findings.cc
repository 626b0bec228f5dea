#include "agent/analyze/findings.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "agent/analyze/rules/abort_on_overflow.h"
#include "agent/analyze/rules/accept_stopped.h"
#include "agent/analyze/rules/accept_too_slow.h"
#include "agent/analyze/rules/backlog_too_small.h"
#include "agent/analyze/rules/conntrack_pressure.h"
#include "agent/analyze/rules/limit_latched.h"
#include "agent/analyze/rules/loss_is_not_here.h"
#include "agent/analyze/rules/memory_walls.h"
#include "agent/analyze/rules/paws_drops.h"
#include "agent/analyze/rules/port_range_pressure.h"
#include "agent/analyze/rules/somaxconn_clamp.h"
#include "agent/analyze/rules/syn_queue_full.h"
#include "agent/analyze/rules/sysctl_not_in_force.h"
#include "agent/analyze/rules/time_wait_pressure.h"
#include "agent/analyze/rules/tw_recycle.h"

namespace listenq::analyze {
namespace {

constexpr std::array kRules = {&kBacklogTooSmall,   &kSomaxconnClamp, &kLimitLatched,     &kAcceptTooSlow,
                               &kAcceptStopped,     &kSynQueueFull,   &kAbortOnOverflow,  &kTimeWaitPressure,
                               &kConntrackPressure, &kTwRecycle,      &kPawsDrops,        &kMemoryWalls,
                               &kSysctlNotInForce,  &kLossIsNotHere,  &kPortRangePressure};

using EpisodesBySerial = absl::flat_hash_map<model::NetnsSerial, std::vector<model::DropEpisode>>;

EpisodesBySerial Group(const std::vector<model::DropEpisode>& episodes, absl::Time since) {
  EpisodesBySerial groups;
  for (const model::DropEpisode& episode : episodes) {
    if (episode.last >= since) groups[episode.netns->serial].push_back(episode);
  }
  return groups;
}

bool Worse(const model::Finding& a, const model::Finding& b) {
  const auto key = [](const model::Finding& finding) {
    return std::make_tuple(-static_cast<int>(finding.severity), finding.since, finding.ns->id->serial);
  };
  return key(a) < key(b);
}

}  // namespace

absl::Span<const Rule* const> BuiltInRules() { return kRules; }

std::vector<model::Finding> FindAll(const model::Snapshot& snapshot, absl::Span<const Rule* const> rules,
                                    const std::vector<model::DropEpisode>& episodes,
                                    const std::function<bool(const model::Namespace&)>& wanted,
                                    absl::Time now) {
  const EpisodesBySerial by_serial = Group(episodes, now - kLossWindow);
  const model::Namespace* host = model::HostNamespace(snapshot);
  std::vector<model::Finding> findings;
  for (const auto& ns : snapshot.namespaces) {
    if (!ns->not_observable_reason.empty() || !wanted(*ns)) continue;
    const auto lost = by_serial.find(ns->id->serial);
    const Case the_case = {
        .snapshot = snapshot,
        .ns = *ns,
        .host = host,
        .episodes = lost == by_serial.end() ? absl::Span<const model::DropEpisode>() : lost->second,
        .now = now};
    for (const Rule* rule : rules) {
      const size_t before = findings.size();
      rule->check(the_case, &findings);
      for (size_t i = before; i < findings.size(); ++i) {
        findings[i].rule_id = std::string(rule->id);
        findings[i].ns = ns.get();
      }
    }
  }
  std::stable_sort(findings.begin(), findings.end(), Worse);
  return findings;
}

}  // namespace listenq::analyze
