#include "client/run.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "client/audit.h"
#include "client/candidates.h"
#include "client/command_line.h"
#include "client/describe.h"
#include "client/live.h"
#include "client/policy_file.h"
#include "client/print.h"
#include "client/sysctl_groups.h"
#include "client/time_proto.h"
#include "client/workloads.h"

namespace listenq::client {
namespace {

// How far back the flight recorder's samples go.
constexpr absl::Duration kRecorded = absl::Minutes(15);

// A question and its answer as text, with the exit code that the answer itself deserves.
struct Picture {
  std::string text;
  std::string notes;
  int exit_code = kExitOk;
};

struct Room {
  size_t rows = 0;  // 0 is no bound
  std::optional<size_t> width;
};

class Runner {
 public:
  Runner(const Options& options, ObserverClient& client, const Output& output)
      : options_(options), client_(client), output_(output) {}

  int Run();

 private:
  absl::StatusOr<Picture> Listeners(const Room& room);
  absl::StatusOr<Picture> Top(const Room& room);
  absl::StatusOr<Picture> Namespaces(const Room& room);
  absl::StatusOr<Picture> Sysctls(const Room& room);
  absl::StatusOr<Picture> SysctlsByValue(const Room& room);
  std::string GuestOfHostNote(const v1::Summary& summary);
  absl::StatusOr<Picture> Drops(const Room& room);
  absl::StatusOr<Picture> Nodes(const Room& room);
  absl::StatusOr<Picture> History(const Room& room);
  absl::StatusOr<Picture> Findings(const Room& room);
  absl::StatusOr<Picture> Audit(const Room& room);
  absl::StatusOr<Picture> Connections(const Room& room);
  absl::StatusOr<Picture> Description(const Room& room);
  absl::StatusOr<Picture> Take(const Room& room);

  template <typename Row>
  absl::StatusOr<Picture> FinishText(const Answer<Row>& answer, const std::string& empty_note,
                                     const std::function<std::string()>& make_text);
  template <typename Row>
  absl::StatusOr<Picture> Finish(const Answer<Row>& answer, const std::string& rows, const Room& room,
                                 const std::function<Table()>& make_table);
  template <typename Row, typename Group>
  absl::StatusOr<Picture> FinishGroups(const Answer<Row>& answer, const std::string& rows, const Room& room,
                                       const std::vector<Group>& groups);
  template <typename Row>
  absl::StatusOr<Picture> FinishSysctlGroups(const Answer<Row>& answer, const Room& room,
                                             const std::vector<SysctlGroup>& groups);

  std::vector<std::string> Candidates();
  int Complete();
  int Once();
  int Repeat();
  int Live();
  int FollowDrops();
  bool AsksSeveralNodes();
  absl::Status PrintEvent(const v1::DropEvent& event, bool first, bool with_node);

  [[nodiscard]] ViewContext Now() const { return {.now = output_.clock(), .zone = output_.zone}; }
  [[nodiscard]] v1::ListListenersRequest ListenersRequest() const;
  [[nodiscard]] bool IsTable() const {
    return options_.output == OutputFormat::kTable || options_.output == OutputFormat::kWide;
  }
  int Fail(const absl::Status& status);
  int Written(const absl::Status& status, int exit_code);

