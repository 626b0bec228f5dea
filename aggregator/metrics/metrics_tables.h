// Which of the kernel's numbers are metrics of a network namespace, under which names.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_TABLES_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_TABLES_H_

#include <array>
#include <cstddef>

#include "absl/strings/string_view.h"

namespace listenq::aggregator {

// The names of families are node_exporter's, with listenq_ in place of node_.
struct CounterMetric {
  absl::string_view counter;  // nstat's name
  absl::string_view family;
  absl::string_view help;
};
// The first one is what workloads count.
inline constexpr std::array<CounterMetric, 12> kCounterMetrics = {{
    {"TcpExtListenDrops", "listenq_netstat_TcpExt_ListenDrops",
     "Connection attempts lost at listeners, whatever the cause."},
    {"TcpExtListenOverflows", "listenq_netstat_TcpExt_ListenOverflows",
     "Connection attempts lost because the accept queue was full."},
    {"TcpExtTCPReqQFullDrop", "listenq_netstat_TcpExt_TCPReqQFullDrop",
     "Connection attempts lost because the SYN queue was full and tcp_syncookies is 0."},
    {"TcpExtTCPReqQFullDoCookies", "listenq_netstat_TcpExt_TCPReqQFullDoCookies",
     "SYNs at a full SYN queue with cookies on."},
    {"TcpExtSyncookiesSent", "listenq_netstat_TcpExt_SyncookiesSent", "SYNs that were answered by a cookie."},
    {"TcpExtEmbryonicRsts", "listenq_netstat_TcpExt_EmbryonicRsts", "Resets of half-open connections."},
    {"TcpExtTCPTimeWaitOverflow", "listenq_netstat_TcpExt_TCPTimeWaitOverflow",
     "Connections that skipped TIME_WAIT: there were tcp_max_tw_buckets, or no memory."},
    {"TcpActiveOpens", "listenq_netstat_Tcp_ActiveOpens", "Connections begun by connect(2)."},
    {"TcpPassiveOpens", "listenq_netstat_Tcp_PassiveOpens",
     "Connections that completed their handshake at a listener."},
    {"TcpAttemptFails", "listenq_netstat_Tcp_AttemptFails", "Handshakes that failed."},
    {"TcpRetransSegs", "listenq_netstat_Tcp_RetransSegs", "Segments sent again."},
    {"UdpRcvbufErrors", "listenq_netstat_Udp_RcvbufErrors",
     "Datagrams lost because a receive buffer was full."},
}};

// Levels. Where several namespaces are one series their sum is shown, of a sysctl the last value.
enum class LevelSource { kCounter, kInUse, kInUse6, kTimeWait, kSysctl };
struct LevelMetric {
  LevelSource source;
  absl::string_view name;  // nstat's or the sysctl's
  size_t position;         // of a sysctl's numbers
  absl::string_view family;
  absl::string_view label;  // "" or as AddLabel writes it
  absl::string_view help;
};
inline constexpr std::array<LevelMetric, 14> kLevelMetrics = {{
    {LevelSource::kCounter, "TcpCurrEstab", 0, "listenq_netstat_Tcp_CurrEstab", "",
     "Connections that are established or wait in CLOSE_WAIT."},
    {LevelSource::kInUse, "", 0, "listenq_sockstat_TCP_inuse", "", "TCP sockets over IPv4."},
    {LevelSource::kInUse6, "", 0, "listenq_sockstat_TCP6_inuse", "", "TCP sockets over IPv6."},
    {LevelSource::kTimeWait, "", 0, "listenq_sockstat_TCP_tw", "", "TCP sockets in TIME_WAIT."},
    {LevelSource::kSysctl, "net.core.somaxconn", 0, "listenq_sysctl_net_core_somaxconn", "",
     "sysctl net.core.somaxconn"},
    {LevelSource::kSysctl, "net.ipv4.ip_local_port_range", 0, "listenq_sysctl_net_ipv4_ip_local_port_range",
     "index=\"0\"", "sysctl net.ipv4.ip_local_port_range"},
    {LevelSource::kSysctl, "net.ipv4.ip_local_port_range", 1, "listenq_sysctl_net_ipv4_ip_local_port_range",
     "index=\"1\"", "sysctl net.ipv4.ip_local_port_range"},
    {LevelSource::kSysctl, "net.ipv4.tcp_abort_on_overflow", 0,
     "listenq_sysctl_net_ipv4_tcp_abort_on_overflow", "", "sysctl net.ipv4.tcp_abort_on_overflow"},
    {LevelSource::kSysctl, "net.ipv4.tcp_fin_timeout", 0, "listenq_sysctl_net_ipv4_tcp_fin_timeout", "",
     "sysctl net.ipv4.tcp_fin_timeout"},
    {LevelSource::kSysctl, "net.ipv4.tcp_max_syn_backlog", 0, "listenq_sysctl_net_ipv4_tcp_max_syn_backlog",
     "", "sysctl net.ipv4.tcp_max_syn_backlog"},
    {LevelSource::kSysctl, "net.ipv4.tcp_max_tw_buckets", 0, "listenq_sysctl_net_ipv4_tcp_max_tw_buckets", "",
     "sysctl net.ipv4.tcp_max_tw_buckets"},
    {LevelSource::kSysctl, "net.ipv4.tcp_synack_retries", 0, "listenq_sysctl_net_ipv4_tcp_synack_retries", "",
     "sysctl net.ipv4.tcp_synack_retries"},
    {LevelSource::kSysctl, "net.ipv4.tcp_syncookies", 0, "listenq_sysctl_net_ipv4_tcp_syncookies", "",
     "sysctl net.ipv4.tcp_syncookies"},
    {LevelSource::kSysctl, "net.ipv4.tcp_tw_reuse", 0, "listenq_sysctl_net_ipv4_tcp_tw_reuse", "",
     "sysctl net.ipv4.tcp_tw_reuse"},
}};

// Of DropCounts, in the order of its fields.
inline constexpr std::array<absl::string_view, 4> kCauseLabels = {
    "cause=\"accept_queue_full\"", "cause=\"syn_queue_full\"", "cause=\"probably_syn_queue\"",
    "cause=\"other\""};
inline constexpr size_t kCauseOther = 3;

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_TABLES_H_
