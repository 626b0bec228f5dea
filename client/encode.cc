#include "client/encode.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/text.h"

namespace listenq::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const FieldDescriptor* FindNodeName(const Descriptor& descriptor) {
  return descriptor.FindFieldByName("node_name");
}

bool IsTime(const Descriptor& descriptor) {
  return descriptor.full_name() == "google.protobuf.Timestamp" ||
         descriptor.full_name() == "google.protobuf.Duration";
}

std::string TimeText(const Message& message) {
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    return google::protobuf::util::TimeUtil::ToString(
        static_cast<const google::protobuf::Timestamp&>(message));
  }
  return google::protobuf::util::TimeUtil::ToString(static_cast<const google::protobuf::Duration&>(message));
}

// A message in a list or a map of which CSV has no columns: a sysctl is its value.
std::string MessageText(const Message& message) {
  if (IsTime(*message.GetDescriptor())) return TimeText(message);
  if (const auto* sysctl = dynamic_cast<const v1::SysctlValue*>(&message)) return sysctl->value();
  return ToJson(message);
}

// One element of a field; `index` is -1 for a field that does not repeat.
std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value =
          repeated ? reflection.GetRepeatedBool(message, &field, index) : reflection.GetBool(message, &field);
      return value ? "true" : "false";
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(repeated ? reflection.GetRepeatedUInt32(message, &field, index)
                                   : reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(repeated ? reflection.GetRepeatedUInt64(message, &field, index)
                                   : reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(repeated ? reflection.GetRepeatedDouble(message, &field, index)
                                   : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return (repeated ? reflection.GetRepeatedEnum(message, &field, index)
                       : reflection.GetEnum(message, &field))
          ->name();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
    default:
      return repeated ? reflection.GetRepeatedString(message, &field, index)
                      : reflection.GetString(message, &field);
  }
}

std::string MapText(const Message& message, const FieldDescriptor& field) {
  const Descriptor& entry = *field.message_type();
  std::vector<std::string> pairs;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& pair = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    pairs.push_back(
        absl::StrCat(ScalarText(pair, *entry.map_key(), -1), "=", ScalarText(pair, *entry.map_value(), -1)));
  }
  std::sort(pairs.begin(), pairs.end());
  return absl::StrJoin(pairs, ";");
}

bool HasColumnsOfItsOwn(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map() &&
         !IsTime(*field.message_type());
}

// The node's name is a column of its own, whether a row carries it or its batch did.
bool IsNodeName(const FieldDescriptor& field, bool top) { return top && field.name() == "node_name"; }

void AppendColumns(const Descriptor& descriptor, const std::string& prefix,
                   std::vector<std::string>& columns) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (IsNodeName(field, prefix.empty())) continue;
    const std::string name = prefix + field.json_name();
    if (HasColumnsOfItsOwn(field)) {
      AppendColumns(*field.message_type(), name + ".", columns);
    } else {
      columns.push_back(name);
    }
  }
}

// The values of one column in all the messages that a repeated field above it has.
std::string LeafText(const std::vector<const Message*>& messages, const FieldDescriptor& field) {
  std::vector<std::string> texts;
  for (const Message* message : messages) {
    const Reflection& reflection = *message->GetReflection();
    if (field.is_map()) {
      texts.push_back(MapText(*message, field));
    } else if (field.is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, &field); ++i)
        texts.push_back(ScalarText(*message, field, i));
    } else {
      const bool absent = field.has_presence() && !reflection.HasField(*message, &field);
      texts.push_back(absent ? "" : ScalarText(*message, field, -1));
    }
  }
  return absl::StrJoin(texts, ";");
}

std::vector<const Message*> Children(const std::vector<const Message*>& messages,
                                     const FieldDescriptor& field) {
  std::vector<const Message*> children;
  for (const Message* message : messages) {
    const Reflection& reflection = *message->GetReflection();
    if (field.is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, &field); ++i) {
        children.push_back(&reflection.GetRepeatedMessage(*message, &field, i));
      }
    } else if (reflection.HasField(*message, &field)) {
      children.push_back(&reflection.GetMessage(*message, &field));
    }
  }
  return children;
}

void AppendCells(const std::vector<const Message*>& messages, const Descriptor& descriptor, bool top,
                 std::vector<std::string>& cells) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (IsNodeName(field, top)) continue;
    if (HasColumnsOfItsOwn(field)) {
      AppendCells(Children(messages, field), *field.message_type(), false, cells);
    } else {
      cells.push_back(LeafText(messages, field));
    }
  }
}

}  // namespace

std::string JsonString(absl::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(std::string(text));
  return ToJson(value);
}

std::string ToJson(const Message& row, const std::string& node_name) {
  std::string json;
  // Cannot fail for messages without google.protobuf.Any.
  google::protobuf::util::JsonPrintOptions print;
  print.always_print_primitive_fields = true;
  static_cast<void>(google::protobuf::util::MessageToJsonString(row, &json, print));
  if (node_name.empty() || FindNodeName(*row.GetDescriptor()) != nullptr) return json;
  const std::string name = absl::StrCat("{\"nodeName\":", JsonString(node_name));
  return json == "{}" ? name + "}" : absl::StrCat(name, ",", json.substr(1));
}

std::string ItemsToJson(const std::vector<std::string>& items,
                        const std::vector<v1::NodeStatus>& node_statuses, const v1::Summary& summary,
                        bool one_line) {
  std::vector<std::string> statuses;
  statuses.reserve(node_statuses.size());
  for (const auto& status : node_statuses) statuses.push_back(ToJson(status));
  const std::string between = one_line ? "," : ",\n  ";
  const std::string open = one_line ? "[" : "[\n  ";
  const std::string close = one_line ? "]" : "\n]";
  const auto list = [&](const std::vector<std::string>& rows) {
    return rows.empty() ? "[]" : absl::StrCat(open, absl::StrJoin(rows, between), close);
  };
  const char* gap = one_line ? "," : ",\n";
  return absl::StrCat("{\"items\":", list(items), gap, "\"nodeStatuses\":", list(statuses), gap,
                      "\"summary\":", ToJson(summary), "}\n");
}

std::string CsvQuote(absl::string_view cell) {
  const bool plain = std::all_of(cell.begin(), cell.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::string_view("._:-/").find(c) != absl::string_view::npos;
  });
  if (plain && (cell.empty() || cell[0] != '-')) return std::string(cell);
  return absl::StrCat("\"", absl::StrReplaceAll(EscapeForTerminal(cell), {{"\"", "\"\""}}), "\"");
}

std::string CsvLine(const std::vector<std::string>& cells) {
  return absl::StrJoin(cells, ",",
                       [](std::string* out, const std::string& cell) { *out += CsvQuote(cell); }) +
         "\n";
}

std::string CsvHeader(const Descriptor& descriptor) {
  std::vector<std::string> columns = {"nodeName"};
  AppendColumns(descriptor, "", columns);
  return absl::StrJoin(columns, ",") + "\n";
}

std::string CsvRow(const Message& row, const std::string& node_name) {
  const FieldDescriptor* own = FindNodeName(*row.GetDescriptor());
  std::vector<std::string> cells = {own == nullptr ? node_name : ScalarText(row, *own, -1)};
  AppendCells({&row}, *row.GetDescriptor(), true, cells);
  return CsvLine(cells);
}

}  // namespace listenq::client
