#include "agent/serve/label_selector.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/serve/quoted.h"
#include "agent/sys/status.h"

namespace listenq::serve {
namespace {

constexpr size_t kMaxNameBytes = 63;
constexpr size_t kMaxPrefixBytes = 253;

// A label's value, and the part of its key after the slash: empty is the caller's question.
bool IsLabelName(absl::string_view name) {
  if (name.size() > kMaxNameBytes || !absl::ascii_isalnum(name.front()) ||
      !absl::ascii_isalnum(name.back())) {
    return false;
  }
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsLabelKey(absl::string_view key) {
  const size_t slash = key.find('/');
  if (slash != absl::string_view::npos) {
    if (slash == 0 || slash > kMaxPrefixBytes) return false;
    key.remove_prefix(slash + 1);
  }
  return !key.empty() && IsLabelName(key);
}

}  // namespace

// Recursive descent over tokens: an identifier, or one of ! , ( ) = == !=. "" is the end.
class SelectorParser {
 public:
  explicit SelectorParser(absl::string_view text) : text_(text), rest_(text) { Advance(); }

  absl::StatusOr<LabelSelector> Parse() {
    LabelSelector selector;
    if (token_.empty()) return selector;
    while (true) {
      ASSIGN_OR_RETURN(LabelSelector::Requirement requirement, ParseRequirement());
      selector.requirements_.push_back(std::move(requirement));
      if (token_.empty()) return selector;
      if (token_ != ",") return Expected("',' or the end");
      Advance();
    }
  }

 private:
  using Kind = LabelSelector::Requirement::Kind;

  void Advance() {
    rest_ = absl::StripLeadingAsciiWhitespace(rest_);
    size_t size = rest_.find_first_of(" \t\r\n!=(),<>");
    if (size == absl::string_view::npos) size = rest_.size();
    if (size == 0 && !rest_.empty())
      size = absl::StartsWith(rest_, "==") || absl::StartsWith(rest_, "!=") ? 2 : 1;
    token_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  [[nodiscard]] bool AtIdentifier() const {
    return !token_.empty() && token_.find_first_of("!=(),<>") == absl::string_view::npos;
  }
  [[nodiscard]] absl::Status Expected(absl::string_view what) const {
    const std::string found = token_.empty() ? "the end" : Quoted(token_);
    return absl::InvalidArgumentError(
        absl::StrCat("parse label selector ", Quoted(text_), ": found ", found, ", expected ", what));
  }

  absl::StatusOr<LabelSelector::Requirement> ParseRequirement() {
    LabelSelector::Requirement requirement;
    const bool negated = token_ == "!";
    if (negated) Advance();
    if (!AtIdentifier() || !IsLabelKey(token_)) return Expected("a label's key");
    requirement.key = std::string(token_);
    Advance();
    if (negated) {
      requirement.kind = Kind::kAbsent;
      return requirement;
    }
    RETURN_IF_ERROR(ParseCondition(requirement));
    return requirement;
  }

  absl::Status ParseCondition(LabelSelector::Requirement& requirement) {
    if (token_.empty() || token_ == ",") return absl::OkStatus();
    const bool set = token_ == "in" || token_ == "notin";
    if (!set && token_ != "=" && token_ != "==" && token_ != "!=") {
      return Expected("one of =, ==, !=, in, notin, ','");
    }
    requirement.kind = token_ == "notin" || token_ == "!=" ? Kind::kNotIn : Kind::kIn;
    Advance();
    return set ? ParseSet(requirement) : ParseValue(requirement);
  }

  // Nothing is the empty value, as in "a=" and "a in (x,)".
  absl::Status ParseValue(LabelSelector::Requirement& requirement) {
    if (!AtIdentifier()) {
      requirement.values.emplace_back();
      return absl::OkStatus();
    }
    if (!IsLabelName(token_)) return Expected("a label's value");
    requirement.values.emplace_back(token_);
    Advance();
    return absl::OkStatus();
  }

  absl::Status ParseSet(LabelSelector::Requirement& requirement) {
    if (token_ != "(") return Expected("'('");
    do {
      Advance();
      RETURN_IF_ERROR(ParseValue(requirement));
    } while (token_ == ",");
    if (token_ != ")") return Expected("',' or ')'");
    Advance();
    return absl::OkStatus();
  }

  const absl::string_view text_;
  absl::string_view rest_;
  absl::string_view token_;
};

absl::StatusOr<LabelSelector> LabelSelector::Parse(absl::string_view text) {
  return SelectorParser(text).Parse();
}

bool LabelSelector::Matches(const Labels& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
    const auto label = labels.find(requirement.key);
    const bool present = label != labels.end();
    const auto listed = [&] {
      return std::find(requirement.values.begin(), requirement.values.end(), label->second) !=
             requirement.values.end();
    };
    switch (requirement.kind) {
      case Requirement::Kind::kExists:
        return present;
      case Requirement::Kind::kAbsent:
        return !present;
      case Requirement::Kind::kIn:
        return present && listed();
      case Requirement::Kind::kNotIn:
        return !present || !listed();
    }
    return false;
  });
}

}  // namespace listenq::serve
