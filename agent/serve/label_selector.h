// Label selectors in kubectl's syntax: "app=web,tier!=db,env in (prod,qa),zone notin (a),track,!canary".
#ifndef LISTENQ_AGENT_SERVE_LABEL_SELECTOR_H_
#define LISTENQ_AGENT_SERVE_LABEL_SELECTOR_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace listenq::serve {

class LabelSelector {
 public:
  using Labels = std::map<std::string, std::string>;

  // As apimachinery's labels.Parse, without its > and <. An empty text selects everything. InvalidArgument
  // says what was found where what was expected.
  static absl::StatusOr<LabelSelector> Parse(absl::string_view text);

  // All requirements hold. A label that is absent satisfies !=, notin and !key.
  [[nodiscard]] bool Matches(const Labels& labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  friend class SelectorParser;
  struct Requirement {
    enum class Kind { kExists, kAbsent, kIn, kNotIn };
    std::string key;
    Kind kind = Kind::kExists;
    std::vector<std::string> values;
  };

  std::vector<Requirement> requirements_;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_LABEL_SELECTOR_H_
