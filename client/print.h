// An answer in the format that was asked for, and what a person should know beside it. Pure.
#ifndef LISTENQ_CLIENT_PRINT_H_
#define LISTENQ_CLIENT_PRINT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/encode.h"
#include "client/options.h"
#include "client/query.h"
#include "client/table.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {

// The node that a row is about.
template <typename Row>
const std::string& NodeNameOf(const Item<Row>& item) {
  return item.node_name;
}
inline const std::string& NodeNameOf(const Item<v1::Node>& item) { return item.row.status().node_name(); }

// "node-3/" before the names of rows of several nodes. Escaped.
template <typename Row>
std::string NamePrefix(const Answer<Row>& answer, const Item<Row>& item) {
  const bool wanted = HasSeveralNodes(answer) && !item.node_name.empty();
  return wanted ? absl::StrCat(EscapeForTerminal(item.node_name), "/") : "";
}

TableStyle StyleFor(const Options& options, std::optional<size_t> width, bool color);

// `make_text` is called for table and wide only. An empty answer has no text in a table or as names.
template <typename Row>
absl::StatusOr<std::string> Print(const Answer<Row>& answer, const Options& options,
                                  const std::function<std::string()>& make_text) {
  switch (options.output) {
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      return answer.items.empty() ? "" : make_text();
    case OutputFormat::kJson:
      return options.watch ? AnswerToJsonLine(answer) : AnswerToJson(answer);
    case OutputFormat::kYaml:
      return JsonToYaml(AnswerToJson(answer));
    case OutputFormat::kCsv:
    case OutputFormat::kSarif:
    case OutputFormat::kJunit:
      break;
    case OutputFormat::kName: {
      std::string names;
      for (const auto& item : answer.items) {
        absl::StrAppend(&names, NamePrefix(answer, item), EscapeForTerminal(NameOf(item.row)), "\n");
      }
      return names;
    }
  }
  std::string csv = options.headers ? CsvHeader(*Row::descriptor()) : "";
  for (const auto& item : answer.items) absl::StrAppend(&csv, CsvRow(item.row, NodeNameOf(item)));
  return csv;
}

// A namespace's sysctls have rows of their own in csv and names.
std::string SysctlsCsv(const Answer<v1::Namespace>& answer, bool headers);
std::string SysctlNames(const Answer<v1::Namespace>& answer);

// None of the nodes that should: such an answer says nothing about what there is.
bool NobodyAnswered(const v1::Summary& summary);

// A line for each node that did not answer in full, one when more may be missing or nobody answered, and one
// when a bound cut the answer. Escaped.
std::string NodeNotes(const std::vector<v1::NodeStatus>& statuses, const v1::Summary& summary);

// "No listeners match: 14 listeners in 5 namespaces looked at."
std::string EmptyNote(const std::string& rows, const v1::Summary& summary);

// What to ask about a pod that lives in the node's own network namespace. Escaped.
std::string HostNetworkNote(const Owners& owners);

// "listenq: nothing matches pod web-0: 14 listeners in 5 namespaces looked at", and what to do. Escaped.
std::string NothingMatchesNote(const std::string& selection, const v1::Summary& summary);

// "No critical findings: 14 listeners in 5 namespaces looked at."; `chosen`: only some were asked for.
std::string NoFindingsNote(SeverityFloor severity, bool chosen, const v1::Summary& summary);

// "Walked over the connections of 5 namespaces in 3.4ms of CPU time", and where a bound cut the walk.
std::string WalkNote(const Answer<v1::ConnectionSummary>& answer);

// What a guest kernel keeps to itself; "" when there is no such namespace.
std::string UnobservableNote(const v1::Summary& summary);

// What the mark of MarkStale means; "" when no row has it. A row is what stands in the answer.
template <typename Row>
std::string StaleNote(const Answer<Row>& answer, const ViewContext& context);

// kExitOk, kExitPartial when some of several nodes did not answer, kExitError when none did.
int ExitCodeOf(const std::vector<v1::NodeStatus>& statuses, const v1::Summary& summary);

namespace print_internal {
// `times`: for each row with stale names the time of the oldest.
std::string StaleNote(const std::vector<absl::Time>& times, const ViewContext& context);
// When the oldest of the stale names was confirmed last; absent when none is stale.
std::optional<absl::Time> StaleSince(const v1::Listener& row);
std::optional<absl::Time> StaleSince(const v1::Namespace& row);
std::optional<absl::Time> StaleSince(const v1::DropEpisode& row);
std::optional<absl::Time> StaleSince(const v1::ListenerHistory& row);
std::optional<absl::Time> StaleSince(const v1::Finding& row);
std::optional<absl::Time> StaleSince(const v1::ConnectionSummary& row);
std::optional<absl::Time> StaleSince(const v1::Node& row);
std::optional<absl::Time> StaleSince(const v1::SysctlSummary& row);
}  // namespace print_internal

template <typename Row>
std::string StaleNote(const Answer<Row>& answer, const ViewContext& context) {
  std::vector<absl::Time> times;
  for (const auto& item : answer.items) {
    if (const auto since = print_internal::StaleSince(item.row)) times.push_back(*since);
  }
  return print_internal::StaleNote(times, context);
}

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_PRINT_H_
