#include "agent/model/sysctl.h"

#include <algorithm>
#include <bitset>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace listenq::model {
namespace {

// Kernel defaults are those of a new namespace on current kernels; where the kernel computes them from memory
// or copies them from the host, the column is empty.
constexpr SysctlInfo kTable[] = {
    {"net.core.somaxconn", "2.6.25", "4096"},
    {"net.core.optmem_max", "6.8", "131072"},
    {"net.core.txrehash", "5.18", "1"},
    {"net.core.rmem_max", "6.11", ""},
    {"net.core.wmem_max", "6.11", ""},
    {"net.core.rmem_default", "6.11", ""},
    {"net.core.wmem_default", "6.11", ""},
    {"net.core.netdev_max_backlog", "host only", ""},
    {"net.ipv4.tcp_mem", "host only", ""},
    {"net.ipv4.tcp_max_orphans", "host only", ""},
    {"net.ipv4.ip_local_port_range", "3.13", "32768 60999"},
    {"net.ipv4.ip_local_reserved_ports", "3.16", ""},
    {"net.ipv4.ip_unprivileged_port_start", "4.11", "1024"},
    {"net.ipv4.tcp_max_syn_backlog", "4.11", ""},
    {"net.ipv4.tcp_syncookies", "4.6", "1"},
    {"net.ipv4.tcp_synack_retries", "4.6", "5"},
    {"net.ipv4.tcp_syn_retries", "4.6", "6"},
    {"net.ipv4.tcp_fin_timeout", "4.6", "60"},
    {"net.ipv4.tcp_orphan_retries", "4.6", "0"},
    {"net.ipv4.tcp_retries1", "4.6", "3"},
    {"net.ipv4.tcp_retries2", "4.6", "15"},
    {"net.ipv4.tcp_keepalive_time", "4.5", "7200"},
    {"net.ipv4.tcp_keepalive_intvl", "4.5", "75"},
    {"net.ipv4.tcp_keepalive_probes", "4.5", "9"},
    {"net.ipv4.tcp_timestamps", "4.13", "1"},
    {"net.ipv4.tcp_sack", "4.13", "1"},
    {"net.ipv4.tcp_window_scaling", "4.13", "1"},
    {"net.ipv4.tcp_abort_on_overflow", "4.15", "0"},
    {"net.ipv4.tcp_fastopen", "4.15", "1"},
    {"net.ipv4.tcp_rfc1337", "4.15", "0"},
    {"net.ipv4.tcp_moderate_rcvbuf", "4.15", "1"},
    {"net.ipv4.tcp_slow_start_after_idle", "4.15", "1"},
    {"net.ipv4.tcp_rmem", "4.15", ""},
    {"net.ipv4.tcp_wmem", "4.15", ""},
    {"net.ipv4.tcp_congestion_control", "4.15", ""},
    {"net.ipv4.tcp_max_tw_buckets", "4.11", ""},
    {"net.ipv4.tcp_tw_reuse", "4.11", "2"},
    {"net.ipv4.tcp_tw_recycle", "4.11, removed in 4.12", ""},
    {"net.ipv4.tcp_tw_reuse_delay", "6.14", "1000"},
    {"net.ipv4.tcp_notsent_lowat", "4.6", "4294967295"},
    {"net.ipv4.tcp_ecn", "3.9", "2"},
    {"net.ipv4.tcp_mtu_probing", "4.1", "0"},
    {"net.ipv4.tcp_migrate_req", "5.14", "0"},
    {"net.ipv4.tcp_syn_linear_timeouts", "6.5", "4"},
    {"net.ipv4.tcp_rto_min_us", "6.11", "200000"},
    {"net.ipv4.tcp_child_ehash_entries", "6.1", "0"},
    {"net.ipv4.tcp_ehash_entries", "6.1", ""},
    {"net.ipv4.ip_forward", "2.6.25", ""},
    {"net.ipv4.conf.all.rp_filter", "2.6.25", ""},
    {"net.ipv4.ip_nonlocal_bind", "4.5", "0"},
    {"net.ipv4.ip_autobind_reuse", "5.7", "0"},
    {"net.ipv6.bindv6only", "2.6.25", "0"},
    {"net.ipv6.conf.all.disable_ipv6", "2.6.25", ""},
    {"net.netfilter.nf_conntrack_max", "host's value inside", ""},
    {"net.netfilter.nf_conntrack_count", "2.6.25", ""},
    {"net.netfilter.nf_conntrack_buckets", "host's value inside", ""},
    {"net.netfilter.nf_conntrack_tcp_timeout_time_wait", "3.6", "120"},
    {"net.netfilter.nf_conntrack_tcp_timeout_established", "3.6", "432000"},
    {"net.mptcp.enabled", "5.6", "1"},
    {"net.unix.max_dgram_qlen", "2.6.25", "10"},
};

}  // namespace

