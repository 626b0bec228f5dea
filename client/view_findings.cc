#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/paragraph.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// The host's namespace is nobody's: only a listener of it may say whose it is.
const Owners& OwnersOf(const v1::Finding& finding) {
  const bool of_listener = finding.netns().host() || finding.owners().empty();
  return of_listener ? finding.listener().owners() : finding.owners();
}

std::string WhereOf(const v1::Finding& finding) {
  const Owners& owners = OwnersOf(finding);
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  return has_name ? MarkStale(OwnerName(owners), owners) : absl::StrCat("netns ", NetnsName(finding.netns()));
}

// "14:02:11 (3m20s)"; what began before today has a date, which is age enough.
std::string SinceText(const v1::Finding& finding, const ViewContext& context) {
  if (!finding.has_since_time()) return kNone;
  const absl::Time since = ToTime(finding.since_time());
  const std::string clock = ClockText(since, context.now, context.zone);
  const bool today = absl::ToCivilDay(since, context.zone) == absl::ToCivilDay(context.now, context.zone);
  return today ? absl::StrCat(clock, " (", FormatAge(context.now - since), ")") : clock;
}

std::vector<Cell> FindingRow(const v1::Finding& finding, const ViewContext& context) {
  return {
      Cell(SeverityText(finding.severity()), SeverityStyle(finding.severity())),
      finding.rule_id(),
      OrNone(finding.node_name()),
      WhereOf(finding),
      ProcessOf(finding.listener()),
      finding.has_listener() ? ListenAddress(finding.listener()) : kNone,
      SinceText(finding, context),
      NetnsName(finding.netns()),
  };
}

Table FindingsTable(const Answer<v1::Finding>& answer, const ViewContext& context) {
  Table table;
  table.columns = {
      {.title = "SEVERITY", .padded_width = 8},
      {.title = "RULE"},
      {.title = "NODE", .fall_away_rank = 2, .wide_only = !HasSeveralNodes(answer)},
      {.title = "WHERE", .least_width = 18, .cut_in_the_middle = true},
      {.title = "PROCESS", .fall_away_rank = 3, .least_width = 8, .cut_in_the_middle = true},
      {.title = "LISTEN", .least_width = 14, .cut_in_the_middle = true},
      {.title = "SINCE", .fall_away_rank = 1},
      {.title = "NETNS", .wide_only = true},
  };
  for (const auto& item : answer.items) table.rows.push_back(FindingRow(item.row, context));
  return table;
}

// "TcpExtListenOverflows 1,204 in 3m20s"; a value without a window is no count: "limit 511".
std::string EvidenceText(const v1::Evidence& evidence) {
  const absl::Duration window = evidence.has_window() ? ToDuration(evidence.window()) : absl::ZeroDuration();
  return window > absl::ZeroDuration()
             ? absl::StrCat(evidence.name(), " ", evidence.value(), " in ", FormatAge(window))
             : absl::StrCat(evidence.name(), " ", evidence.value());
}

}  // namespace

std::string FindingDetails(const v1::Finding& finding, bool all, size_t indent,
                           const std::optional<size_t>& width) {
  const size_t labels = all ? 10 : 5;
  const std::string evidence = absl::StrJoin(
      finding.evidence(), " · ",
      [](std::string* out, const v1::Evidence& one) { absl::StrAppend(out, EvidenceText(one)); });
  std::string text = Paragraph({.indent = indent, .width = width}, "", finding.explanation());
  const ParagraphStyle labelled = {.indent = indent, .label_width = labels, .width = width};
  if (all) text += Paragraph(labelled, "evidence", evidence);
  text += Paragraph(labelled, "fix", finding.fix());
  if (all) text += Paragraph(labelled, "no help", finding.no_help());
  if (all) text += Paragraph(labelled, "price", finding.price());
  return text;
}

std::string FindingsText(const Answer<v1::Finding>& answer, const ViewContext& context,
                         const TableStyle& style) {
  // Below the rule, so that the severities stand alone.
  constexpr size_t kIndent = 10;
  const std::string table = RenderTable(FindingsTable(answer, context), style);
  const std::vector<std::string> lines = absl::StrSplit(table, '\n');
  const size_t titles = style.headers ? 1 : 0;
  std::string text = style.headers ? absl::StrCat(lines.front(), "\n") : "";
  for (size_t i = 0; i < answer.items.size(); ++i) {
    absl::StrAppend(&text, lines[titles + i], "\n",
                    FindingDetails(answer.items[i].row, style.wide, kIndent, style.width));
  }
  return text;
}

std::string NameOf(const v1::Finding& finding) {
  const Owners& owners = OwnersOf(finding);
  std::string name = absl::StrCat("finding/", finding.rule_id(), "/",
                                  PodOf(owners) == kNone ? NetnsName(finding.netns()) : OwnerName(owners));
  if (finding.has_listener()) absl::StrAppend(&name, "/", ListenAddress(finding.listener()));
  return name;
}

}  // namespace listenq::client
