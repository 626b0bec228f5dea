#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/describe_page.h"
#include "client/text.h"

namespace listenq::client {
namespace {

bool IsGuestOfHost(const Subject& subject) { return !subject.row.has_value(); }

// "shop/api-7f9c5d-x2x4k", "redis", "netns blue".
std::string TitleOf(const Subject& subject) {
  const Owners owners = OwnersOf(subject);
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  const bool names_owner = has_name && (IsGuestOfHost(subject) || !subject.netns.host());
  return names_owner ? MarkStale(OwnerName(owners), owners)
                     : absl::StrCat("netns ", NetnsName(subject.netns));
}

// Fields of the first line after the title.
std::vector<std::string> FactsOf(const Subject& subject, const Description& description) {
  std::vector<std::string> facts;
  const Owners owners = OwnersOf(subject);
  if (!subject.node_name.empty()) facts.push_back(subject.node_name);
  if (!owners.empty() && !owners.Get(0).workload().empty()) facts.push_back(owners.Get(0).workload());
  if (PodOf(owners) != kNone && ContainerOf(owners) != kNone && !subject.netns.host()) {
    const std::string names = ContainerOf(owners);
    facts.push_back(absl::StrCat(absl::StrContains(names, ',') ? "containers " : "container ",
                                 absl::StrReplaceAll(names, {{",", ", "}})));
  }
  if (IsGuestOfHost(subject)) {
    facts.emplace_back("in the node's own network namespace");
  } else {
    facts.push_back(subject.netns.host() ? "the node's own" : absl::StrCat("netns ", subject.netns.inode()));
  }
  for (const v1::NodeStatus& status : description.node_statuses) {
    if (status.node_name() != subject.node_name || !status.has_age()) continue;
    facts.push_back(absl::StrCat("read ", ShortDuration(true, status.age()), " ago"));
  }
  return facts;
}

// The facts stand beside the title, or below it where there is no room.
std::string Headline(const Subject& subject, const Description& description, const Page& page) {
  const std::string title = EscapeForTerminal(TitleOf(subject));
  const std::string facts = absl::StrJoin(FactsOf(subject, description), " · ");
  const size_t width = DisplayWidth(title) + 3 + DisplayWidth(EscapeForTerminal(facts));
  if (!page.style.width || width <= *page.style.width) {
    return absl::StrCat(title, "   ", EscapeForTerminal(facts), "\n");
  }
  return absl::StrCat(Paragraph(page.Labelled(0, 0), "", TitleOf(subject)),
                      Paragraph(page.Labelled(2, 0), "", facts));
}

// What follows the rule has a line of its own where there is no room.
std::string Verdict(const v1::Finding& finding, bool with_listener, const Page& page) {
  const std::string head = absl::StrCat("  ", finding.severity() == v1::SEVERITY_INFO ? "i" : "✗", " ",
                                        EscapeForTerminal(finding.rule_id()));
  const std::string severity = SeverityText(finding.severity());
  std::string tail;
  if (with_listener && finding.has_listener()) {
    absl::StrAppend(&tail, ", ", EscapeForTerminal(ListenAddress(finding.listener())));
  }
  if (finding.has_since_time()) {
    absl::StrAppend(&tail, ", since ", page.Clock(ToTime(finding.since_time())));
  }
  const size_t width = DisplayWidth(head) + 3 + severity.size() + DisplayWidth(tail);
  const bool fits = !page.style.width || width <= *page.style.width;
  return absl::StrCat(head, fits ? "   " : "\n    ",
                      Paint(severity, SeverityStyle(finding.severity()), page.style.color), tail, "\n",
                      FindingDetails(finding, true, 4, page.style.width));
}

bool IsMissing(const char* part, const Description& description) {
  return std::any_of(description.errors.begin(), description.errors.end(),
                     [&](const v1::PartError& error) { return error.part() == part; });
}

std::string Why(const Subject& subject, const Description& description, const Page& page) {
  constexpr size_t kMost = 6;
  if (subject.findings.empty()) return IsMissing("findings", description) ? "" : "\nNo findings.\n";
  std::string text = "\nWhy\n";
  const size_t shown = std::min(kMost, subject.findings.size());
  for (size_t i = 0; i < shown; ++i) {
    text += Verdict(subject.findings[i], subject.listeners.size() > 1, page);
  }
  return text + MoreLine(subject.findings.size() - shown, "findings " + NetnsFlag(subject));
}

std::string Sysctls(const Subject& subject, const Page& page) {
  constexpr size_t kMost = 12;
  Table table = SysctlOriginsTable("Sysctls that differ", *subject.row, true);
  if (table.rows.empty()) return "";
  const size_t more = table.rows.size() - std::min(kMost, table.rows.size());
  table.rows.erase(table.rows.end() - static_cast<std::ptrdiff_t>(more), table.rows.end());
  return absl::StrCat("\n", Block(std::move(table), page), MoreLine(more, "sysctls " + NetnsFlag(subject)));
}

std::string CountersText(const v1::Namespace& row) {
  std::vector<std::pair<std::string, uint64_t>> moved;
  for (const auto& [name, value] : row.counters()) {
    if (value > 0) moved.emplace_back(name, value);
  }
  std::sort(moved.begin(), moved.end(), [](const auto& a, const auto& b) {
    return std::tie(b.second, a.first) < std::tie(a.second, b.first);
  });
  if (moved.empty()) return row.counters().empty() ? "" : "none that tells of a loss has moved";
  return absl::StrCat(absl::StrJoin(moved, " · ",
                                    [](std::string* out, const auto& counter) {
                                      absl::StrAppend(out, counter.first, " ", FormatCount(counter.second));
                                    }),
                      row.netns().host() ? " (since boot)" : " (since the namespace began)");
}

std::string StatesText(const v1::ConnectionSummary& summary) {
  std::vector<std::string> parts;
  for (const auto& [state, count] : StatesOf(summary)) {
    parts.push_back(absl::StrCat(state, " ", FormatCount(count)));
  }
  if (parts.empty()) parts.emplace_back("no connections");
  if (summary.truncated()) parts.emplace_back("at least: a bound cut the walk");
  return absl::StrJoin(parts, " · ");
}

std::string SynQueuesText(const v1::ConnectionSummary& summary) {
  return absl::StrJoin(summary.syn_queues(), " · ", [](std::string* out, const v1::ListenerSynQueue& queue) {
    absl::StrAppend(out, FormatCount(queue.syn_recv()), " at ", ListenAddress(queue));
  });
}

std::string PortsOf(const v1::DestinationPorts& destination, uint64_t usable) {
  std::string text = absl::StrCat(FormatCount(destination.ports_in_use()), " of ", FormatCount(usable),
                                  " ephemeral ports to ", DestinationText(destination));
  if (usable > 0) {
    absl::StrAppend(&text, " (",
                    PercentText(100.0 * destination.ports_in_use() / static_cast<double>(usable)), ")");
  }
  if (destination.time_wait() > 0) {
    absl::StrAppend(&text, ", ", FormatCount(destination.time_wait()), " of them in TIME_WAIT");
  }
  return text;
}

std::string PortsText(const v1::ConnectionSummary& summary) {
  constexpr int kMost = 3;
  const std::optional<uint64_t> usable = UsablePorts(summary);
  if (!usable) return "";
  if (summary.destinations().empty())
    return absl::StrCat(FormatCount(*usable), " ephemeral ports, none in use");
  std::vector<std::string> lines;
  for (int i = 0; i < std::min(kMost, summary.destinations_size()); ++i) {
    lines.push_back(PortsOf(summary.destinations(i), *usable));
  }
  return absl::StrJoin(lines, "\n");
}

std::string Facts(const Subject& subject, const Page& page) {
  const ParagraphStyle labelled = page.Labelled(0, 10);
  std::string text = Paragraph(labelled, "Counters", CountersText(*subject.row));
  if (subject.connections) {
    text += Paragraph(labelled, "States", StatesText(*subject.connections));
    text += Paragraph(labelled, "SYN_RECV", SynQueuesText(*subject.connections));
    text += Paragraph(labelled, "Ports", PortsText(*subject.connections));
  }
  return text.empty() ? "" : "\n" + text;
}

std::string Unreadable(const Subject& subject, const Description& description, const Page& page) {
  std::string text;
  const ParagraphStyle labelled = page.Labelled(2, 13);
  if (subject.row) {
    for (const v1::PartError& error : subject.row->errors()) {
      text += Paragraph(labelled, EscapeForTerminal(error.part()), error.reason());
    }
  }
  for (const v1::PartError& error : description.errors) {
    text += Paragraph(labelled, error.part(), error.reason());
  }
  return text.empty() ? "" : "\nNot to be had\n" + text;
}

std::string SubjectText(const Subject& subject, const Description& description, const Page& page) {
  std::string text = Headline(subject, description, page);
  if (subject.row && !subject.row->not_observable_reason().empty()) {
    return absl::StrCat(text, "\n", Paragraph(page.Labelled(0, 0), "", subject.row->not_observable_reason()));
  }
  absl::StrAppend(&text, DescribedListeners(subject, page), Why(subject, description, page));
  if (subject.row) absl::StrAppend(&text, Sysctls(subject, page), Facts(subject, page));
  if (!subject.row) {
    absl::StrAppend(
        &text, "\n",
        Paragraph(page.Labelled(0, 0), "",
                  "Counters, sysctls and ports here are the node's: listenq describe --netns host"));
  }
  return text + Unreadable(subject, description, page);
}

}  // namespace

Owners OwnersOf(const Subject& subject) { return {subject.owners.begin(), subject.owners.end()}; }

std::string NetnsFlag(const Subject& subject) {
  return absl::StrCat("--netns ", subject.netns.host() ? "host" : absl::StrCat(subject.netns.inode()));
}

std::string Block(Table table, const Page& page) {
  for (auto& row : table.rows) row[0].text.insert(0, "  ");
  TableStyle style = page.style;
  style.headers = true;
  return RenderTable(table, style);
}

std::string MoreLine(size_t count, const std::string& command) {
  return count == 0 ? "" : absl::StrCat("  and ", FormatCount(count), " more: listenq ", command, "\n");
}

std::string DescriptionText(const Description& description, const ViewContext& context, absl::Time since,
                            const TableStyle& style) {
  const Page page = {.context = context, .since = since, .style = style};
  return absl::StrJoin(description.subjects, "\n\n", [&](std::string* out, const Subject& subject) {
    absl::StrAppend(out, SubjectText(subject, description, page));
  });
}

}  // namespace listenq::client
