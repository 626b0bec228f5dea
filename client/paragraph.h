// Text beside a label, fitted to a terminal. Pure.
#ifndef LISTENQ_CLIENT_PARAGRAPH_H_
#define LISTENQ_CLIENT_PARAGRAPH_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace listenq::client {

struct ParagraphStyle {
  // Columns before the label.
  size_t indent = 0;
  // Columns of the label with the gap after it; 0 is without one.
  size_t label_width = 0;
  // Columns of the terminal; absent is unknown: nothing is broken.
  std::optional<size_t> width;
};

// "    fix       Node.js: server.listen({port: 8080, backlog: 4096}),\n"
// "              then restart it\n"
// Lines of `text` ("\n") stay apart, each is escaped and wrapped. "" is "".
std::string Paragraph(const ParagraphStyle& style, absl::string_view label, absl::string_view text);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_PARAGRAPH_H_
