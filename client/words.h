// Fields of the API in the words of a table. Pure. Nothing is escaped here: RenderTable does that.
#ifndef LISTENQ_CLIENT_WORDS_H_
#define LISTENQ_CLIENT_WORDS_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/repeated_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "client/table.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

using Owners = google::protobuf::RepeatedPtrField<v1::Owner>;

// "No value": a column with nothing else falls away.
inline constexpr char kNone[] = "-";

std::string OrNone(std::string text);

absl::Time ToTime(const google::protobuf::Timestamp& time);

// Each distinct value once, with commas; "-" when there is none.
std::string NamespaceOf(const Owners& owners);
std::string PodOf(const Owners& owners);
// Name, else the first 12 digits of the id.
std::string ContainerOf(const Owners& owners);
// One short name for whoever it is: "shop/api-7f9c5d-x2x4k", a container, a process; the first, "+N" for
// more.
std::string OwnerName(const Owners& owners);

// The names come from a source that stopped answering since: they may be old.
bool IsStale(const Owners& owners);
// "web-0*" when they are stale; "-" stays as it is.
std::string MarkStale(std::string name, const Owners& owners);

// OwnerName with MarkStale; "-" for the host's: what it counts and sets is nobody's but the node's, whoever
// lives there.
std::string NamespaceOwner(const v1::Namespace& row);

// "host", the name of its bind mount, else the inode.
std::string NetnsName(const v1::Netns& netns);

// "0.0.0.0:80"; "*:80" for a socket that takes both families, "[::]:80" for IPv6 only.
std::string ListenAddress(const v1::Listener& listener);
std::string ListenAddress(const v1::DropShare& share);
std::string ListenAddress(const v1::ListenerHistory& history);
std::string ListenAddress(const v1::ListenerSynQueue& queue);

// "4096"; `""` for an empty line, which is a value.
std::string SysctlValueText(const std::string& value);
// A count that the kernel keeps there, no setting: values that differ mean nothing.
bool IsCount(const std::string& sysctl);
// The host's, or what stands for it: a namespace without a hash table of its own shows the size of the shared
// one, negative (Linux 6.1, net/ipv4/sysctl_net_ipv4.c, proc_tcp_ehash_entries).
bool IsValueOfHost(const std::string& value, const std::string& host);

// "node (4)", "nginx", "none".
std::string ProcessOf(const v1::Listener& listener);

// In percent of the limit, at most 100; absent when the queue or the limit is unknown.
std::optional<uint32_t> FillPercent(const v1::Listener& listener);
// One more connection than the limit waits: the next one is lost.
bool IsFull(const v1::Listener& listener);

// "1,204"; "3–7" when it is only bounded.
std::string DropsText(const v1::ListenDrops& drops);

// Of the last interval, per second: "31.0", "0"; "-" when there is none.
std::string DropRate(const v1::Listener& listener);

// "application (somaxconn 4096)".
std::string LimitedBy(const v1::Listener& listener);

// "1 listener", "14 listeners".
std::string Counted(uint64_t count, const char* one, const char* many);

// "accept queue full", or several with their counts: "accept queue full 12, other 3".
std::string CauseText(const v1::DropCounts& counts);
uint64_t TotalDrops(const v1::DropCounts& counts);

// "critical".
std::string SeverityText(v1::Severity severity);
Style SeverityStyle(v1::Severity severity);

// Ephemeral ports that connections may use: the range without what is reserved. Absent when the range could
// not be read.
std::optional<uint64_t> UsablePorts(const v1::ConnectionSummary& summary);
// "10.0.7.12:5432", "[::1]:53".
std::string DestinationText(const v1::DestinationPorts& destination);
// States with a count, in the kernel's order, then those of a later kernel.
std::vector<std::pair<std::string, uint64_t>> StatesOf(const v1::ConnectionSummary& summary);

// "<0.1%", "0.4%", "12%".
std::string PercentText(double percent);

// "OK", "PARTIAL".
std::string StateText(v1::NodeState state);

template <typename Number>
std::string OptionalNumber(bool has, Number value) {
  return has ? std::to_string(value) : kNone;
}

// "14:02:11"; with the date when it is not today's.
std::string ClockText(absl::Time time, absl::Time now, const absl::TimeZone& zone);

absl::Duration ToDuration(const google::protobuf::Duration& duration);

// "1.2ms", "0.4s", "3m20s"; "-" when there is none.
std::string ShortDuration(bool has, const google::protobuf::Duration& duration);

// "3m20s" before `now`; "-" when there is no such time.
std::string AgeOf(bool has, const google::protobuf::Timestamp& time, absl::Time now);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_WORDS_H_
