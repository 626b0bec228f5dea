#include "agent/analyze/rules/sysctl_not_in_force.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kSomaxconn = "net.core.somaxconn";
constexpr absl::string_view kMaxSynBacklog = "net.ipv4.tcp_max_syn_backlog";
constexpr absl::string_view kPortRange = "net.ipv4.ip_local_port_range";

// A runtime makes the namespace first, has it connected, and then sets its sysctls: values that were read
// before say nothing.
constexpr absl::Duration kGrace = absl::Seconds(30);

struct Difference {
  std::string name;
  std::string wanted;
  std::string actual;
};

// What could not be read is no difference.
std::vector<Difference> FromDeclared(const model::Namespace& ns) {
  std::vector<Difference> differences;
  if (ns.declared_sysctls == nullptr) return differences;
  for (const auto& [name, declared] : *ns.declared_sysctls) {
    const std::string* value = SysctlText(ns, name);
    if (value == nullptr || FoldSpaces(*value) == FoldSpaces(declared)) continue;
    differences.push_back({name, FoldSpaces(declared), FoldSpaces(*value)});
  }
  return differences;
}

// ---- whether the namespace would be any different with the node's value

bool IsClamped(const model::Namespace& ns) {
  return std::any_of(ns.listeners.begin(), ns.listeners.end(), [](const model::Listener& listener) {
    return listener.limit_state == model::LimitState::kSomaxconn;
  });
}

bool HasNoCookies(const model::Namespace& ns) {
  return !ns.listeners.empty() && SysctlNumberOf(ns, "net.ipv4.tcp_syncookies") == 0;
}

bool Connects(const model::Namespace& ns) { return IncreaseBy(ns, "TcpActiveOpens") > 0; }

struct Tunable {
  absl::string_view name;
  bool (*matters)(const model::Namespace& ns);
};
constexpr std::array<Tunable, 3> kTunables = {
    {{kSomaxconn, IsClamped}, {kMaxSynBacklog, HasNoCookies}, {kPortRange, Connects}}};

std::optional<uint64_t> SizeOf(const model::Namespace& ns, absl::string_view name) {
  if (name != kPortRange) return SysctlNumberOf(ns, name);
  if (ns.sysctls == nullptr) return std::nullopt;
  const std::optional<model::PortRange> range = model::SysctlPortRange(*ns.sysctls);
  if (!range.has_value() || range->last < range->first) return std::nullopt;
  return range->last - range->first + 1;
}

bool IsDeclared(const model::Namespace& ns, absl::string_view name) {
  return ns.declared_sysctls != nullptr && ns.declared_sysctls->contains(std::string(name));
}

// Where the node has more. What was declared was meant.
std::vector<Difference> FromHost(const Case& the_case) {
  std::vector<Difference> differences;
  if (the_case.host == nullptr) return differences;
  for (const Tunable& tunable : kTunables) {
    const std::optional<uint64_t> here = SizeOf(the_case.ns, tunable.name);
    const std::optional<uint64_t> there = SizeOf(*the_case.host, tunable.name);
    if (!here.has_value() || !there.has_value() || *there <= *here) continue;
    if (IsDeclared(the_case.ns, tunable.name) || !tunable.matters(the_case.ns)) continue;
    differences.push_back({std::string(tunable.name), FoldSpaces(*SysctlText(*the_case.host, tunable.name)),
                           FoldSpaces(*SysctlText(the_case.ns, tunable.name))});
  }
  return differences;
}

// ---- findings

std::string Names(const std::vector<Difference>& differences) {
  return absl::StrJoin(differences, ", ", [](std::string* out, const Difference& difference) {
    absl::StrAppend(out, difference.name);
  });
}

model::Finding Describe(const Case& the_case, const std::vector<Difference>& differences,
                        absl::string_view whose) {
  model::Finding finding;
  finding.since = the_case.ns.id->first_seen;
  for (const Difference& difference : differences) {
    finding.evidence.push_back({.name = difference.name, .value = difference.actual});
    finding.evidence.push_back(
        {.name = absl::StrCat(difference.name, " ", whose), .value = difference.wanted});
  }
  return finding;
}

void CheckDeclared(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::vector<Difference> differences = FromDeclared(the_case.ns);
  if (differences.empty()) return;
  model::Finding finding = Describe(the_case, differences, "as declared");
  finding.severity = model::Severity::kWarning;
  finding.explanation = absl::StrCat(
      "Not in force as declared: ", Names(differences),
      ". Something wrote another value after the start: a privileged container, an init container, "
      "a CNI plugin (tuning), or somebody by hand.");
  finding.fix =
      absl::StrCat("find who writes it (grep the images' start scripts and the CNI configuration for ",
                   differences.front().name, "), then start it again\nor declare the value that is meant: ",
                   SysctlAdvice(the_case.ns, differences.front().name, differences.front().actual));
  findings->push_back(std::move(finding));
}

// Some value of the node's is not what every namespace begins with.
bool NodeIsTuned(const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(), [](const Difference& difference) {
    const std::optional<size_t> position = model::FindSysctl(difference.name);
    return !position.has_value() || model::SysctlTable()[*position].kernel_default != difference.wanted;
  });
}

void CheckHost(const Case& the_case, std::vector<model::Finding>* findings) {
  const std::vector<Difference> differences = FromHost(the_case);
  if (differences.empty()) return;
  model::Finding finding = Describe(the_case, differences, "on the node");
  finding.severity = model::Severity::kInfo;
  const bool tuned = NodeIsTuned(differences);
  finding.explanation = absl::StrCat(
      "The node has more of ", Names(differences),
      tuned ? ", which does not reach this namespace. A network namespace begins with the kernel's defaults, "
              "whatever the node was tuned to."
            : ", though only the kernel's default. Something has lowered it in this namespace.");
  finding.fix = absl::StrJoin(differences, "\n", [&](std::string* out, const Difference& difference) {
    absl::StrAppend(out, SysctlAdvice(the_case.ns, difference.name, difference.wanted));
  });
  if (tuned) finding.no_help = "/etc/sysctl.d on the node";
  findings->push_back(std::move(finding));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  if (the_case.ns.sysctls_time < the_case.ns.id->first_seen + kGrace) return;
  CheckDeclared(the_case, findings);
  CheckHost(the_case, findings);
}

}  // namespace

const Rule kSysctlNotInForce = {
    .id = "sysctl-not-in-force",
    .summary = "a declared sysctl has another value, or the node's tuning does not reach the namespace",
    .check = Check};

}  // namespace listenq::analyze
