#include "agent/analyze/rules/port_range_pressure.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"
#include "agent/model/connections.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kRange = "net.ipv4.ip_local_port_range";
constexpr absl::string_view kReserved = "net.ipv4.ip_local_reserved_ports";
constexpr uint64_t kWarningPercent = 70;
constexpr uint64_t kCriticalPercent = 90;
// An older count says nothing of now.
constexpr absl::Duration kFresh = absl::Minutes(3);
// All that is not privileged.
constexpr uint32_t kMostPorts = 65535 - 1024 + 1;

std::string Endpoint(const model::DestinationPorts& to) {
  const std::string address = model::ToString(to.address);
  return to.address.family == model::IpAddress::Family::kV6 ? absl::StrCat("[", address, "]:", to.port)
                                                            : absl::StrCat(address, ":", to.port);
}

// Ways out, the one that costs least first.
std::string Fix(const model::Namespace& ns, const model::DestinationPorts& to, uint32_t usable) {
  std::string fix = absl::StrCat("keep-alive or a pool of connections towards ", Endpoint(to),
                                 ": fewer connections that are opened and closed");
  if (usable < kMostPorts) {
    absl::StrAppend(&fix, "\nor ", SysctlAdvice(ns, kRange, "1024 65535"), "\nand in ", kReserved,
                    " the ports that something listens on");
  }
  const bool reuses = SysctlNumberOf(ns, "net.ipv4.tcp_tw_reuse") == 1;
  const bool has_timestamps = SysctlNumberOf(ns, "net.ipv4.tcp_timestamps").value_or(1) != 0;
  if (!reuses && has_timestamps && to.time_wait * 2 >= to.ports_in_use) {
    absl::StrAppend(
        &fix, "\nor ", SysctlAdvice(ns, "net.ipv4.tcp_tw_reuse", "1"),
        "\n(a port in TIME_WAIT is taken again after a second, where both ends use TCP timestamps)");
  }
  return fix;
}

model::Finding Judge(const model::Namespace& ns, const model::DestinationPorts& to, uint32_t usable) {
  const uint64_t percent = uint64_t{to.ports_in_use} * 100 / usable;
  const uint64_t rounded = (uint64_t{to.ports_in_use} * 100 + usable / 2) / usable;
  model::Finding finding;
  finding.severity = percent >= kCriticalPercent ? model::Severity::kCritical : model::Severity::kWarning;
  finding.since = ns.port_use->time;
  finding.evidence = {
      {.name = absl::StrCat("ports to ", Endpoint(to)), .value = absl::StrCat(to.ports_in_use)},
      {.name = absl::StrCat("TIME_WAIT to ", Endpoint(to)), .value = absl::StrCat(to.time_wait)}};
  for (const absl::string_view name : {kRange, kReserved}) {
    const std::string* text = SysctlText(ns, name);
    if (text != nullptr && !text->empty()) {
      finding.evidence.push_back({.name = std::string(name), .value = FoldSpaces(*text)});
    }
  }
  finding.explanation =
      absl::StrCat(to.ports_in_use, " of the ", usable, " ephemeral ports (", rounded,
                   "%) are taken towards ", Endpoint(to), ", ", to.time_wait,
                   " of them by TIME_WAIT alone. With the last one gone, connect(2) to it fails with "
                   "EADDRNOTAVAIL.");
  finding.fix = Fix(ns, to, usable);
  finding.no_help = "net.ipv4.tcp_fin_timeout: TIME_WAIT lasts 60 seconds whatever it says";
  return finding;
}

bool IsShort(uint64_t taken, uint32_t usable) {
  return usable > 0 && taken * 100 >= usable * kWarningPercent;
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::Namespace& ns = the_case.ns;
  if (ns.port_use == nullptr || ns.sysctls == nullptr || the_case.now - ns.port_use->time > kFresh) return;
  const std::optional<uint32_t> usable = model::SysctlUsablePorts(*ns.sysctls);
  if (!usable.has_value()) return;
  for (const model::DestinationPorts& to : ns.port_use->destinations) {
    if (IsShort(to.ports_in_use, *usable)) findings->push_back(Judge(ns, to, *usable));
  }
}

}  // namespace

const Rule kPortRangePressure = {.id = "port-range-pressure",
                                 .summary = "One destination has most of the ephemeral ports",
                                 .check = Check};

bool MayLackPorts(const model::Namespace& ns) {
  if (ns.sysctls == nullptr) return false;
  const std::optional<uint32_t> usable = model::SysctlUsablePorts(*ns.sysctls);
  const model::SocketCounts& sockets = ns.sockets;
  const uint64_t count = uint64_t{sockets.tcp_in_use.value_or(0)} + sockets.tcp6_in_use.value_or(0) +
                         sockets.time_wait.value_or(0);
  return usable.has_value() && IsShort(count, *usable);
}

}  // namespace listenq::analyze
