// Rows of the API as json, yaml and csv: the same fields under the API's names (lowerCamelCase). Pure.
#ifndef LISTENQ_CLIENT_ENCODE_H_
#define LISTENQ_CLIENT_ENCODE_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/query.h"

namespace listenq::client {

// By protobuf's mapping, on one line; a field that can be absent is left out when it is, every other one is
// there; `node_name` comes first as "nodeName" unless it is empty or the row names its node itself. Control
// bytes are escapes.
std::string ToJson(const google::protobuf::Message& row, const std::string& node_name = "");

// In quotes.
std::string JsonString(absl::string_view text);

// {"items":[…],"nodeStatuses":[…],"summary":{…}}, a line per row.
template <typename Row>
std::string AnswerToJson(const Answer<Row>& answer);

// On one line.
template <typename Row>
std::string AnswerToJsonLine(const Answer<Row>& answer);

// The same tree in block style. A string that YAML would read as something else keeps its quotes.
absl::StatusOr<std::string> JsonToYaml(const std::string& json);

// RFC 4180, lines end in "\n". A column for each field of the message's descriptor, dotted through messages;
// fields that repeat are joined by ";", maps are "key=value". Absent is empty. The node's name comes first,
// the row's own where it has one. Every cell with anything but
// letters, digits and "._:-/" within is quoted, also those that a spreadsheet would take for a formula;
// control bytes are \xNN.
std::string CsvHeader(const google::protobuf::Descriptor& descriptor);
std::string CsvRow(const google::protobuf::Message& row, const std::string& node_name);
std::string CsvQuote(absl::string_view cell);
// Each quoted where it must be.
std::string CsvLine(const std::vector<std::string>& cells);

// The same of items that are json already.
std::string ItemsToJson(const std::vector<std::string>& items,
                        const std::vector<v1::NodeStatus>& node_statuses, const v1::Summary& summary,
                        bool one_line);

namespace encode_internal {
template <typename Row>
std::string Assemble(const Answer<Row>& answer, bool one_line) {
  std::vector<std::string> items;
  items.reserve(answer.items.size());
  for (const auto& item : answer.items) items.push_back(ToJson(item.row, item.node_name));
  return ItemsToJson(items, answer.node_statuses, answer.summary, one_line);
}
}  // namespace encode_internal

template <typename Row>
std::string AnswerToJson(const Answer<Row>& answer) {
  return encode_internal::Assemble(answer, false);
}

template <typename Row>
std::string AnswerToJsonLine(const Answer<Row>& answer) {
  return encode_internal::Assemble(answer, true);
}

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_ENCODE_H_
