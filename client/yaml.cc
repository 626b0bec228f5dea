#include <yaml-cpp/yaml.h>

#include "client/encode.h"

namespace listenq::client {
namespace {

// Would a reader take the plain text for something other than this string? JSON's strings carry the tag "!".
bool NeedsQuotes(const std::string& text) {
  if (text.empty() || text.find_first_of("\t\r\n") != std::string::npos) return true;
  double number = 0;
  bool boolean = false;
  const YAML::Node plain(text);
  if (YAML::convert<double>::decode(plain, number) || YAML::convert<bool>::decode(plain, boolean))
    return true;
  // Numbers with "_" or ":" and dates are YAML 1.1's, which many readers still follow.
  constexpr char kNumberLike[] = "0123456789abcdefxoABCDEF_+-.:TZ ";
  if (text.find_first_of("0123456789") != std::string::npos &&
      text.find_first_not_of(kNumberLike) == std::string::npos) {
    return true;
  }
  return text == "~" || text == "null" || text == "Null" || text == "NULL" || text == "=" || text == "<<";
}

void EmitString(const std::string& text, YAML::Emitter& emitter) {
  if (NeedsQuotes(text)) emitter << YAML::DoubleQuoted;
  emitter << text;
}

void Emit(const YAML::Node& node, YAML::Emitter& emitter) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      emitter << YAML::BeginMap;
      for (const auto& pair : node) {
        emitter << YAML::Key;
        EmitString(pair.first.Scalar(), emitter);
        emitter << YAML::Value;
        Emit(pair.second, emitter);
      }
      emitter << YAML::EndMap;
      return;
    case YAML::NodeType::Sequence:
      emitter << YAML::BeginSeq;
      for (const auto& child : node) Emit(child, emitter);
      emitter << YAML::EndSeq;
      return;
    case YAML::NodeType::Scalar:
      if (node.Tag() == "!") {
        EmitString(node.Scalar(), emitter);
      } else {
        emitter << node.Scalar();
      }
      return;
    default:
      emitter << YAML::Null;
  }
}

}  // namespace

absl::StatusOr<std::string> JsonToYaml(const std::string& json) {
  YAML::Emitter emitter;
  emitter.SetOutputCharset(YAML::EscapeNonAscii);
  try {
    Emit(YAML::Load(json), emitter);
  } catch (const YAML::Exception& error) {
    return absl::InternalError(std::string("convert json to yaml: ") + error.what());
  }
  if (!emitter.good()) return absl::InternalError("convert json to yaml: " + emitter.GetLastError());
  return std::string(emitter.c_str()) + "\n";
}

}  // namespace listenq::client
