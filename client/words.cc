#include "client/words.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/text.h"

namespace listenq::client {
namespace {

std::string Distinct(const Owners& owners, const std::function<std::string(const v1::Owner&)>& value_of) {
  std::vector<std::string> values;
  for (const v1::Owner& owner : owners) {
    std::string value = value_of(owner);
    if (value.empty() || std::find(values.begin(), values.end(), value) != values.end()) continue;
    values.push_back(std::move(value));
  }
  return OrNone(absl::StrJoin(values, ","));
}

std::string ShortId(const std::string& id) { return id.substr(0, 12); }

std::string ContainerName(const v1::Owner& owner) {
  return owner.container().empty() ? ShortId(owner.container_id()) : owner.container();
}

std::string OneName(const v1::Owner& owner) {
  if (!owner.pod().empty()) {
    return owner.namespace_().empty() ? owner.pod() : absl::StrCat(owner.namespace_(), "/", owner.pod());
  }
  if (!owner.pod_uid().empty()) return absl::StrCat("pod ", owner.pod_uid());
  if (!ContainerName(owner).empty()) return ContainerName(owner);
  if (owner.has_process()) return owner.process().comm();
  return owner.source() == v1::OWNER_SOURCE_HOST ? "host" : "";
}

}  // namespace

std::string OrNone(std::string text) { return text.empty() ? kNone : std::move(text); }

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string NamespaceOf(const Owners& owners) {
  return Distinct(owners, [](const v1::Owner& owner) { return owner.namespace_(); });
}

std::string PodOf(const Owners& owners) {
  return Distinct(owners,
                  [](const v1::Owner& owner) { return owner.pod().empty() ? owner.pod_uid() : owner.pod(); });
}

std::string ContainerOf(const Owners& owners) { return Distinct(owners, ContainerName); }

std::string OwnerName(const Owners& owners) {
  std::vector<std::string> names;
  for (const v1::Owner& owner : owners) {
    std::string name = OneName(owner);
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(std::move(name));
  }
  if (names.empty()) return kNone;
  return names.size() == 1 ? names.front() : absl::StrCat(names.front(), " +", names.size() - 1);
}

bool IsStale(const Owners& owners) {
  return std::any_of(owners.begin(), owners.end(), [](const v1::Owner& owner) { return owner.stale(); });
}

std::string MarkStale(std::string name, const Owners& owners) {
  if (name != kNone && IsStale(owners)) name += "*";
  return name;
}

std::string NamespaceOwner(const v1::Namespace& row) {
  return row.netns().host() ? kNone : MarkStale(OwnerName(row.owners()), row.owners());
}

std::string NetnsName(const v1::Netns& netns) {
  if (netns.host()) return "host";
  return netns.names().empty() ? absl::StrCat(netns.inode()) : netns.names(0);
}

namespace {

// A dual-stack wildcard is "*".
std::string ListenAddress(const std::string& address, uint32_t port, bool dual_stack) {
  if (address == "::" && dual_stack) return absl::StrCat("*:", port);
  if (address.find(':') != std::string::npos) return absl::StrCat("[", address, "]:", port);
  return absl::StrCat(address, ":", port);
}

template <typename Row>
bool IsDualStack(const Row& row) {
  return row.has_v6_only() && !row.v6_only();
}

}  // namespace

std::string ListenAddress(const v1::Listener& listener) {
  std::string address = listener.local_address();
  if (listener.has_bound_interface()) absl::StrAppend(&address, "%", listener.bound_interface());
  return ListenAddress(address, listener.local_port(), IsDualStack(listener));
}

std::string ListenAddress(const v1::DropShare& share) {
  return ListenAddress(share.local_address(), share.local_port(), IsDualStack(share));
}

std::string ListenAddress(const v1::ListenerHistory& history) {
  return ListenAddress(history.local_address(), history.local_port(), IsDualStack(history));
}

std::string ListenAddress(const v1::ListenerSynQueue& queue) {
  return ListenAddress(queue.local_address(), queue.local_port(), false);
}

std::string SysctlValueText(const std::string& value) { return value.empty() ? "\"\"" : value; }

bool IsCount(const std::string& sysctl) { return sysctl == "net.netfilter.nf_conntrack_count"; }

bool IsValueOfHost(const std::string& value, const std::string& host) {
  return value == host || value == absl::StrCat("-", host);
}

std::string ProcessOf(const v1::Listener& listener) {
  if (!listener.has_process_count()) return kNone;
  if (listener.process_count() == 0 || listener.processes().empty()) return "none";
  std::vector<absl::string_view> names;
  for (const v1::Process& process : listener.processes()) {
    if (std::find(names.begin(), names.end(), process.comm()) == names.end())
      names.emplace_back(process.comm());
  }
  const std::string joined = absl::StrJoin(names, ",");
  return listener.process_count() == 1 ? joined : absl::StrCat(joined, " (", listener.process_count(), ")");
}

std::optional<uint32_t> FillPercent(const v1::Listener& listener) {
  if (!listener.has_queue() || !listener.has_limit()) return std::nullopt;
  const uint64_t limit = std::max<uint64_t>(listener.limit(), 1);
  return static_cast<uint32_t>(std::min<uint64_t>(100, listener.queue() * uint64_t{100} / limit));
}

bool IsFull(const v1::Listener& listener) {
  return listener.has_queue() && listener.has_limit() && listener.queue() > listener.limit();
}

std::string DropsText(const v1::ListenDrops& drops) {
  if (drops.min() == drops.max()) return FormatCount(drops.min());
  return absl::StrCat(FormatCount(drops.min()), "–", FormatCount(drops.max()));
}

std::string DropRate(const v1::Listener& listener) {
  if (!listener.has_recent_drops() || !listener.has_recent_interval()) return kNone;
  const auto& interval = listener.recent_interval();
  const double seconds = static_cast<double>(interval.seconds()) + interval.nanos() / 1e9;
  if (seconds <= 0) return kNone;
  const auto rate = [&](uint64_t drops) {
    return drops == 0 ? std::string("0") : absl::StrFormat("%.1f", static_cast<double>(drops) / seconds);
  };
  const auto& drops = listener.recent_drops();
  return drops.min() == drops.max() ? rate(drops.min())
                                    : absl::StrCat(rate(drops.min()), "–", rate(drops.max()));
}

std::string LimitedBy(const v1::Listener& listener) {
  switch (listener.limit_state()) {
    case v1::LIMIT_STATE_APPLICATION:
      return listener.has_somaxconn() ? absl::StrCat("application (somaxconn ", listener.somaxconn(), ")")
                                      : "application";
    case v1::LIMIT_STATE_SOMAXCONN:
      return "somaxconn, or as asked";
    case v1::LIMIT_STATE_LATCHED:
      // A restart would cut it to what somaxconn is now.
      return listener.limit() > listener.somaxconn() && listener.has_somaxconn()
                 ? "old somaxconn, higher: keep it"
                 : "old somaxconn: restart it";
    default:
      return kNone;
  }
}

std::string Counted(uint64_t count, const char* one, const char* many) {
  return absl::StrCat(FormatCount(count), " ", count == 1 ? one : many);
}

uint64_t TotalDrops(const v1::DropCounts& counts) {
  return counts.accept_queue_full() + counts.syn_queue_full() + counts.probably_syn_queue() + counts.other();
}

std::string CauseText(const v1::DropCounts& counts) {
  const std::pair<const char*, uint64_t> causes[] = {{"accept queue full", counts.accept_queue_full()},
                                                     {"SYN queue full", counts.syn_queue_full()},
                                                     {"probably SYN queue", counts.probably_syn_queue()},
                                                     {"other", counts.other()}};
  std::vector<std::string> parts;
  const uint64_t total = TotalDrops(counts);
  for (const auto& [name, count] : causes) {
    if (count == 0) continue;
    parts.push_back(count == total ? name : absl::StrCat(name, " ", FormatCount(count)));
  }
  return OrNone(absl::StrJoin(parts, ", "));
}

std::string SeverityText(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_INFO:
      return "info";
    case v1::SEVERITY_WARNING:
      return "warning";
    case v1::SEVERITY_CRITICAL:
      return "critical";
    default:
      return kNone;
  }
}

