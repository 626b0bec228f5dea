// The net sysctls of one namespace.
#ifndef LISTENQ_AGENT_MODEL_SYSCTL_H_
#define LISTENQ_AGENT_MODEL_SYSCTL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace listenq::model {

struct SysctlValue {
  // As the kernel prints it, tabs folded to one space, without the newline. An empty line is a value.
  std::optional<std::string> value;
  // Why there is none.
  std::string unreadable_reason;
  // There is no such sysctl in this namespace, or on this kernel.
  bool missing = false;
  bool operator==(const SysctlValue&) const = default;
};

// values[i] belongs to SysctlTable()[i].
struct Sysctls {
  std::vector<SysctlValue> values;
  bool operator==(const Sysctls&) const = default;
};

// One row of the list of sysctls that the agent reads.
struct SysctlInfo {
  absl::string_view name;  // with dots
  // The first kernel in which it is per namespace, for wording only: "4.11".
  absl::string_view since;
  // What a new namespace gets where that is a constant; "" where it is not.
  absl::string_view kernel_default;
};

absl::Span<const SysctlInfo> SysctlTable();
// Its position in SysctlTable().
std::optional<size_t> FindSysctl(absl::string_view name);

// As the kernel prints it; null when it was not read or is not in SysctlTable().
const std::string* SysctlText(const Sysctls& sysctls, absl::string_view name);
// A number, absent when it was not read or is none.
std::optional<uint64_t> SysctlNumber(const Sysctls& sysctls, absl::string_view name);
// Both numbers of "32768 60999".
struct PortRange {
  uint32_t first = 0;
  uint32_t last = 0;
};
// Absent for what is no two numbers.
std::optional<PortRange> ParsePortRange(absl::string_view text);
std::optional<PortRange> SysctlPortRange(const Sysctls& sysctls);

// How many ports of `range` a list as in net.ipv4.ip_local_reserved_ports names: "8080,9000-9100", "" is
// none. Absent when it is no such list.
std::optional<uint32_t> CountReservedPorts(absl::string_view list, PortRange range);
// The same of the namespace's own list and range; absent when either was not read.
std::optional<uint32_t> SysctlReservedPorts(const Sysctls& sysctls);
// Ports of the range without the reserved ones (none, where that list can't be read): what connect(2) has for
// one destination. Absent when the range was not read.
std::optional<uint32_t> SysctlUsablePorts(const Sysctls& sysctls);

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_SYSCTL_H_
