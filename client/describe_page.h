// What the blocks of describe's screen are made with. Pure.
#ifndef LISTENQ_CLIENT_DESCRIBE_PAGE_H_
#define LISTENQ_CLIENT_DESCRIBE_PAGE_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "client/describe.h"
#include "client/paragraph.h"
#include "client/table.h"
#include "client/timeline.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {

struct Page {
  static constexpr size_t kCells = 16;

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

Owners OwnersOf(const Subject& subject);

// The argument of --netns that means this one.
std::string NetnsFlag(const Subject& subject);

// A table whose first title is the block's, its rows indented below it.
std::string Block(Table table, const Page& page);

// "  and 3 more: listenq listeners --netns blue"; "" for none.
std::string MoreLine(size_t count, const std::string& command);

// The worst listener, and others that are worth it, have a block each; the rest stands in a table.
std::string DescribedListeners(const Subject& subject, const Page& page);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_DESCRIBE_PAGE_H_
