#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/describe.h"
#include "client/paragraph.h"
#include "client/text.h"
#include "client/timeline.h"
#include "client/words.h"

namespace listenq::client {
namespace {

constexpr size_t kCells = 16;

// What a page is made with.
struct Page {
  ViewContext context;
  absl::Time since;
  TableStyle style;

  [[nodiscard]] Buckets buckets() const { return {since, context.now, kCells}; }
  [[nodiscard]] ParagraphStyle Labelled(size_t indent, size_t label_width) const {
    return {.indent = indent, .label_width = label_width, .width = style.width};
  }
  [[nodiscard]] std::string Clock(absl::Time time) const {
    return ClockText(time, context.now, context.zone);
  }
};

Owners OwnersOf(const Subject& subject) { return {subject.owners.begin(), subject.owners.end()}; }

bool IsGuestOfHost(const Subject& subject) { return !subject.row.has_value(); }

// "shop/api-7f9c5d-x2x4k", "redis", "netns blue".
std::string TitleOf(const Subject& subject) {
  const Owners owners = OwnersOf(subject);
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  const bool names_owner = has_name && (IsGuestOfHost(subject) || !subject.netns.host());
  return names_owner ? MarkStale(OwnerName(owners), owners)
                     : absl::StrCat("netns ", NetnsName(subject.netns));
}

// The argument of --netns that means this one.
std::string NetnsFlag(const Subject& subject) {
  return absl::StrCat("--netns ", subject.netns.host() ? "host" : absl::StrCat(subject.netns.inode()));
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

// The same socket, where both say which; else the same address.
const v1::ListenerHistory* HistoryOf(const v1::Listener& listener, const Subject& subject) {
  const auto found = std::find_if(subject.histories.begin(), subject.histories.end(),
                                  [&](const v1::ListenerHistory& history) {
                                    if (history.has_cookie() && listener.has_cookie())
                                      return history.cookie() == listener.cookie();
                                    return history.local_port() == listener.local_port() &&
                                           history.local_address() == listener.local_address();
                                  });
  return found == subject.histories.end() ? nullptr : &*found;
}

// What the last 15 minutes tell of a listener.
struct Past {
  std::vector<uint64_t> queue;
  std::vector<uint64_t> drops;
  uint64_t peak = 0;
  v1::ListenDrops lost;
  std::optional<absl::Time> full_since;
};

std::optional<Past> PastOf(const v1::Listener& listener, const Subject& subject, const Page& page) {
  const v1::ListenerHistory* history = HistoryOf(listener, subject);
  if (history == nullptr) return std::nullopt;
  Past past;
  past.queue = QueueCells(*history, page.buckets());
  past.drops = DropCells(*history, page.buckets());
  past.peak = *std::max_element(past.queue.begin(), past.queue.end());
  past.lost = TotalOf(*history, page.buckets());
  past.full_since = FullSince(*history);
  return past;
}

uint64_t RecentDrops(const v1::Listener& listener) {
  return listener.has_recent_drops() ? listener.recent_drops().max() : 0;
}

// "FULL since 14:02:11 (3m20s)", and in which colour.
std::pair<std::string, Style> StateOf(const v1::Listener& listener, const std::optional<Past>& past,
                                      const Page& page) {
  if (IsFull(listener)) {
    if (!past || !past->full_since) return {"FULL", Style::kCritical};
    const bool before = *past->full_since <= page.since;
    const absl::Time since = std::max(*past->full_since, page.since);
    return {absl::StrCat("FULL since ", before ? "before " : "", page.Clock(since), " (",
                         FormatAge(page.context.now - since), ")"),
            Style::kCritical};
  }
  if (RecentDrops(listener) > 0) return {"losing connections", Style::kCritical};
  if (past && past->lost.max() > 0 && listener.has_last_drop_time()) {
    return {absl::StrCat("lost connections until ", page.Clock(ToTime(listener.last_drop_time()))),
            Style::kWarning};
  }
  if (FillPercent(listener).value_or(0) >= 80) return {"nearly full", Style::kWarning};
  return {"", Style::kPlain};
}

// How long the recorder has known the listener, 15 minutes at most.
std::string Window(const v1::Listener& listener, const Page& page) {
  const absl::Time since =
      listener.has_first_seen_time() ? std::max(page.since, ToTime(listener.first_seen_time())) : page.since;
  return FormatAge(page.context.now - since);
}

std::string QueueText(const v1::Listener& listener, const std::optional<Past>& past, const Page& page) {
  std::string text =
      past ? absl::StrCat(Sparkline(past->queue, std::max<uint64_t>(past->peak, listener.limit())), "  ")
           : "";
  absl::StrAppend(&text, OptionalNumber(listener.has_queue(), listener.queue()), " of ",
                  OptionalNumber(listener.has_limit(), listener.limit()),
                  IsFull(listener) ? " (full holds one more)" : "");
  if (past) absl::StrAppend(&text, ", peak ", past->peak, " in ", Window(listener, page));
  return text;
}

std::string DropsSinceSeen(const v1::Listener& listener, const Page& page) {
  const v1::ListenDrops& drops = listener.listen_drops();
  const std::string since = listener.has_drops_since_time()
                                ? absl::StrCat(" since ", page.Clock(ToTime(listener.drops_since_time())))
                                : "";
  return absl::StrCat(drops.max() == 0 ? "none" : DropsText(drops), since);
}

// "1,204 in 15m, 31.0/s now, 5,000 since 2026-01-01 10:00:00".
std::string DropsLine(const v1::Listener& listener, const std::optional<Past>& past, const Page& page) {
  std::vector<std::string> parts;
  std::string line;
  if (past) {
    line =
        absl::StrCat(Sparkline(past->drops, *std::max_element(past->drops.begin(), past->drops.end())), "  ");
    parts.push_back(
        absl::StrCat(past->lost.max() == 0 ? "none" : DropsText(past->lost), " in ", Window(listener, page)));
  }
  if (RecentDrops(listener) > 0) parts.push_back(absl::StrCat(DropRate(listener), "/s now"));
  const bool more =
      listener.has_listen_drops() && (!past || listener.listen_drops().max() > past->lost.max());
  if (more) parts.push_back(DropsSinceSeen(listener, page));
  return absl::StrCat(line, parts.empty() ? "not known" : absl::StrJoin(parts, ", "));
}

std::string LimitText(const v1::Listener& listener) {
  const std::string somaxconn = OptionalNumber(listener.has_somaxconn(), listener.somaxconn());
  switch (listener.limit_state()) {
    case v1::LIMIT_STATE_APPLICATION:
      return absl::StrCat(listener.limit(), ", asked for by the application; net.core.somaxconn is ",
                          somaxconn, " here");
    case v1::LIMIT_STATE_SOMAXCONN:
      return absl::StrCat(listener.limit(),
                          ", which is net.core.somaxconn: capped by it, or exactly as the application asked");
    case v1::LIMIT_STATE_LATCHED:
      return absl::StrCat(listener.limit(), ", kept since listen(2); net.core.somaxconn is ", somaxconn,
                          " now: restart the listener to take it over");
    default:
      return OptionalNumber(listener.has_limit(), listener.limit());
  }
}

// "*:8080  api  node (4)", and its state.
std::string ListenerHeadline(const v1::Listener& listener, const Subject& subject,
                             const std::optional<Past>& past, const Page& page) {
  std::vector<std::string> parts = {ListenAddress(listener)};
  const bool several = absl::StrContains(ContainerOf(OwnersOf(subject)), ',');
  if (several && ContainerOf(listener.owners()) != kNone) parts.push_back(ContainerOf(listener.owners()));
  if (ProcessOf(listener) != kNone) parts.push_back(ProcessOf(listener));
  std::string line = EscapeForTerminal(absl::StrJoin(parts, "  "));
  const auto [state, style] = StateOf(listener, past, page);
  if (page.style.width) {
    const size_t room = *page.style.width - std::min(*page.style.width, DisplayWidth(state) + 3);
    line = TruncateMiddle(line, std::max<size_t>(room, 16));
  }
  if (!state.empty()) absl::StrAppend(&line, "   ", Paint(state, style, page.style.color));
  return line + "\n";
}

std::string ListenerBlock(const v1::Listener& listener, const Subject& subject, const Page& page) {
  const std::optional<Past> past = PastOf(listener, subject, page);
  const ParagraphStyle lines = page.Labelled(2, 7);
  std::string text = ListenerHeadline(listener, subject, past, page);
  text += Paragraph(lines, "queue", QueueText(listener, past, page));
  text += Paragraph(lines, "drops", DropsLine(listener, past, page));
  text += Paragraph(lines, "limit", LimitText(listener));
  text += Paragraph(lines, "lacks", listener.degraded_reason());
  return text;
}

// Worth more than a row: it lost something, or its queue was half full lately.
bool IsNotable(const v1::Listener& listener, const Subject& subject, const Page& page) {
  const std::optional<Past> past = PastOf(listener, subject, page);
  const uint64_t peak = std::max<uint64_t>(past ? past->peak : 0, listener.queue());
  const bool was_half_full = listener.has_limit() && peak > 0 && peak * 2 >= listener.limit();
  return was_half_full || RecentDrops(listener) > 0 || (past && past->lost.max() > 0);
}

// A table whose first title is the block's, its rows indented below it.
std::string Block(Table table, const Page& page) {
  for (auto& row : table.rows) row[0].text.insert(0, "  ");
  TableStyle style = page.style;
  style.headers = true;
  return RenderTable(table, style);
}

std::string MoreLine(size_t count, const std::string& command) {
  return count == 0 ? "" : absl::StrCat("  and ", FormatCount(count), " more: listenq ", command, "\n");
}

std::string QuietListeners(const std::vector<const v1::Listener*>& listeners, const Subject& subject,
                           const Page& page) {
  constexpr size_t kMostRows = 8;
  if (listeners.empty()) return "";
  Table table;
  table.columns = {
      {.title = "Quiet listeners", .least_width = 21, .cut_in_the_middle = true},
      {.title = "PROCESS", .fall_away_rank = 1, .least_width = 8, .cut_in_the_middle = true},
      {.title = "QUEUE", .right_aligned = true},
      {.title = "PEAK", .right_aligned = true, .fall_away_rank = 2},
      {.title = "LIMIT", .right_aligned = true},
      {.title = "LIMITED BY", .fall_away_rank = 3},
  };
  for (size_t i = 0; i < std::min(kMostRows, listeners.size()); ++i) {
    const v1::Listener& listener = *listeners[i];
    const std::optional<Past> past = PastOf(listener, subject, page);
    table.rows.push_back({ListenAddress(listener), ProcessOf(listener),
                          OptionalNumber(listener.has_queue(), listener.queue()),
                          past ? std::to_string(past->peak) : kNone,
                          OptionalNumber(listener.has_limit(), listener.limit()), LimitedBy(listener)});
  }
  const size_t more = listeners.size() - table.rows.size();
  return absl::StrCat("\n", Block(std::move(table), page), MoreLine(more, "listeners " + NetnsFlag(subject)));
}

// The worst one, and others that are worth it, have a block each.
std::string Listeners(const Subject& subject, const Page& page) {
  constexpr size_t kMostBlocks = 4;
  if (subject.listeners.empty()) return "\nNothing listens here.\n";
  std::string text;
  std::vector<const v1::Listener*> quiet;
  size_t blocks = 0;
  for (const v1::Listener& listener : subject.listeners) {
    const bool shown = blocks == 0 || (blocks < kMostBlocks && IsNotable(listener, subject, page));
    if (shown) {
      ++blocks;
      absl::StrAppend(&text, "\n", ListenerBlock(listener, subject, page));
    } else {
      quiet.push_back(&listener);
    }
  }
  return text + QuietListeners(quiet, subject, page);
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
  absl::StrAppend(&text, Listeners(subject, page), Why(subject, description, page));
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

std::string DescriptionText(const Description& description, const ViewContext& context, absl::Time since,
                            const TableStyle& style) {
  const Page page = {.context = context, .since = since, .style = style};
  return absl::StrJoin(description.subjects, "\n\n", [&](std::string* out, const Subject& subject) {
    absl::StrAppend(out, SubjectText(subject, description, page));
  });
}

}  // namespace listenq::client