Style SeverityStyle(v1::Severity severity) {
  if (severity == v1::SEVERITY_CRITICAL) return Style::kCritical;
  return severity == v1::SEVERITY_WARNING ? Style::kWarning : Style::kPlain;
}

std::optional<uint64_t> UsablePorts(const v1::ConnectionSummary& summary) {
  const bool known = summary.has_ephemeral_first() && summary.has_ephemeral_last() &&
                     summary.ephemeral_last() >= summary.ephemeral_first();
  if (!known) return std::nullopt;
  const uint64_t range = uint64_t{summary.ephemeral_last()} - summary.ephemeral_first() + 1;
  return range - std::min<uint64_t>(range, summary.reserved_ports());
}

std::string DestinationText(const v1::DestinationPorts& destination) {
  return ListenAddress(destination.remote_address(), destination.remote_port(), false);
}

std::vector<std::pair<std::string, uint64_t>> StatesOf(const v1::ConnectionSummary& summary) {
  constexpr const char* kOrder[] = {"ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT1", "FIN_WAIT2",
                                    "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT", "LAST_ACK",  "CLOSING"};
  std::vector<std::pair<std::string, uint64_t>> states;
  for (const auto& [name, count] : summary.by_state()) {
    if (count > 0) states.emplace_back(name, count);
  }
  const auto key = [&](const auto& state) {
    return std::make_pair(std::find(std::begin(kOrder), std::end(kOrder), state.first), state.first);
  };
  std::sort(states.begin(), states.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return states;
}

std::string PercentText(double percent) {
  if (percent > 0 && percent < 0.05) return "<0.1%";
  return percent > 0 && percent < 9.95 ? absl::StrFormat("%.1f%%", percent)
                                       : absl::StrFormat("%.0f%%", percent);
}

std::string StateText(v1::NodeState state) {
  switch (state) {
    case v1::NODE_STATE_OK:
      return "ok";
    case v1::NODE_STATE_PARTIAL:
      return "partial";
    case v1::NODE_STATE_UNAVAILABLE:
      return "unavailable";
    case v1::NODE_STATE_VERSION_SKEW:
      return "version skew";
    case v1::NODE_STATE_STARTING:
      return "starting";
    default:
      return "unknown";
  }
}

std::string ClockText(absl::Time time, absl::Time now, const absl::TimeZone& zone) {
  const bool today = absl::ToCivilDay(time, zone) == absl::ToCivilDay(now, zone);
  return absl::FormatTime(today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", time, zone);
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string ShortDuration(bool has, const google::protobuf::Duration& duration) {
  if (!has) return kNone;
  const absl::Duration value = ToDuration(duration);
  if (value < absl::Milliseconds(100)) return absl::StrFormat("%.1fms", absl::ToDoubleMilliseconds(value));
  if (value < absl::Seconds(10)) return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(value));
  return FormatAge(value);
}

std::string AgeOf(bool has, const google::protobuf::Timestamp& time, absl::Time now) {
  return has ? FormatAge(now - ToTime(time)) : kNone;
}

}  // namespace listenq::client
