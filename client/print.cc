#include "client/print.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <map>

#include "client/command_line.h"

namespace listenq::client {
namespace {

bool DidAnswer(const v1::NodeStatus& status) {
  return status.state() == v1::NODE_STATE_OK || status.state() == v1::NODE_STATE_PARTIAL;
}

using Sysctls = std::map<std::string, const v1::SysctlValue*>;

Sysctls Sorted(const v1::Namespace& row) {
  Sysctls sorted;
  for (const auto& [name, value] : row.sysctls()) sorted[name] = &value;
  return sorted;
}

}  // namespace

TableStyle StyleFor(const Options& options, std::optional<size_t> width, bool color) {
  const bool wide = options.output == OutputFormat::kWide;
  return {.width = wide ? std::nullopt : width, .wide = wide, .headers = options.headers, .color = color};
}

std::string SysctlsCsv(const Answer<v1::Namespace>& answer, bool headers) {
  std::string csv;
  if (headers) {
    csv =
        "nodeName,netns.inode,netns.name,owners.namespace,owners.pod,owners.container,name,value,"
        "unreadableReason,declared,host,kernelDefault\n";
  }
  const auto blank = [](const std::string& text) { return text == kNone ? "" : text; };
  for (const auto& item : answer.items) {
    const v1::Namespace& row = item.row;
    for (const auto& [name, value] : Sorted(row)) {
      absl::StrAppend(
          &csv, CsvLine({item.node_name, absl::StrCat(row.netns().inode()), NetnsName(row.netns()),
                         blank(NamespaceOf(row.owners())), blank(PodOf(row.owners())),
                         blank(ContainerOf(row.owners())), name, value->value(), value->unreadable_reason(),
                         value->declared(), value->host(), value->kernel_default()}));
    }
  }
  return csv;
}

std::string SysctlNames(const Answer<v1::Namespace>& answer) {
  std::string names;
  for (const auto& item : answer.items) {
    for (const auto& [name, value] : Sorted(item.row)) {
      absl::StrAppend(&names, NamePrefix(answer, item),
                      EscapeForTerminal(absl::StrCat("sysctl/", NetnsName(item.row.netns()), "/", name)),
                      "\n");
    }
  }
  return names;
}

bool NobodyAnswered(const v1::Summary& summary) {
  return summary.nodes_expected() > 0 && summary.nodes_answered() == 0;
}

std::string NodeNotes(const std::vector<v1::NodeStatus>& statuses, const v1::Summary& summary) {
  std::string notes;
  for (const v1::NodeStatus& status : statuses) {
    if (status.state() == v1::NODE_STATE_OK) continue;
    const std::string message = status.message().empty() ? StateText(status.state()) : status.message();
    const std::string name = status.node_name().empty() ? "node" : status.node_name();
    absl::StrAppend(&notes, EscapeForTerminal(name), ": ", EscapeForTerminal(message), "\n");
  }
  if (NobodyAnswered(summary)) {
    absl::StrAppend(&notes, "listenq: no node answered: nothing was looked at\n");
  } else if (summary.nodes_expected() > 1 && summary.nodes_answered() < summary.nodes_expected()) {
    absl::StrAppend(&notes, summary.nodes_answered(), " of ", summary.nodes_expected(),
                    " nodes answered: the answer is incomplete\n");
  }
  if (summary.fleet_size_unknown()) {
    absl::StrAppend(&notes,
                    "The size of the fleet is not known: nodes without an agent are not in this answer\n");
  }
  if (summary.truncated()) {
    absl::StrAppend(
        &notes,
        "The answer is incomplete: the server's bound cut it; ask for less with -n, --port or --limit\n");
  }
  return notes;
}

namespace {

std::string LookedAt(const v1::Summary& summary) {
  return absl::StrCat(Counted(summary.listeners_examined(), "listener", "listeners"), " in ",
                      Counted(summary.namespaces_examined(), "namespace", "namespaces"), " looked at");
}

const char* Words(SeverityFloor severity) {
  switch (severity) {
    case SeverityFloor::kCritical:
      return "critical ";
    case SeverityFloor::kWarning:
      return "warning or critical ";
    default:
      return "";
  }
}

}  // namespace

std::string EmptyNote(const std::string& rows, const v1::Summary& summary) {
  const char* that_can_be_seen = summary.unobservable_namespaces() > 0 ? " that can be seen" : "";
  return absl::StrCat("No ", rows, that_can_be_seen, " match: ", LookedAt(summary), ".\n");
}

std::string HostNetworkNote(const Owners& owners) {
  return absl::StrCat(
      EscapeForTerminal(OwnerName(owners)),
      " lives in the node's own network namespace: `listenq listeners` and `listenq describe` "
      "show its\nlisteners, --netns host what it shares with the node\n");
}

std::string NothingMatchesNote(const std::string& selection, const v1::Summary& summary) {
  return absl::StrCat("listenq: ",
                      FormatError(absl::StrCat("nothing matches ", selection, ": ", LookedAt(summary),
                                               "\n`listenq namespaces` shows what there is")));
}

std::string NoFindingsNote(SeverityFloor severity, bool chosen, const v1::Summary& summary) {
  return absl::StrCat("No ", Words(severity), chosen ? "findings match: " : "findings: ", LookedAt(summary),
                      ".\n");
}

std::string WalkNote(const Answer<v1::ConnectionSummary>& answer) {
  if (answer.items.empty()) return "";
  google::protobuf::Duration cost;
  uint64_t cut = 0;
  for (const auto& item : answer.items) {
    cost = cost + item.row.cost();
    if (item.row.truncated()) ++cut;
  }
  std::string note =
      absl::StrCat("Walked over the connections of ", Counted(answer.items.size(), "namespace", "namespaces"),
                   ": ", ShortDuration(true, cost), " of CPU time\n");
  if (cut > 0) {
    absl::StrAppend(&note, "A bound cut the walk in ", Counted(cut, "namespace", "namespaces"),
                    ": the numbers are at least those (--time-limit)\n");
  }
  return note;
}

std::string UnobservableNote(const v1::Summary& summary) {
  const uint64_t count = summary.unobservable_namespaces();
  if (count == 0) return "";
  return absl::StrCat(Counted(count, "namespace is", "namespaces are"),
                      " not observable: a guest kernel owns ", count == 1 ? "its" : "their",
                      " sockets (listenq namespaces -o wide)\n");
}

namespace print_internal {
namespace {

std::optional<absl::Time> OldestStale(const Owners& owners) {
  std::optional<absl::Time> oldest;
  for (const v1::Owner& owner : owners) {
    if (!owner.stale()) continue;
    const absl::Time time = owner.has_source_time() ? ToTime(owner.source_time()) : absl::InfiniteFuture();
    oldest = std::min(oldest.value_or(absl::InfiniteFuture()), time);
  }
  return oldest;
}

}  // namespace

std::optional<absl::Time> StaleSince(const v1::Listener& row) { return OldestStale(row.owners()); }
std::optional<absl::Time> StaleSince(const v1::Namespace& row) { return OldestStale(row.owners()); }
std::optional<absl::Time> StaleSince(const v1::ListenerHistory& row) { return OldestStale(row.owners()); }
std::optional<absl::Time> StaleSince(const v1::ConnectionSummary& row) { return OldestStale(row.owners()); }
std::optional<absl::Time> StaleSince(const v1::Node& /*row*/) { return std::nullopt; }

std::optional<absl::Time> StaleSince(const v1::SysctlSummary& row) {
  Owners owners;
  for (const v1::SysctlValueCount& value : row.values()) {
    for (const v1::SysctlSample& sample : value.samples()) owners.MergeFrom(sample.owners());
  }
  return OldestStale(owners);
}

std::optional<absl::Time> StaleSince(const v1::Finding& row) {
  Owners owners = row.owners();
  owners.MergeFrom(row.listener().owners());
  return OldestStale(owners);
}

std::optional<absl::Time> StaleSince(const v1::DropEpisode& row) {
  Owners owners = row.owners();
  for (const v1::DropShare& share : row.shares()) owners.MergeFrom(share.owners());
  return OldestStale(owners);
}

std::string StaleNote(const std::vector<absl::Time>& times, const ViewContext& context) {
  if (times.empty()) return "";
  const absl::Time oldest = *std::min_element(times.begin(), times.end());
  const std::string age = oldest == absl::InfiniteFuture()
                              ? "old"
                              : absl::StrCat("as of ", ClockText(oldest, context.now, context.zone));
  return absl::StrCat("* the names of ", Counted(times.size(), "row are", "rows are"), " ", age,
                      " (listenq nodes)\n");
}

}  // namespace print_internal

int ExitCodeOf(const std::vector<v1::NodeStatus>& statuses, const v1::Summary& summary) {
  const auto silent = static_cast<size_t>(
      std::count_if(statuses.begin(), statuses.end(), [](const auto& s) { return !DidAnswer(s); }));
  const size_t missing = std::max<size_t>(silent, summary.nodes_expected() > summary.nodes_answered()
                                                      ? summary.nodes_expected() - summary.nodes_answered()
                                                      : 0);
  if (missing == 0) return kExitOk;
  const size_t expected = std::max<size_t>(statuses.size(), summary.nodes_expected());
  return missing >= expected ? kExitError : kExitPartial;
}

}  // namespace listenq::client
