#include "agent/serve/filter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/serve/glob.h"
#include "agent/serve/quoted.h"
#include "agent/sys/status.h"

namespace listenq::serve {
namespace {

constexpr size_t kMinIdPrefix = 8;

absl::Status Invalid(absl::string_view field, absl::string_view value, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat("read filter.", field, ": ", value, " is not ", allowed));
}

template <typename Values>
absl::Status CheckNotEmpty(absl::string_view field, const Values& values) {
  for (const std::string& value : values) {
    if (value.empty()) return Invalid(field, "\"\"", "a name; leave the field out to take all");
  }
  return absl::OkStatus();
}

absl::Status Check(const v1::Filter& proto) {
  RETURN_IF_ERROR(CheckNotEmpty("namespaces", proto.namespaces()));
  RETURN_IF_ERROR(CheckNotEmpty("pods", proto.pods()));
  RETURN_IF_ERROR(CheckNotEmpty("containers", proto.containers()));
  RETURN_IF_ERROR(CheckNotEmpty("netns_names", proto.netns_names()));
  RETURN_IF_ERROR(CheckNotEmpty("processes", proto.processes()));
  for (const std::string& name : proto.namespaces()) {
    if (IsGlob(name)) {
      return Invalid("namespaces", Quoted(name), "a name; no patterns are allowed here");
    }
  }
  for (const uint64_t inode : proto.netns_inodes()) {
    if (inode == 0) return Invalid("netns_inodes", "0", "an inode number, as in /proc/PID/ns/net");
  }
  for (const uint32_t port : proto.ports()) {
    if (port == 0 || port > 65535) return Invalid("ports", absl::StrCat(port), "a port from 1 to 65535");
  }
  if (proto.has_min_fill_percent() && proto.min_fill_percent() > 100) {
    return Invalid("min_fill_percent", absl::StrCat(proto.min_fill_percent()), "a percentage from 0 to 100");
  }
  return absl::OkStatus();
}

bool AnyGlobMatches(const std::vector<std::string>& patterns, absl::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return GlobMatches(pattern, text); });
}

bool IsIdPrefix(absl::string_view text) {
  return text.size() >= kMinIdPrefix && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

bool SinglesOut(const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [](const std::string& pattern) {
    return pattern.find_first_not_of("*?") != std::string::npos;
  });
}

// A cgroup path names no labels: a negative requirement must not take what is only unknown.
bool LabelsAreKnown(const model::Owner& owner) {
  return owner.source == model::OwnerSource::kCri ||
         (owner.source == model::OwnerSource::kDocker && owner.runtime == "docker");
}

}  // namespace

std::optional<double> FillPercent(uint32_t queue, const std::optional<uint32_t>& limit) {
  if (!limit.has_value()) return std::nullopt;
  return 100.0 * queue / std::max(*limit, 1u);
}

absl::StatusOr<Filter> Filter::Compile(const v1::Filter& proto, absl::Time now) {
  RETURN_IF_ERROR(Check(proto));
  Filter filter;
  filter.namespaces_.insert(proto.namespaces().begin(), proto.namespaces().end());
  filter.pods_.assign(proto.pods().begin(), proto.pods().end());
  filter.containers_.assign(proto.containers().begin(), proto.containers().end());
  auto labels = LabelSelector::Parse(proto.label_selector());
  if (!labels.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("read filter.label_selector: ", labels.status().message()));
  }
  filter.labels_ = *std::move(labels);
  filter.inodes_.insert(proto.netns_inodes().begin(), proto.netns_inodes().end());
  filter.netns_names_.insert(proto.netns_names().begin(), proto.netns_names().end());
  filter.ports_.insert(proto.ports().begin(), proto.ports().end());
  if (proto.has_min_fill_percent()) filter.min_fill_percent_ = proto.min_fill_percent();
  if (proto.only_dropping()) filter.dropping_since_ = now - kDroppingTime;
  filter.processes_.assign(proto.processes().begin(), proto.processes().end());
  return filter;
}

bool Filter::MatchesNetns(const model::NetnsId& id) const {
  if (!inodes_.empty() && !inodes_.contains(id.inode)) return false;
  if (netns_names_.empty() || (id.host && netns_names_.contains("host"))) return true;
  return std::any_of(id.names.begin(), id.names.end(),
                     [&](const std::string& name) { return netns_names_.contains(name); });
}

bool Filter::HasOwnerConditions() const {
  return !namespaces_.empty() || !pods_.empty() || !containers_.empty() || !labels_.empty();
}

bool Filter::MatchesContainer(const model::Owner& owner) const {
  return containers_.empty() ||
         std::any_of(containers_.begin(), containers_.end(), [&](const std::string& wanted) {
           if (!owner.container.empty() && GlobMatches(wanted, owner.container)) return true;
           return IsIdPrefix(wanted) && absl::StartsWithIgnoreCase(owner.container_id, wanted);
         });
}

