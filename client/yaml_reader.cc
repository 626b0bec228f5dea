#include "client/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/status.h"
#include "client/suggest.h"
#include "client/text.h"

namespace listenq::client {
namespace {

std::string Names(const YamlKeys& keys) {
  return absl::StrJoin(keys, ", ", [](std::string* out, const YamlKey& key) { *out += key.name; });
}

std::string UnknownKey(const std::string& name, const YamlKeys& keys) {
  std::vector<std::string> names;
  names.reserve(keys.size());
  for (const YamlKey& key : keys) names.push_back(key.name);
  const std::string nearest = Nearest(name, names);
  return nearest.empty() ? absl::StrCat("unknown key; there are ", Names(keys))
                         : absl::StrCat("unknown key; did you mean ", nearest, "?");
}

// Where a document begins; what stands in it is nobody's business.
class DocumentStart final : public YAML::EventHandler {
 public:
  [[nodiscard]] const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  YAML::Mark mark_;
};

// The mark of the second document, if there is one: YAML::Load leaves out all that follows the first. Not by
// YAML::LoadAll, which never comes to an end where a document begins with "," (yaml-cpp 0.7).
std::optional<YAML::Mark> SecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return std::nullopt;
  return start.mark();
}

}  // namespace

std::string Shown(absl::string_view text) { return absl::StrCat("\"", Truncate(text, kMaxShown), "\""); }

absl::Status YamlReader::Parse(const std::string& text,
                               const std::function<absl::Status(const YAML::Node&)>& read) const {
  try {
    const YAML::Node root = YAML::Load(text);
    if (const auto second = SecondDocument(text)) {
      return Error(LineOf(*second, 1), "a second document; a file has one");
    }
    return read(root);
  } catch (const YAML::Exception& error) {
    return Error(LineOf(error.mark, 1), absl::StrCat("not YAML: ", Truncate(error.msg, kMaxShown)));
  }
}

absl::Status YamlReader::Error(int line, absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(file_, ":", line, ": ", what));
}

absl::Status YamlReader::Fail(const YamlValue& value, absl::string_view what) const {
  return Error(value.line, absl::StrCat(value.path, ": ", what));
}

absl::StatusOr<std::string> YamlReader::Text(const YamlValue& value) const {
  if (!value.node.IsDefined() || value.node.IsNull()) return Fail(value, "has no value");
  if (!value.node.IsScalar()) return Fail(value, "must be one value, not a list or a map");
  if (value.node.Scalar().empty()) return Fail(value, "must not be empty");
  return value.node.Scalar();
}

absl::Status YamlReader::ReadKeys(const YamlValue& map, const YamlKeys& keys) const {
  if (!map.node.IsMap()) return Fail(map, absl::StrCat("must be a map with the keys ", Names(keys)));
  std::set<std::string> seen;
  const std::string prefix = map.path.empty() ? "" : map.path + ".";
  for (const auto& pair : map.node) {
    if (!pair.first.IsScalar()) return Fail(map, "a key must be a word");
    const std::string& name = pair.first.Scalar();
    const YamlValue value = {absl::StrCat(prefix, Truncate(name, kMaxShown)),
                             LineOf(pair.first.Mark(), map.line), pair.second};
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const YamlKey& k) { return k.name == name; });
    if (key == keys.end()) return Fail(value, UnknownKey(name, keys));
    if (!seen.insert(name).second) return Fail(value, "stands there twice");
    RETURN_IF_ERROR(key->read(value));
  }
  return absl::OkStatus();
}

absl::Status YamlReader::ReadList(const YamlValue& list, const YamlRead& read) const {
  if (!list.node.IsSequence()) return Fail(list, "must be a list, like [a, b]");
  for (size_t i = 0; i < list.node.size(); ++i) {
    const YAML::Node node = list.node[i];
    const YamlValue value = {absl::StrCat(list.path, "[", i, "]"), LineOf(node.Mark(), list.line), node};
    RETURN_IF_ERROR(read(value));
  }
  return absl::OkStatus();
}

}  // namespace listenq::client
