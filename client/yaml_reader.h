// Reads a YAML file key by key; each error names the file, the line and the key. For client/*.cc: nothing of
// yaml-cpp stands in the other headers.
#ifndef LISTENQ_CLIENT_YAML_READER_H_
#define LISTENQ_CLIENT_YAML_READER_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace listenq::client {

// What a message shows of a word that somebody wrote.
inline constexpr size_t kMaxShown = 60;
std::string Shown(absl::string_view text);

// A part of the file, with what an error calls it: "rules[3].select".
struct YamlValue {
  std::string path;
  int line = 1;
  YAML::Node node;
};

using YamlRead = std::function<absl::Status(const YamlValue&)>;

struct YamlKey {
  std::string name;
  YamlRead read;
};
using YamlKeys = std::vector<YamlKey>;

// Failure: InvalidArgument, in one line: "policy.yaml:12: rules[3].sevrity: unknown key; did you mean
// severity?".
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  // Calls `read` with the only document of `text`.
  [[nodiscard]] absl::Status Parse(const std::string& text,
                                   const std::function<absl::Status(const YAML::Node&)>& read) const;

 protected:
  ~YamlReader() = default;

  [[nodiscard]] const std::string& file() const { return file_; }
  static int LineOf(const YAML::Mark& mark, int otherwise) {
    return mark.is_null() ? otherwise : mark.line + 1;
  }
  [[nodiscard]] absl::Status Error(int line, absl::string_view what) const;
  [[nodiscard]] absl::Status Fail(const YamlValue& value, absl::string_view what) const;
  [[nodiscard]] absl::Status Check(const YamlValue& value, const absl::Status& status) const {
    return status.ok() ? status : Fail(value, status.message());
  }

  // A scalar that is not empty.
  [[nodiscard]] absl::StatusOr<std::string> Text(const YamlValue& value) const;
  // A map with some of the `keys`.
  [[nodiscard]] absl::Status ReadKeys(const YamlValue& map, const YamlKeys& keys) const;
  // A list; `read` is called with each.
  [[nodiscard]] absl::Status ReadList(const YamlValue& list, const YamlRead& read) const;

 private:
  std::string file_;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_YAML_READER_H_
