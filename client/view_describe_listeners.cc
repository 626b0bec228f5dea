#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/describe_page.h"
#include "client/text.h"

namespace listenq::client {
namespace {

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
                          listener.limit() > listener.somaxconn() && listener.has_somaxconn()
                              ? " now: a restart would cut it to that"
                              : " now: restart the listener to take it over");
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

}  // namespace

std::string DescribedListeners(const Subject& subject, const Page& page) {
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

}  // namespace listenq::client
