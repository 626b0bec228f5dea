#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/audit.h"
#include "client/text.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// Escaped for a terminal first: XML has no way to write a control byte but the end of a line.
std::string Xml(const std::string& text) {
  return absl::StrJoin(absl::StrSplit(text, '\n'), "&#10;", [](std::string* out, absl::string_view line) {
    absl::StrAppend(out,
                    absl::StrReplaceAll(
                        EscapeForTerminal(std::string(line)),
                        {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&apos;"}}));
  });
}

std::string Attribute(const char* name, const std::string& value) {
  return absl::StrCat(" ", name, "=\"", Xml(value), "\"");
}

// The cases of one suite.
class Suite {
 public:
  explicit Suite(std::string name) : name_(std::move(name)) {}

  void Pass(const std::string& subject) { Add(subject, ""); }
  void Failure(const std::string& subject, const std::string& type, const std::string& message,
               const std::string& text) {
    ++failures_;
    const std::string close = text.empty() ? "/>" : absl::StrCat(">", Xml(text), "</failure>");
    Add(subject, absl::StrCat("<failure", Attribute("message", message), Attribute("type", type), close));
  }
  void Error(const std::string& subject, const std::string& message) {
    ++errors_;
    Add(subject,
        absl::StrCat("<error", Attribute("message", message), Attribute("type", "incomplete"), "/>"));
  }
  void Skip(const std::string& subject, const std::string& message) {
    ++skipped_;
    Add(subject, absl::StrCat("<skipped", Attribute("message", message), "/>"));
  }

  [[nodiscard]] size_t cases() const { return cases_.size(); }
  [[nodiscard]] size_t failures() const { return failures_; }
  [[nodiscard]] size_t errors() const { return errors_; }
  [[nodiscard]] size_t skipped() const { return skipped_; }
  [[nodiscard]] std::string Text() const {
    return absl::StrCat("  <testsuite", Attribute("name", name_), " tests=\"", cases(), "\" failures=\"",
                        failures_, "\" errors=\"", errors_, "\" skipped=\"", skipped_, "\">\n",
                        absl::StrJoin(cases_, ""), "  </testsuite>\n");
  }

 private:
  void Add(const std::string& subject, const std::string& inside) {
    const std::string close = inside.empty() ? "/>\n" : absl::StrCat(">", inside, "</testcase>\n");
    cases_.push_back(
        absl::StrCat("    <testcase", Attribute("classname", name_), Attribute("name", subject), close));
  }

  std::string name_;
  std::vector<std::string> cases_;
  size_t failures_ = 0;
  size_t errors_ = 0;
  size_t skipped_ = 0;
};

std::string OnNode(const std::string& subject, const std::string& node_name) {
  return node_name.empty() ? subject : absl::StrCat(subject, " on ", node_name);
}

Suite SuiteOf(const AuditReport& report, const v1::PolicyRule& rule, const RuleOutcome& outcome) {
  const v1::RuleResult& result = outcome.result;
  Suite suite(rule.id());
  for (const size_t i : outcome.violations) {
    const auto& [node_name, row] = report.answer.items[i];
    suite.Failure(OnNode(AuditSubject(row), node_name), SeverityText(row.severity()), row.explanation(),
                  row.fix());
  }
  if (outcome.unknown_servers > 0) {
    suite.Error("evaluated", absl::StrCat("unknown to a server: ", result.message()));
  }
  if (outcome.failed_servers > 0) suite.Error("evaluated", result.message());
  if (result.unreadable() > 0) {
    const std::string count = Counted(result.unreadable(), "namespace", "namespaces");
    suite.Error("readable", absl::StrCat(count, " could not be read"));
  }
  if (result.not_observable() > 0) {
    const std::string count = Counted(result.not_observable(), "namespace", "namespaces");
    suite.Skip("observable", absl::StrCat(count, ": a guest kernel owns the sysctls (gVisor, Kata)"));
  }
  const bool is_checked = result.checked() > 0 || suite.cases() == 0;
  if (outcome.violations.empty() && is_checked) {
    suite.Pass(absl::StrCat(rule.sysctl(), " ", Requirement(rule), ": ",
                            Counted(result.checked(), "namespace", "namespaces")));
  }
  return suite;
}

}  // namespace

std::string AuditToJunit(const AuditReport& report) {
  std::vector<Suite> suites;
  for (size_t i = 0; i < report.rules.size(); ++i) {
    suites.push_back(SuiteOf(report, report.policy.rules[static_cast<int>(i)], report.rules[i]));
  }
  if (!report.gaps.empty()) {
    suites.emplace_back("listenq").Error("complete", absl::StrJoin(report.gaps, "; "));
  }
  size_t cases = 0;
  size_t failures = 0;
  size_t errors = 0;
  size_t skipped = 0;
  std::string text;
  for (const Suite& suite : suites) {
    cases += suite.cases();
    failures += suite.failures();
    errors += suite.errors();
    skipped += suite.skipped();
    text += suite.Text();
  }
  return absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"listenq audit\" tests=\"", cases,
      "\" failures=\"", failures, "\" errors=\"", errors, "\" skipped=\"", skipped, "\">\n", text,
      "</testsuites>\n");
}

}  // namespace listenq::client
