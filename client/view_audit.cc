#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/audit.h"
#include "client/paragraph.h"
#include "client/text.h"
#include "client/time_proto.h"
#include "client/words.h"
#include "client/workloads.h"

namespace listenq::client {
namespace {

// Workloads below a rule, unless the table is wide.
constexpr size_t kMaxGroups = 20;
// Below the rule, so that the verdicts stand alone.
constexpr size_t kIndent = 10;

// A line, and what stands below it.
struct Line {
  std::vector<Cell> cells;
  std::string below;
};

struct Group {
  std::set<std::string> pods;
  std::set<std::string> nodes;
  size_t namespaces = 0;
  bool stale = false;
};

// A workload and the value that its members have.
using GroupKey = std::pair<Workload, std::string>;

// "api (Deployment, 31 pods)": the workload is "Deployment api".
std::string NameOfGroup(const Workload& workload, const Group& group) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(workload.name, absl::MaxSplits(' ', 1));
  const auto& [kind, name] = parts;
  const std::string mark = group.stale ? "*" : "";
  if (group.pods.empty()) {
    const std::string many =
        group.namespaces == 1 ? ""
                              : absl::StrCat(" (", Counted(group.namespaces, "namespace", "namespaces"), ")");
    return absl::StrCat(workload.name, mark, many);
  }
  const std::string prefix = workload.namespace_name.empty() ? "" : workload.namespace_name + "/";
  if (kind == "Pod") return absl::StrCat(prefix, name, mark);
  return absl::StrCat(prefix, name, mark, " (", kind, ", ", Counted(group.pods.size(), "pod", "pods"), ")");
}

std::string ValueOf(const v1::Finding& violation) {
  return violation.evidence().empty() ? kNone : violation.evidence(0).value();
}

// What lives in a namespace names it where nothing else does.
std::string CommOf(const v1::Finding& violation) {
  const bool has_name = violation.netns().host() || !violation.netns().names().empty();
  if (has_name || violation.owners().empty()) return "";
  return violation.owners(0).process().comm();
}

std::vector<std::pair<GroupKey, Group>> GroupsOf(const AuditReport& report, const RuleOutcome& outcome) {
  std::map<GroupKey, Group> groups;
  for (const size_t i : outcome.violations) {
    const auto& [node_name, row] = report.answer.items[i];
    const Owners owners = row.netns().host() ? Owners() : row.owners();
    Group& group = groups[{WorkloadOf(owners, CommOf(row), row.netns()), ValueOf(row)}];
    ++group.namespaces;
    group.nodes.insert(node_name);
    group.stale = group.stale || IsStale(owners);
    for (const v1::Owner& owner : owners) {
      const std::string& pod = owner.pod().empty() ? owner.pod_uid() : owner.pod();
      if (!pod.empty()) group.pods.insert(pod);
    }
  }
  std::vector<std::pair<GroupKey, Group>> sorted(groups.begin(), groups.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.namespaces > b.second.namespaces; });
  return sorted;
}

std::string Indented(const std::string& text, size_t indent) {
  std::string indented;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&indented, std::string(indent, ' '), line, "\n");
  }
  return indented;
}

std::string GroupsText(const AuditReport& report, const RuleOutcome& outcome, const TableStyle& style) {
  const auto groups = GroupsOf(report, outcome);
  const size_t shown = style.wide ? groups.size() : std::min(groups.size(), kMaxGroups);
  Table table;
  table.columns = {{.title = "", .least_width = 20, .cut_in_the_middle = true},
                   {.title = "", .least_width = 12},
                   {.title = "", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(report.answer)}};
  for (size_t i = 0; i < shown; ++i) {
    const auto& [key, group] = groups[i];
    const std::string nodes =
        group.nodes.size() == 1 ? *group.nodes.begin() : Counted(group.nodes.size(), "node", "nodes");
    table.rows.push_back({NameOfGroup(key.first, group), key.second, nodes});
  }
  TableStyle below = {.width = style.width, .wide = style.wide, .headers = false, .color = style.color};
  if (below.width) below.width = std::max<size_t>(*below.width, kIndent + 1) - kIndent;
  std::string text = Indented(RenderTable(table, below), kIndent);
  if (shown < groups.size()) {
    absl::StrAppend(&text, std::string(kIndent, ' '), "… ",
                    Counted(groups.size() - shown, "more workload", "more workloads"), " (-o wide)\n");
  }
  return text;
}