bool Filter::MatchesOwner(const model::Owner& owner) const {
  if (!namespaces_.empty() && !namespaces_.contains(owner.namespace_name)) return false;
  if (!pods_.empty() && (owner.pod.empty() || !AnyGlobMatches(pods_, owner.pod))) return false;
  if (!labels_.empty() && !(LabelsAreKnown(owner) && labels_.Matches(owner.labels))) return false;
  return MatchesContainer(owner);
}

bool Filter::MatchesOwners(const OwnerRefs& owners) const {
  return !HasOwnerConditions() || std::any_of(owners.begin(), owners.end(), [&](const model::Owner* owner) {
    return MatchesOwner(*owner);
  });
}

bool Filter::MatchesIdentity(const model::Namespace& ns) const {
  return MatchesNetns(*ns.id) && MatchesOwners(NamespaceOwners(ns.owners.get()));
}

bool Filter::MayMatchSockets(const model::Namespace& ns) const {
  return MatchesNetns(*ns.id) && MatchesOwners(SocketOwners(ns.owners.get()));
}

bool Filter::HasListenerConditions() const {
  return !ports_.empty() || min_fill_percent_.has_value() || !processes_.empty();
}

bool Filter::MatchesProcesses(const model::SocketProcesses* processes) const {
  if (processes_.empty()) return true;
  return processes != nullptr &&
         std::any_of(processes->first.begin(), processes->first.end(),
                     [&](const model::Process& process) { return AnyGlobMatches(processes_, process.comm); });
}

bool Filter::MatchesSocket(const model::ListenerReading& reading, uint32_t queue,
                           const model::SocketProcesses* processes) const {
  if (!ports_.empty() && !ports_.contains(reading.port)) return false;
  if (min_fill_percent_.has_value()) {
    const std::optional<double> fill = FillPercent(queue, reading.limit);
    if (!fill.has_value() || *fill < *min_fill_percent_) return false;
  }
  return MatchesProcesses(processes);
}

bool Filter::MatchesRowOfNamespace(const model::Namespace& ns) const {
  if (!HasListenerConditions()) return true;
  // A namespace without listeners is still its process'.
  if (ports_.empty() && !min_fill_percent_.has_value() && ns.owners != nullptr) {
    for (const model::Owner& owner : *ns.owners) {
      if (owner.process.has_value() && AnyGlobMatches(processes_, owner.process->comm)) return true;
    }
  }
  return std::any_of(ns.listeners.begin(), ns.listeners.end(), [&](const model::Listener& listener) {
    return MatchesSocket(listener.reading, listener.reading.queue, listener.processes.get());
  });
}

bool Filter::Matches(const model::Namespace& ns) const { return MatchesIdentity(ns) && MatchesContent(ns); }

bool Filter::MayMatchSamples(const model::Namespace& ns) const {
  return MayMatchSockets(ns) && MatchesContent(ns);
}

bool Filter::MatchesContent(const model::Namespace& ns) const {
  if (dropping_since_.has_value() && !(ns.drops.has_value() && ns.drops->last >= *dropping_since_))
    return false;
  return MatchesRowOfNamespace(ns);
}

bool Filter::Matches(const model::Namespace& ns, const model::Listener& listener) const {
  if (dropping_since_.has_value() && listener.last_drop < *dropping_since_) return false;
  return MatchesNetns(*ns.id) &&
         MatchesSocket(listener.reading, listener.reading.queue, listener.processes.get()) &&
         MatchesOwners(OwnersOf(listener.processes.get(), ns.owners.get()));
}

template <typename Drops>
bool Filter::MatchesDrops(const Drops& drops) const {
  if (!MatchesNetns(*drops.netns)) return false;
  if (!HasListenerConditions() && MatchesOwners(NamespaceOwners(drops.owners.get()))) return true;
  return std::any_of(drops.shares.begin(), drops.shares.end(), [&](const model::DropShare& share) {
    return MatchesSocket(share.listener, share.peak_queue, share.processes.get()) &&
           MatchesOwners(OwnersOf(share.processes.get(), drops.owners.get()));
  });
}

bool Filter::Matches(const model::DropEpisode& episode) const { return MatchesDrops(episode); }
bool Filter::Matches(const model::DropEvent& event) const { return MatchesDrops(event); }

bool Filter::Matches(const analyze::ListenerSamples& history) const {
  return MatchesNetns(*history.netns) && (ports_.empty() || ports_.contains(history.listener.port)) &&
         MatchesOwners(OwnersOf(history.processes.get(), history.owners.get()));
}

bool Filter::NamesNamespaces() const {
  return SinglesOut(pods_) || SinglesOut(containers_) || !inodes_.empty() || !netns_names_.empty();
}

}  // namespace listenq::serve