  const Options& options_;
  ObserverClient& client_;
  const Output& output_;
};

v1::ListenerOrder OrderOf(SortOrder sort) {
  switch (sort) {
    case SortOrder::kWorst:
      return v1::LISTENER_ORDER_UNSPECIFIED;
    case SortOrder::kDrops:
      return v1::LISTENER_ORDER_DROPS;
    case SortOrder::kFill:
      return v1::LISTENER_ORDER_FILL;
    case SortOrder::kQueue:
      return v1::LISTENER_ORDER_QUEUE;
    case SortOrder::kAddress:
      return v1::LISTENER_ORDER_ADDRESS;
  }
  return v1::LISTENER_ORDER_UNSPECIFIED;
}

v1::ListListenersRequest Runner::ListenersRequest() const {
  v1::ListListenersRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_order_by(OrderOf(options_.sort));
  request.set_limit(options_.limit);
  request.set_include_ended(options_.include_ended);
  return request;
}

template <typename Row>
absl::StatusOr<Picture> Runner::FinishText(const Answer<Row>& answer, const std::string& empty_note,
                                           const std::function<std::string()>& make_text) {
  Picture picture;
  ASSIGN_OR_RETURN(picture.text, Print(answer, options_, make_text));
  picture.notes = NodeNotes(answer.node_statuses, answer.summary);
  if (IsTable()) absl::StrAppend(&picture.notes, StaleNote(answer, Now()));
  if (answer.items.empty() && !NobodyAnswered(answer.summary)) absl::StrAppend(&picture.notes, empty_note);
  absl::StrAppend(&picture.notes, UnobservableNote(answer.summary));
  picture.exit_code = ExitCodeOf(answer.node_statuses, answer.summary);
  return picture;
}

template <typename Row>
absl::StatusOr<Picture> Runner::Finish(const Answer<Row>& answer, const std::string& rows, const Room& room,
                                       const std::function<Table()>& make_table) {
  const TableStyle style = StyleFor(options_, room.width, output_.color);
  return FinishText(answer, EmptyNote(rows, answer.summary),
                    [&] { return RenderTable(make_table(), style); });
}

// The limit counts groups: the rows that they are made of were all asked for.
template <typename Row, typename Group>
absl::StatusOr<Picture> Runner::FinishGroups(const Answer<Row>& answer, const std::string& rows,
                                             const Room& room, const std::vector<Group>& groups) {
  ASSIGN_OR_RETURN(Picture picture, Finish(answer, rows, room, [&] { return WorkloadTable(groups, Now()); }));
  if (options_.output == OutputFormat::kCsv) picture.text = WorkloadCsv(groups, options_.headers);
  return picture;
}

absl::StatusOr<Picture> Runner::Listeners(const Room& room) {
  v1::ListListenersRequest request = ListenersRequest();
  if (options_.by_workload) request.set_limit(0);
  ASSIGN_OR_RETURN(const auto answer, client_.ListListeners(request));
  if (!options_.by_workload) {
    return Finish(answer, "listeners", room, [&] { return ListenersTable(answer, Now()); });
  }
  const auto groups = GroupListeners(answer, options_.sort, options_.limit);
  return FinishGroups(answer, "listeners", room, groups);
}

// A headline, an empty line, the columns' names: what a screen has left is for rows.
absl::StatusOr<Picture> Runner::Top(const Room& room) {
  constexpr size_t kLinesAbove = 3;
  v1::ListListenersRequest request = ListenersRequest();
  const size_t fitting = room.rows > kLinesAbove ? room.rows - kLinesAbove : 0;
  if (fitting > 0 && (request.limit() == 0 || request.limit() > fitting)) {
    request.set_limit(static_cast<uint32_t>(fitting));
  }
  ASSIGN_OR_RETURN(const auto answer, client_.ListListeners(request));
  const ViewContext now = Now();
  ASSIGN_OR_RETURN(Picture picture,
                   Finish(answer, "listeners", room, [&] { return TopTable(answer, now, fitting); }));
  if (!IsTable() || !options_.headers) return picture;
  const bool live = IsLive(options_, output_.is_terminal);
  std::string headline =
      EscapeForTerminal(TopHeadline(answer, now, live ? options_.interval : absl::ZeroDuration()));
  if (room.width) headline = Truncate(headline, *room.width);
  picture.text = absl::StrCat(headline, "\n\n", picture.text);
  return picture;
}

// No row may mean that the pod lives in the node's own network namespace, which is nobody's but the node's:
// what tells is a listener of the pod there. "" for any other answer.
std::string Runner::GuestOfHostNote(const v1::Summary& summary) {
  const Selection& selection = options_.selection;
  if (summary.rows_matched() > 0 || NobodyAnswered(summary)) return "";
  if (selection.pods.empty() && selection.containers.empty()) return "";
  v1::ListListenersRequest request;
  *request.mutable_filter() = MakeFilter(selection);
  const auto answer = client_.ListListeners(request);
  if (!answer.ok()) return "";
  const auto guest = std::find_if(answer->items.begin(), answer->items.end(),
                                  [](const auto& item) { return item.row.netns().host(); });
  return guest == answer->items.end() ? "" : HostNetworkNote(guest->row.owners());
}

absl::StatusOr<Picture> Runner::Namespaces(const Room& room) {
  v1::ListNamespacesRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_limit(options_.limit);
  request.set_include_ended(options_.include_ended);
  ASSIGN_OR_RETURN(const auto answer, client_.ListNamespaces(request));
  ASSIGN_OR_RETURN(Picture picture,
                   Finish(answer, "namespaces", room, [&] { return NamespacesTable(answer, Now()); }));
  absl::StrAppend(&picture.notes, GuestOfHostNote(answer.summary));
  return picture;
}

template <typename Row>
absl::StatusOr<Picture> Runner::FinishSysctlGroups(const Answer<Row>& answer, const Room& room,
                                                   const std::vector<SysctlGroup>& groups) {
  ASSIGN_OR_RETURN(Picture picture, Finish(answer, "namespaces", room, [&] {
                     return SysctlGroupsTable(groups, options_.sysctl_grouping);
                   }));
  if (options_.output == OutputFormat::kCsv) picture.text = SysctlGroupsCsv(groups, options_.headers);
  absl::StrAppend(&picture.notes, GuestOfHostNote(answer.summary));
  return picture;
}

// Counts and samples travel, not the namespaces. Of a few names the samples are worth more than five.
absl::StatusOr<Picture> Runner::SysctlsByValue(const Room& room) {
  constexpr size_t kFew = 4;
  constexpr uint32_t kManySamples = 100;
  v1::SummarizeSysctlsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  const auto& names = options_.sysctl_names;
  for (const std::string& name : names) request.add_names(name);
  if (!names.empty() && names.size() <= kFew && !HasGlob(names)) request.set_max_samples(kManySamples);
  ASSIGN_OR_RETURN(auto answer, client_.SummarizeSysctls(request));
  if (answer.summary.rows_matched() == 0) answer.items.clear();
  return FinishSysctlGroups(answer, room, GroupSysctls(answer, options_.limit));
}

absl::StatusOr<Picture> Runner::Sysctls(const Room& room) {
  const SysctlGrouping grouping = options_.sysctl_grouping;
  if (grouping == SysctlGrouping::kValue) return SysctlsByValue(room);
  v1::ListNamespacesRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_limit(grouping == SysctlGrouping::kNone ? options_.limit : 0);
  for (const std::string& name : options_.sysctl_names) request.add_sysctl_names(name);
  if (options_.sysctl_names.empty()) request.add_sysctl_names(std::string("*"));
  ASSIGN_OR_RETURN(const auto answer, client_.ListNamespaces(request));
  if (grouping != SysctlGrouping::kNone) {
    return FinishSysctlGroups(answer, room, GroupSysctls(answer, grouping, options_.limit));
  }
  const bool wide = options_.output == OutputFormat::kWide;
  ASSIGN_OR_RETURN(Picture picture, Finish(answer, "namespaces", room, [&] {
                     return SysctlsTable(answer, options_.sysctl_names, wide);
                   }));
  if (options_.output == OutputFormat::kCsv) picture.text = SysctlsCsv(answer, options_.headers);
  if (options_.output == OutputFormat::kName) picture.text = SysctlNames(answer);
  absl::StrAppend(&picture.notes, GuestOfHostNote(answer.summary));
  return picture;
}

absl::StatusOr<Picture> Runner::Drops(const Room& room) {
  v1::ListDropsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_limit(options_.limit);
  if (options_.since) SetTime(*options_.since, *request.mutable_since_time());
  if (options_.by_workload) request.set_limit(0);
  ASSIGN_OR_RETURN(const auto answer, client_.ListDrops(request));
  if (!options_.by_workload) return Finish(answer, "drops", room, [&] { return DropsTable(answer, Now()); });
  return FinishGroups(answer, "drops", room, GroupDrops(answer, options_.limit));
}

absl::StatusOr<Picture> Runner::Nodes(const Room& room) {
  ASSIGN_OR_RETURN(const auto answer, client_.ListNodes(v1::ListNodesRequest()));
  return Finish(answer, "nodes", room, [&] { return NodesTable(answer, Now()); });
}

absl::StatusOr<Picture> Runner::History(const Room& room) {
  v1::GetHistoryRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  const ViewContext now = Now();
  const absl::Time since = options_.since.value_or(now.now - kRecorded);
  SetTime(since, *request.mutable_since_time());
  ASSIGN_OR_RETURN(const auto answer, client_.GetHistory(request));
  const size_t cells = room.width && *room.width < 120 ? 16 : 30;
  return Finish(answer, "recorded listeners", room, [&] { return HistoryTable(answer, now, since, cells); });
}

v1::Severity SeverityOf(SeverityFloor severity) {
  switch (severity) {
    case SeverityFloor::kAll:
      return v1::SEVERITY_UNSPECIFIED;
    case SeverityFloor::kInfo:
      return v1::SEVERITY_INFO;
    case SeverityFloor::kWarning:
      return v1::SEVERITY_WARNING;
    case SeverityFloor::kCritical:
      return v1::SEVERITY_CRITICAL;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

// A finding counts, whoever did not answer.
absl::StatusOr<Picture> Runner::Findings(const Room& room) {
  v1::ListFindingsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_limit(options_.limit);
  request.set_min_severity(SeverityOf(options_.severity));
  for (const std::string& rule : options_.rules) request.add_rule_ids(rule);
  const ViewContext now = Now();
  SetTime(now.now, *request.mutable_now_time());
  ASSIGN_OR_RETURN(const auto answer, client_.ListFindings(request));
  const TableStyle style = StyleFor(options_, room.width, output_.color);
  const bool chosen = options_.selection != Selection{} || !options_.rules.empty();
  ASSIGN_OR_RETURN(Picture picture,
                   FinishText(answer, NoFindingsNote(options_.severity, chosen, answer.summary),
                              [&] { return FindingsText(answer, now, style); }));
  if (options_.exit_code && !answer.items.empty()) picture.exit_code = kExitFindings;
  return picture;
}

// Exceptions expire by this clock, whatever each node's says.
absl::StatusOr<Picture> Runner::Audit(const Room& room) {
  ASSIGN_OR_RETURN(Policy policy, ReadPolicy(options_.audit.files));
  v1::ListFindingsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  *request.mutable_policy() = policy.rules;
  const ViewContext now = Now();
  SetTime(now.now, *request.mutable_now_time());
  if (const size_t bytes = request.ByteSizeLong(); bytes > kMaxPolicyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("send policy: ", FormatCount(bytes),
                                                   " bytes are more than the ", FormatCount(kMaxPolicyBytes),
                                                   " of a request; audit in parts"));
  }
  std::vector<v1::RuleResult> results;
  ASSIGN_OR_RETURN(auto answer, client_.ListFindings(request, &results));
  const AuditReport report = MakeAuditReport(std::move(policy), std::move(answer), results, options_.audit);
  Picture picture;
  ASSIGN_OR_RETURN(picture.text,
                   PrintAudit(report, options_, now, StyleFor(options_, room.width, output_.color)));
  picture.notes = NodeNotes(report.answer.node_statuses, report.answer.summary);
  if (IsTable()) absl::StrAppend(&picture.notes, StaleNote(report.answer, now));
  absl::StrAppend(&picture.notes, AuditNote(report));
  picture.exit_code = report.exit_code;
  return picture;
}

std::string StatesText(const Answer<v1::ConnectionSummary>& answer, const TableStyle& style) {
  const Table queues = SynQueuesTable(answer);
  std::string text = RenderTable(StatesTable(answer), style);
  if (!queues.rows.empty()) absl::StrAppend(&text, "\n", RenderTable(queues, style));
  return text;
}

absl::StatusOr<Picture> Runner::Connections(const Room& room) {
  v1::SummarizeConnectionsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  request.set_limit(options_.limit);
  if (options_.time_limit) SetDuration(*options_.time_limit, *request.mutable_time_limit());
  ASSIGN_OR_RETURN(const auto answer, client_.SummarizeConnections(request));
  const TableStyle style = StyleFor(options_, room.width, output_.color);
  const bool states = options_.command == Command::kStates;
  ASSIGN_OR_RETURN(Picture picture, FinishText(answer, EmptyNote("namespaces", answer.summary), [&] {
                     return states ? StatesText(answer, style) : RenderTable(PortsTable(answer), style);
                   }));
  if (IsTable()) picture.notes = absl::StrCat(WalkNote(answer), picture.notes);
  return picture;
}

absl::StatusOr<Picture> Runner::Description(const Room& room) {
  const ViewContext now = Now();
  const absl::Time since = now.now - kRecorded;
  ASSIGN_OR_RETURN(const auto description, Describe(client_, options_, since));
  Picture picture;
  picture.notes = NodeNotes(description.node_statuses, description.summary);
  picture.exit_code = ExitCodeOf(description.node_statuses, description.summary);
  if (description.subjects.empty() && NobodyAnswered(description.summary)) return picture;
  if (description.subjects.empty()) {
    absl::StrAppend(&picture.notes,
                    NothingMatchesNote(SelectionText(options_.selection), description.summary));
    picture.exit_code = kExitError;
    return picture;
  }
  if (description.more > 0) {
    absl::StrAppend(&picture.notes, FormatCount(description.more),
                    " more match: name one, or take more with --limit\n");
  }
  if (IsTable()) {
    picture.text = DescriptionText(description, now, since, StyleFor(options_, room.width, output_.color));
    return picture;
  }
  picture.text = DescriptionToJson(description);
  if (options_.output == OutputFormat::kYaml) {
    ASSIGN_OR_RETURN(picture.text, JsonToYaml(picture.text));
  }
  return picture;
}

absl::StatusOr<Picture> Runner::Take(const Room& room) {
  switch (options_.command) {
    case Command::kListeners:
      return Listeners(room);
    case Command::kTop:
      return Top(room);
    case Command::kNamespaces:
      return Namespaces(room);
    case Command::kSysctls:
      return Sysctls(room);
    case Command::kDrops:
      return Drops(room);
    case Command::kNodes:
      return Nodes(room);
    case Command::kHistory:
      return History(room);
    case Command::kFindings:
      return Findings(room);
    case Command::kAudit:
      return Audit(room);
    case Command::kDescribe:
      return Description(room);
    case Command::kStates:
    case Command::kPorts:
      return Connections(room);
    case Command::kComplete:
      break;
  }
  return absl::InternalError("run a command: it is none that asks a server");
}

int Runner::Fail(const absl::Status& status) {
  output_.note(absl::StrCat("listenq: ", FormatError(status.message())));
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitError;
}

int Runner::Written(const absl::Status& status, int exit_code) {
  if (status.ok()) return exit_code;
  if (absl::IsAborted(status)) return kExitOk;
  Fail(status);
  return kExitError;
}

int Runner::Once() {
  const auto picture = Take({.width = output_.width});
  if (!picture.ok()) return Fail(picture.status());
  const absl::Status written = output_.out(picture->text);
  if (!picture->notes.empty()) output_.note(picture->notes);
  return Written(written, picture->exit_code);
}

// --watch without a terminal: picture after picture, until somebody ends us.
int Runner::Repeat() {
  while (true) {
    const auto picture = Take({.width = output_.width});
    if (!picture.ok()) return Fail(picture.status());
    if (!picture->notes.empty()) output_.note(picture->notes);
    if (const absl::Status written = output_.out(picture->text); !written.ok())
      return Written(written, kExitOk);
    absl::SleepFor(options_.interval);
  }
}

// A line that wraps would push the picture off the screen.
std::string CutLines(const std::string& text, size_t width) {
  return absl::StrJoin(absl::StrSplit(text, '\n'), "\n", [width](std::string* out, absl::string_view line) {
    absl::StrAppend(out, Truncate(line, width));
  });
}

int Runner::Live() {
  const auto take = [this](const ScreenSize& size) -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const Picture picture, Take({.rows = size.rows, .width = size.columns}));
    const bool has_headline = options_.command == Command::kTop && options_.headers;
    if (has_headline && !picture.text.empty()) return picture.text;
    return absl::StrCat(picture.text, CutLines(picture.notes, size.columns));
  };
  const absl::Status status = RunLive(
      take, [this] { client_.Cancel(); }, options_.interval);
  return status.ok() ? kExitOk : Fail(status);
}

// A stream does not say how many nodes it is about. Who does not know that has one.
bool Runner::AsksSeveralNodes() {
  const auto nodes = client_.ListNodes(v1::ListNodesRequest());
  return nodes.ok() && (nodes->items.size() > 1 || nodes->summary.nodes_expected() > 1);
}

absl::Status Runner::PrintEvent(const v1::DropEvent& event, bool first, bool with_node) {
  if (event.missed_events() > 0) {
    output_.note(absl::StrCat("Read too slowly: ", event.missed_events(), " events are missing here\n"));
  }
  switch (options_.output) {
    case OutputFormat::kJson:
      return output_.out(ToJson(event) + "\n");
    case OutputFormat::kCsv: {
      const bool header = first && options_.headers;
      return output_.out(
          absl::StrCat(header ? CsvHeader(*v1::DropEvent::descriptor()) : "", CsvRow(event, "")));
    }
    case OutputFormat::kName:
      return output_.out(
          absl::StrCat(with_node ? absl::StrCat(EscapeForTerminal(event.node_name()), "/") : "", "drops/",
                       event.episode_id(), "\n"));
    default:
      break;
  }
  TableStyle style = StyleFor(options_, output_.width, output_.color);
  style.headers = first && options_.headers;
  return output_.out(RenderTable(DropEventTable(event, Now(), with_node), style));
}

int Runner::FollowDrops() {
  v1::WatchDropsRequest request;
  *request.mutable_filter() = MakeFilter(options_.selection);
  const bool names_node_itself =
      options_.output == OutputFormat::kJson || options_.output == OutputFormat::kCsv;
  const bool with_node = !names_node_itself && AsksSeveralNodes();
  bool first = true;
  absl::Status written;
  const absl::Status status = client_.WatchDrops(request, [&](const v1::WatchDropsResponse& response) {
    if (response.has_node_status()) {
      const std::string notes = NodeNotes({response.node_status()}, v1::Summary());
      if (!notes.empty()) output_.note(notes);
    }
    if (response.has_event()) {
      written = PrintEvent(response.event(), first, with_node);
      first = false;
    }
    return written.ok();
  });
  if (!written.ok()) return Written(written, kExitOk);
  if (!status.ok()) return Fail(status);
  output_.note("listenq: the server ended the stream\n");
  return kExitError;
}

// Everything is asked for and chosen from here: a filter that names a pod would make the server read that pod
// more often.
std::vector<std::string> Runner::Candidates() {
  if (options_.names == NameKind::kSysctls) {
    v1::SummarizeSysctlsRequest request;
    request.set_max_samples(1);
    const auto answer = client_.SummarizeSysctls(request);
    return answer.ok() ? CandidatesFrom(*answer) : std::vector<std::string>();
  }
  if (options_.names == NameKind::kRules) {
    const auto answer = client_.ListFindings(v1::ListFindingsRequest());
    return answer.ok() ? CandidatesFrom(*answer) : std::vector<std::string>();
  }
  const auto answer = client_.ListNamespaces(v1::ListNamespacesRequest());
  return answer.ok() ? CandidatesFrom(*answer, options_.names, options_.selection)
                     : std::vector<std::string>();
}

int Runner::Complete() {
  std::string lines;
  for (const std::string& name : Candidates()) absl::StrAppend(&lines, name, "\n");
  output_.out(lines).IgnoreError();
  return kExitOk;
}

int Runner::Run() {
  if (options_.command == Command::kComplete) return Complete();
  if (options_.command == Command::kDrops && options_.watch) {
    if (options_.since) {
      const int exit_code = Once();
      if (exit_code != kExitOk) return exit_code;
    }
    return FollowDrops();
  }
  if (IsLive(options_, output_.is_terminal)) return Live();
  return options_.watch ? Repeat() : Once();
}

}  // namespace

int Run(const Options& options, ObserverClient& client, const Output& output) {
  return Runner(options, client, output).Run();
}

bool IsLive(const Options& options, bool is_terminal) {
  const bool table = options.output == OutputFormat::kTable || options.output == OutputFormat::kWide;
  if (!is_terminal || !table) return false;
  if (options.command == Command::kTop) return !options.once;
  return options.watch && (options.command == Command::kListeners || options.command == Command::kNamespaces);
}

}  // namespace listenq::client