// The words of the policy's author; when wide, also what to change.
std::string Explanation(const AuditReport& report, const v1::PolicyRule& rule, const RuleOutcome& outcome,
                        const TableStyle& style) {
  std::string text = Paragraph({.indent = kIndent, .width = style.width}, "", rule.reason());
  if (style.wide && !outcome.violations.empty()) {
    const v1::Finding& first = report.answer.items[outcome.violations.front()].row;
    text += Paragraph({.indent = kIndent, .label_width = 5, .width = style.width}, "fix", first.fix());
  }
  return text;
}

std::string CountsText(const v1::RuleResult& result) {
  const std::string checked = Counted(result.checked(), "namespace", "namespaces");
  std::string text =
      result.violations() == 0 ? checked : absl::StrCat(FormatCount(result.violations()), " of ", checked);
  const std::pair<uint64_t, const char*> others[] = {
      {result.excused(), "excused"}, {result.unreadable(), "unread"}, {result.not_observable(), "skipped"}};
  for (const auto& [count, what] : others) {
    if (count > 0) absl::StrAppend(&text, ", ", FormatCount(count), " ", what);
  }
  return text;
}

// A rule that was checked nowhere says nothing, least of all that all is well.
const char* VerdictOf(const v1::RuleResult& result) {
  if (result.checked() > 0) return "ok";
  if (result.unreadable() > 0) return "unread";
  return result.not_observable() > 0 ? "skipped" : "unused";
}

std::string ServersText(const RuleOutcome& outcome, uint32_t servers) {
  const uint32_t all = outcome.evaluated_servers + outcome.unknown_servers + outcome.failed_servers;
  return all == 1 ? kNone : absl::StrCat(servers, " of ", all, " servers");
}

class AuditView {
 public:
  AuditView(const AuditReport& report, const ViewContext& context, const TableStyle& style)
      : report_(report), context_(context), style_(style) {}

  std::string Text() {
    for (const v1::Severity severity : {v1::SEVERITY_CRITICAL, v1::SEVERITY_WARNING, v1::SEVERITY_INFO}) {
      AddViolated(severity);
    }
    for (size_t i = 0; i < report_.rules.size(); ++i) AddUnevaluated(i);
    for (size_t i = 0; i < report_.rules.size(); ++i) AddHeld(i);
    for (size_t i = 0; i < report_.rules.size(); ++i) AddExpired(i);
    return Render();
  }

 private:
  [[nodiscard]] const v1::PolicyRule& RuleAt(size_t i) const {
    return report_.policy.rules[static_cast<int>(i)];
  }
  [[nodiscard]] std::string SourceOf(size_t i) const {
    const PolicySource& source = report_.policy.sources[i];
    return absl::StrCat(source.file, ":", source.line);
  }
  void AddViolated(v1::Severity severity);
  void AddUnevaluated(size_t i);
  void AddHeld(size_t i);
  void AddExpired(size_t i);
  std::string Render();

  const AuditReport& report_;
  const ViewContext& context_;
  const TableStyle& style_;
  std::vector<Line> lines_;
};

