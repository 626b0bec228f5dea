// What the user asked for, as plain values: the command line after parsing.
#ifndef LISTENQ_CLIENT_OPTIONS_H_
#define LISTENQ_CLIENT_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/tls.h"

namespace listenq::client {

// Those that ask a server. kComplete is for the scripts of completion.h.
enum class Command {
  kListeners,
  kTop,
  kNamespaces,
  kSysctls,
  kDrops,
  kNodes,
  kHistory,
  kFindings,
  kAudit,
  kStates,
  kPorts,
  kDescribe,
  kComplete
};

// What a shell completes: by asking the server, contexts by the file of `listenq config` or by kubectl, nodes
// by kubectl.
enum class NameKind { kNamespaces, kPods, kContainers, kNetns, kSysctls, kRules, kContexts, kNodes };

enum class OutputFormat { kTable, kWide, kJson, kYaml, kCsv, kName, kSarif, kJunit };

enum class ColorMode { kAuto, kAlways, kNever };

enum class SortOrder { kWorst, kDrops, kFill, kQueue, kAddress };

enum class SysctlGrouping { kNone, kValue, kWorkload, kNode };

enum class SeverityFloor { kAll, kInfo, kWarning, kCritical };

// Which rows: the fields of listenq.v1.Filter.
struct Selection {
  // Empty is all namespaces.
  std::vector<std::string> namespaces;
  std::vector<std::string> pods;
  std::vector<std::string> containers;
  std::string label_selector;
  std::vector<uint64_t> netns_inodes;
  std::vector<std::string> netns_names;
  std::vector<uint32_t> ports;
  std::vector<std::string> processes;
  std::optional<uint32_t> min_fill_percent;
  bool only_dropping = false;
  bool operator==(const Selection&) const = default;
};

// How many nodes must answer.
struct NodeFloor {
  uint32_t value = 0;
  // Of those that should answer.
  bool is_percent = false;
  bool operator==(const NodeFloor&) const = default;
};

struct AuditOptions {
  // Policies; "-" is standard input.
  std::vector<std::string> files;
  // Print the starter policy instead; asks nobody.
  bool print_default = false;
  // Absent is all.
  std::optional<NodeFloor> min_nodes;
  // Incomplete also where nobody can see into a namespace, or none was checked.
  bool strict = false;
};

// Whom to ask, and how, as far as the line says it: "" is not said.
struct ServerFlags {
  std::string context;
  // unix:///path, /path, host:port or tls://host:port.
  std::string server;
  base::TlsFiles tls;
  std::string tls_server_name;
  // Plaintext beyond this machine too.
  bool insecure = false;
  bool operator==(const ServerFlags&) const = default;
};

// A cluster's listenq, reached through kubectl. "" is not said.
struct KubeFlags {
  // The cluster is asked, by the name under which we were called or by one of these flags.
  bool on = false;
  // kubectl's own.
  std::string kubeconfig;
  std::string context;
  std::string cluster;
  std::string user;
  std::string as;
  std::vector<std::string> as_groups;
  std::string request_timeout;
  // Where listenq is installed; "" is wherever it is found.
  std::string listenq_namespace;
  // Whose front is asked; "" asks the aggregator.
  std::string node;
  bool operator==(const KubeFlags&) const = default;
};

struct Options {
  Command command = Command::kListeners;
  ServerFlags server;
  KubeFlags kube;
  // The longest that one call may take.
  absl::Duration timeout = absl::Seconds(5);
  OutputFormat output = OutputFormat::kTable;
  bool headers = true;
  ColorMode color = ColorMode::kAuto;
  Selection selection;
  // Rows (states, ports: for one network namespace); 0 is all, or the server's own bound.
  uint32_t limit = 0;
  SortOrder sort = SortOrder::kWorst;
  // listeners, drops: a row for each workload and address.
  bool by_workload = false;
  bool include_ended = false;
  // Repeat (listeners, namespaces) or follow (drops).
  bool watch = false;
  // Between two pictures of top and --watch.
  absl::Duration interval = absl::Seconds(1);
  // top: one picture.
  bool once = false;
  // sysctls: names or globs; empty is all.
  std::vector<std::string> sysctl_names;
  SysctlGrouping sysctl_grouping = SysctlGrouping::kNone;
  // findings: the least severity shown; rules by id, empty is all; exit 4 when there is one.
  SeverityFloor severity = SeverityFloor::kAll;
  std::vector<std::string> rules;
  bool exit_code = false;
  AuditOptions audit;
  // states, ports: the longest that the walk may take; absent is the server's own bound.
  std::optional<absl::Duration> time_limit;
  // complete.
  NameKind names = NameKind::kPods;
  // drops, history: absent is all that is recorded.
  std::optional<absl::Time> since;
};

// `listenq config`: asks nobody.
enum class ConfigAction { kGetContexts, kCurrentContext, kUseContext, kSetContext, kDeleteContext, kView };

struct ConfigRequest {
  ConfigAction action = ConfigAction::kGetContexts;
  // The context's.
  std::string name;
  // What set-context sets.
  ServerFlags server;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_OPTIONS_H_