absl::Span<const SysctlInfo> SysctlTable() { return kTable; }

std::optional<size_t> FindSysctl(absl::string_view name) {
  const absl::Span<const SysctlInfo> table = SysctlTable();
  const auto* const found =
      std::find_if(table.begin(), table.end(), [&](const SysctlInfo& info) { return info.name == name; });
  if (found == table.end()) return std::nullopt;
  return static_cast<size_t>(found - table.begin());
}

const std::string* SysctlText(const Sysctls& sysctls, absl::string_view name) {
  const std::optional<size_t> index = FindSysctl(name);
  if (!index.has_value() || *index >= sysctls.values.size()) return nullptr;
  const std::optional<std::string>& value = sysctls.values[*index].value;
  return value.has_value() ? &*value : nullptr;
}

std::optional<uint64_t> SysctlNumber(const Sysctls& sysctls, absl::string_view name) {
  const std::string* value = SysctlText(sysctls, name);
  uint64_t number = 0;
  if (value == nullptr || !absl::SimpleAtoi(*value, &number)) return std::nullopt;
  return number;
}

std::optional<PortRange> ParsePortRange(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ', absl::SkipWhitespace());
  PortRange range;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &range.first) ||
      !absl::SimpleAtoi(parts[1], &range.last)) {
    return std::nullopt;
  }
  return range;
}

std::optional<PortRange> SysctlPortRange(const Sysctls& sysctls) {
  const std::string* value = SysctlText(sysctls, "net.ipv4.ip_local_port_range");
  return value == nullptr ? std::nullopt : ParsePortRange(*value);
}

namespace {

constexpr uint32_t kMaxPort = 65535;

// "8080" or "9000-9100".
std::optional<PortRange> ParsePorts(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(text, absl::MaxSplits('-', 1));
  PortRange ports;
  if (!absl::SimpleAtoi(ends.first, &ports.first)) return std::nullopt;
  ports.last = ports.first;
  if (absl::StrContains(text, '-') && !absl::SimpleAtoi(ends.second, &ports.last)) return std::nullopt;
  if (ports.first > ports.last || ports.last > kMaxPort) return std::nullopt;
  return ports;
}

}  // namespace

std::optional<uint32_t> CountReservedPorts(absl::string_view list, PortRange range) {
  // A set: the list may name a port twice.
  std::bitset<kMaxPort + 1> reserved;
  for (const absl::string_view part : absl::StrSplit(list, ',', absl::SkipWhitespace())) {
    const std::optional<PortRange> ports = ParsePorts(part);
    if (!ports.has_value()) return std::nullopt;
    const uint32_t last = std::min(ports->last, range.last);
    for (uint32_t port = std::max(ports->first, range.first); port <= last; ++port) reserved.set(port);
  }
  return static_cast<uint32_t>(reserved.count());
}

std::optional<uint32_t> SysctlReservedPorts(const Sysctls& sysctls) {
  const std::string* list = SysctlText(sysctls, "net.ipv4.ip_local_reserved_ports");
  const std::optional<PortRange> range = SysctlPortRange(sysctls);
  if (list == nullptr || !range.has_value()) return std::nullopt;
  return CountReservedPorts(*list, *range);
}

std::optional<uint32_t> SysctlUsablePorts(const Sysctls& sysctls) {
  const std::optional<PortRange> range = SysctlPortRange(sysctls);
  if (!range.has_value() || range->last < range->first) return std::nullopt;
  return range->last - range->first + 1 - SysctlReservedPorts(sysctls).value_or(0);
}

}  // namespace listenq::model