void AuditView::AddViolated(v1::Severity severity) {
  std::vector<size_t> violated;
  for (size_t i = 0; i < report_.rules.size(); ++i) {
    if (RuleAt(i).severity() == severity && report_.rules[i].result.violations() > 0) violated.push_back(i);
  }
  std::stable_sort(violated.begin(), violated.end(), [&](size_t a, size_t b) {
    return report_.rules[a].result.violations() > report_.rules[b].result.violations();
  });
  for (const size_t i : violated) {
    const v1::PolicyRule& rule = RuleAt(i);
    const RuleOutcome& outcome = report_.rules[i];
    lines_.push_back({{Cell(SeverityText(severity), SeverityStyle(severity)), rule.id(),
                       absl::StrCat(rule.sysctl(), " ", Requirement(rule)), CountsText(outcome.result)},
                      Explanation(report_, rule, outcome, style_) + GroupsText(report_, outcome, style_)});
  }
}

void AuditView::AddUnevaluated(size_t i) {
  const RuleOutcome& outcome = report_.rules[i];
  const std::string message = outcome.result.message();
  if (outcome.failed_servers > 0) {
    lines_.push_back(
        {{Cell("error", Style::kWarning), RuleAt(i).id(), absl::StrCat(SourceOf(i), ": ", message),
          ServersText(outcome, outcome.failed_servers)},
         ""});
  }
  if (outcome.unknown_servers > 0) {
    const bool has_message = outcome.result.state() == v1::RULE_STATE_UNKNOWN_TO_SERVER;
    lines_.push_back(
        {{Cell("unknown", Style::kWarning), RuleAt(i).id(), has_message ? message : "not known to a server",
          ServersText(outcome, outcome.unknown_servers)},
         ""});
  }
}

void AuditView::AddHeld(size_t i) {
  const v1::RuleResult& result = report_.rules[i].result;
  // An aggregator adds up its peers' results: the worst state, and the counts of those that evaluated.
  const bool evaluated = report_.rules[i].evaluated_servers > 0 || result.checked() > 0;
  if (result.violations() > 0 || !evaluated) return;
  const v1::PolicyRule& rule = RuleAt(i);
  lines_.push_back({{VerdictOf(result), rule.id(), absl::StrCat(rule.sysctl(), " ", Requirement(rule)),
                     CountsText(result)},
                    ""});
}

void AuditView::AddExpired(size_t i) {
  for (const v1::PolicyException& exception : RuleAt(i).exceptions()) {
    if (!exception.has_expire_time() || ToTime(exception.expire_time()) > context_.now) continue;
    lines_.push_back({{Cell("expired", Style::kWarning), RuleAt(i).id(),
                       absl::StrCat("an exception ended ",
                                    absl::FormatTime("%Y-%m-%d %H:%MZ", ToTime(exception.expire_time()),
                                                     absl::UTCTimeZone()),
                                    exception.reason().empty() ? "" : ": ", exception.reason()),
                       SourceOf(i)},
                      ""});
  }
}

std::string AuditView::Render() {
  Table table;
  table.columns = {{.title = "", .padded_width = kIndent - 2},
                   {.title = "", .least_width = 16, .cut_in_the_middle = true},
                   {.title = "", .least_width = 24, .cut_in_the_middle = true},
                   {.title = "", .padded_width = 1}};
  for (Line& line : lines_) table.rows.push_back(std::move(line.cells));
  TableStyle style = style_;
  style.headers = false;
  const std::vector<std::string> heads = absl::StrSplit(RenderTable(table, style), '\n');
  std::string text;
  for (size_t i = 0; i < lines_.size(); ++i) absl::StrAppend(&text, heads[i], "\n", lines_[i].below);
  return text;
}

// The most that a rule has: rules with selectors see a part of them.
uint64_t MostNotObservable(const AuditReport& report) {
  uint64_t most = 0;
  for (const RuleOutcome& outcome : report.rules) most = std::max(most, outcome.result.not_observable());
  return most;
}

}  // namespace

std::string AuditText(const AuditReport& report, const ViewContext& context, const TableStyle& style) {
  std::string text = AuditView(report, context, style).Text();
  if (const uint64_t count = MostNotObservable(report); count > 0) {
    absl::StrAppend(&text, "skipped   ", Counted(count, "namespace", "namespaces"),
                    ": a guest kernel owns the sysctls (gVisor, Kata)\n");
  }
  return text;
}

}  // namespace listenq::client
