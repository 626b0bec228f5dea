#include "client/policy_file.h"

#include <fcntl.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"
#include "client/text.h"
#include "client/time_proto.h"
#include "client/yaml_reader.h"

namespace listenq::client {
namespace {

using Value = YamlValue;
using Read = YamlRead;
using Keys = YamlKeys;

// The end of that day, UTC, or the moment itself. InvalidArgument says what may stand there.
absl::StatusOr<absl::Time> ParseExpiry(const std::string& text) {
  absl::CivilDay day;
  if (absl::ParseCivilTime(text, &day)) return absl::FromCivil(day + 1, absl::UTCTimeZone());
  absl::Time time;
  const bool is_time = !text.empty() && absl::ascii_isdigit(text[0]);
  if (is_time && absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return time;
  return absl::InvalidArgumentError(
      absl::StrCat(Shown(text), ": not a date; 2026-12-31 (through that day, UTC) or 2026-12-31T18:00:00Z"));
}

absl::Status CheckPattern(const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 pattern(text, options);
  if (pattern.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Shown(text), ": not a regular expression (RE2): ", Truncate(pattern.error(), kMaxShown)));
}

// The API has namespaces by their names alone.
absl::Status CheckName(const std::string& text) {
  if (text.find_first_of("*?") == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Shown(text), ": must be a name; no patterns are allowed here"));
}

absl::Status CheckPod(const std::string& text) {
  if (text.find('/') == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Shown(text), ": not a pod's name; its namespace stands under namespaces"));
}

absl::Status CheckAny(const std::string& /*text*/) { return absl::OkStatus(); }

absl::Status CheckNumber(const std::string& text) {
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(Shown(text), ": not a whole number"));
}

// Reads one file. An alias is read as often as it stands there: what it adds to the request is counted, so
// that a small file cannot become a large policy.
class Reader final : public YamlReader {
 public:
  Reader(std::string file, Policy& policy) : YamlReader(std::move(file)), policy_(policy) {}

  absl::Status Document(const YAML::Node& root);

 private:
  absl::Status Spend(const Value& value, size_t bytes);
  absl::StatusOr<std::string> Text(const Value& value);
  absl::Status ReadList(const Value& list, const Read& read);
  Read ToText(std::string* target);
  Read ToPattern(std::string* target);
  using Texts = google::protobuf::RepeatedPtrField<std::string>;
  Read ToTexts(Texts* target, absl::Status (*check)(const std::string&) = CheckAny);
  absl::Status Rule(const Value& value);
  absl::Status CheckRule(const Value& value, const v1::PolicyRule& rule);
  absl::Status Severity(const Value& value, v1::PolicyRule& rule);
  absl::Status Sysctl(const Value& value, v1::PolicyRule& rule);
  Keys ComparisonKeys(v1::PolicyRule& rule);
  absl::Status Compare(const Value& value, v1::Comparison comparison, v1::PolicyRule& rule);
  absl::Status Operand(const Value& value, bool number, v1::PolicyRule& rule);
  Keys SelectorKeys(v1::Filter& filter, std::string* workload);
  absl::Status Labels(const Value& value, v1::Filter& filter);
  absl::Status Netns(const Value& value, v1::Filter& filter);
  absl::Status Port(const Value& value, v1::Filter& filter);
  absl::Status Exception(const Value& value, v1::PolicyException& exception);
  absl::Status Expires(const Value& value, v1::PolicyException& exception);

  Policy& policy_;
  size_t spent_ = 0;
};

absl::Status Reader::Spend(const Value& value, size_t bytes) {
  spent_ += bytes;
  if (spent_ <= kMaxPolicyBytes) return absl::OkStatus();
  return Fail(value,
              absl::StrCat("the policy is larger than the ", kMaxPolicyBytes / 1024, " KiB of a request"));
}

absl::StatusOr<std::string> Reader::Text(const Value& value) {
  ASSIGN_OR_RETURN(std::string text, YamlReader::Text(value));
  // A string's tag and length stand before it in the request.
  RETURN_IF_ERROR(Spend(value, text.size() + 2));
  return text;
}

absl::Status Reader::ReadList(const Value& list, const Read& read) {
  if (list.node.IsSequence() && list.node.size() == 0) {
    return Fail(list, "must not be empty; leave it out to take all");
  }
  return YamlReader::ReadList(list, read);
}

Read Reader::ToText(std::string* target) {
  return [this, target](const Value& value) -> absl::Status {
    ASSIGN_OR_RETURN(*target, Text(value));
    return absl::OkStatus();
  };
}

Read Reader::ToPattern(std::string* target) {
  return [this, target](const Value& value) -> absl::Status {
    ASSIGN_OR_RETURN(*target, Text(value));
    return Check(value, CheckPattern(*target));
  };
}

Read Reader::ToTexts(Texts* target, absl::Status (*check)(const std::string&)) {
  return [this, target, check](const Value& list) {
    return ReadList(list, [&](const Value& value) -> absl::Status {
      ASSIGN_OR_RETURN(std::string text, Text(value));
      RETURN_IF_ERROR(Check(value, check(text)));
      *target->Add() = std::move(text);
      return absl::OkStatus();
    });
  };
}

absl::Status Reader::Severity(const Value& value, v1::PolicyRule& rule) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  if (text == "info") rule.set_severity(v1::SEVERITY_INFO);
  if (text == "warning") rule.set_severity(v1::SEVERITY_WARNING);
  if (text == "critical") rule.set_severity(v1::SEVERITY_CRITICAL);
  if (rule.severity() != v1::SEVERITY_UNSPECIFIED) return absl::OkStatus();
  return Fail(value, absl::StrCat(Shown(text), ": not one of info, warning, critical"));
}

// sysctl(8) takes slashes too; the kernel's documentation has dots.
absl::Status Reader::Sysctl(const Value& value, v1::PolicyRule& rule) {
  ASSIGN_OR_RETURN(*rule.mutable_sysctl(), Text(value));
  if (rule.sysctl().find('/') == std::string::npos) return absl::OkStatus();
  return Fail(value, absl::StrCat(Shown(rule.sysctl()), ": a name has dots, like net.core.somaxconn"));
}

constexpr char kComparisons[] = "min, max, equals, one-of, range-width-min, matches-host, equals-declared";

absl::Status Reader::Operand(const Value& value, bool number, v1::PolicyRule& rule) {
  ASSIGN_OR_RETURN(*rule.add_operands(), Text(value));
  return number ? Check(value, CheckNumber(*rule.operands().rbegin())) : absl::OkStatus();
}

absl::Status Reader::Compare(const Value& value, v1::Comparison comparison, v1::PolicyRule& rule) {
  if (rule.comparison() != v1::COMPARISON_UNSPECIFIED) {
    return Fail(value, absl::StrCat("a second comparison; a rule has one of ", kComparisons));
  }
  rule.set_comparison(comparison);
  switch (comparison) {
    case v1::COMPARISON_EQUALS:
      return Operand(value, false, rule);
    case v1::COMPARISON_ONE_OF:
      return ReadList(value, [&](const Value& one) { return Operand(one, false, rule); });
    case v1::COMPARISON_MATCHES_HOST:
    case v1::COMPARISON_EQUALS_DECLARED:
      if (value.node.IsScalar() && value.node.Scalar() == "true") return absl::OkStatus();
      return Fail(value, "must be true; leave it out otherwise");
    default:
      return Operand(value, true, rule);
  }
}

Keys Reader::ComparisonKeys(v1::PolicyRule& rule) {
  constexpr std::pair<const char*, v1::Comparison> kKeys[] = {
      {"min", v1::COMPARISON_MIN},
      {"max", v1::COMPARISON_MAX},
      {"equals", v1::COMPARISON_EQUALS},
      {"one-of", v1::COMPARISON_ONE_OF},
      {"range-width-min", v1::COMPARISON_RANGE_WIDTH_MIN},
      {"matches-host", v1::COMPARISON_MATCHES_HOST},
      {"equals-declared", v1::COMPARISON_EQUALS_DECLARED}};
  Keys keys;
  for (const auto& [name, comparison] : kKeys) {
    keys.push_back({name, [this, &rule, comparison = comparison](const Value& value) {
                      return Compare(value, comparison, rule);
                    }});
  }
  return keys;
}

// "app=web,tier!=db" as kubectl has it, or a map of labels that are all wanted.
absl::Status Reader::Labels(const Value& value, v1::Filter& filter) {
  if (!value.node.IsMap()) return ToText(filter.mutable_label_selector())(value);
  std::vector<std::string> wanted;
  for (const auto& pair : value.node) {
    if (!pair.first.IsScalar()) return Fail(value, "a key must be a word");
    const std::string& label = pair.first.Scalar();
    const Value one = {absl::StrCat(value.path, ".", Truncate(label, kMaxShown)),
                       LineOf(pair.first.Mark(), value.line), pair.second};
    ASSIGN_OR_RETURN(const std::string text, Text(one));
    RETURN_IF_ERROR(Spend(one, label.size()));
    wanted.push_back(absl::StrCat(label, "=", text));
  }
  filter.set_label_selector(absl::StrJoin(wanted, ","));
  return absl::OkStatus();
}

// As --netns: digits are an inode number.
absl::Status Reader::Netns(const Value& value, v1::Filter& filter) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  uint64_t inode = 0;
  const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (digits && absl::SimpleAtoi(text, &inode)) {
    filter.add_netns_inodes(inode);
  } else {
    filter.add_netns_names(text);
  }
  return absl::OkStatus();
}

absl::Status Reader::Port(const Value& value, v1::Filter& filter) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  uint32_t port = 0;
  if (!absl::SimpleAtoi(text, &port) || port == 0 || port > 65535) {
    return Fail(value, absl::StrCat(Shown(text), ": not a port from 1 to 65535"));
  }
  filter.add_ports(port);
  return absl::OkStatus();
}

Keys Reader::SelectorKeys(v1::Filter& filter, std::string* workload) {
  const auto each = [this, &filter](absl::Status (Reader::*read)(const Value&, v1::Filter&)) {
    return [this, &filter, read](const Value& list) {
      return ReadList(list, [&](const Value& value) { return (this->*read)(value, filter); });
    };
  };
  return {{"namespaces", ToTexts(filter.mutable_namespaces(), CheckName)},
          {"pods", ToTexts(filter.mutable_pods(), CheckPod)},
          {"labels", [this, &filter](const Value& value) { return Labels(value, filter); }},
          {"containers", ToTexts(filter.mutable_containers())},
          {"workload", ToPattern(workload)},
          {"netns", each(&Reader::Netns)},
          {"ports", each(&Reader::Port)},
          {"processes", ToTexts(filter.mutable_processes())}};
}

absl::Status Reader::Expires(const Value& value, v1::PolicyException& exception) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  const absl::StatusOr<absl::Time> time = ParseExpiry(text);
  RETURN_IF_ERROR(Check(value, time.status()));
  SetTime(*time, *exception.mutable_expire_time());
  return absl::OkStatus();
}

absl::Status Reader::Exception(const Value& value, v1::PolicyException& exception) {
  Keys keys = SelectorKeys(*exception.mutable_filter(), exception.mutable_workload_pattern());
  keys.push_back({"reason", ToText(exception.mutable_reason())});
  keys.push_back({"expires", [&](const Value& date) { return Expires(date, exception); }});
  RETURN_IF_ERROR(ReadKeys(value, keys));
  if (exception.filter().ByteSizeLong() > 0 || !exception.workload_pattern().empty()) return absl::OkStatus();
  return Fail(value, "excuses everybody; name whom, or say workload: '.*'");
}

absl::Status Reader::CheckRule(const Value& value, const v1::PolicyRule& rule) {
  if (rule.id().empty()) return Fail(value, "has no id");
  if (rule.sysctl().empty()) return Fail(value, "has no sysctl");
  if (rule.comparison() == v1::COMPARISON_UNSPECIFIED) {
    return Fail(value, absl::StrCat("has no comparison: one of ", kComparisons));
  }
  for (int i = 0; i + 1 < policy_.rules.size(); ++i) {
    if (policy_.rules[i].id() != rule.id()) continue;
    const PolicySource& first = policy_.sources[static_cast<size_t>(i)];
    return Fail(value, absl::StrCat("the id ", Shown(rule.id()), " is that of ", first.file, ":", first.line,
                                    " too"));
  }
  return absl::OkStatus();
}

absl::Status Reader::Rule(const Value& value) {
  if (policy_.rules.size() == kMaxPolicyRules) {
    return Fail(value, absl::StrCat("more than ", kMaxPolicyRules, " rules"));
  }
  policy_.sources.push_back({file(), value.line});
  v1::PolicyRule& rule = *policy_.rules.Add();
  Keys keys = {{"id", ToText(rule.mutable_id())},
               {"severity", [&](const Value& text) { return Severity(text, rule); }},
               {"reason", ToText(rule.mutable_reason())},
               {"sysctl", [&](const Value& text) { return Sysctl(text, rule); }}};
  Keys comparisons = ComparisonKeys(rule);
  std::move(comparisons.begin(), comparisons.end(), std::back_inserter(keys));
  keys.push_back({"select", [&](const Value& map) {
                    Keys selectors = SelectorKeys(*rule.mutable_filter(), rule.mutable_workload_pattern());
                    selectors.push_back({"image", ToPattern(rule.mutable_image_pattern())});
                    return ReadKeys(map, selectors);
                  }});
  keys.push_back({"exceptions", [&](const Value& list) {
                    return ReadList(list,
                                    [&](const Value& one) { return Exception(one, *rule.add_exceptions()); });
                  }});
  RETURN_IF_ERROR(ReadKeys(value, keys));
  if (rule.severity() == v1::SEVERITY_UNSPECIFIED) rule.set_severity(v1::SEVERITY_WARNING);
  return CheckRule(value, rule);
}

absl::Status Reader::Document(const YAML::Node& root) {
  constexpr char kNoRules[] = "no rules; `listenq audit --print-default` prints a policy to start from";
  spent_ = 0;
  for (const v1::PolicyRule& rule : policy_.rules) spent_ += rule.ByteSizeLong();
  if (!root.IsDefined() || root.IsNull()) return Error(1, kNoRules);
  const int line = LineOf(root.Mark(), 1);
  if (!root.IsMap()) return Error(line, "must be a map with the key rules");
  const int before = policy_.rules.size();
  const Keys keys = {{"rules", [&](const Value& list) {
                        if (list.node.IsNull() || (list.node.IsSequence() && list.node.size() == 0)) {
                          return Error(list.line, kNoRules);
                        }
                        return ReadList(list, [&](const Value& value) { return Rule(value); });
                      }}};
  RETURN_IF_ERROR(ReadKeys({.path = "", .line = line, .node = root}, keys));
  return policy_.rules.size() == before ? Error(line, kNoRules) : absl::OkStatus();
}

absl::StatusOr<std::string> ReadText(int fd, const std::string& name) {
  std::string text;
  char buffer[16 << 10];
  while (true) {
    const ssize_t length = read(fd, buffer, sizeof(buffer));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) {
      return absl::InvalidArgumentError(sys::ErrnoStatus(errno, absl::StrCat("read ", name)).message());
    }
    if (length == 0) return text;
    text.append(buffer, static_cast<size_t>(length));
    if (text.size() > kMaxPolicyFileBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("read ", name, ": larger than ", kMaxPolicyFileBytes >> 20, " MiB"));
    }
  }
}

}  // namespace

absl::Status AddPolicy(const std::string& file, const std::string& text, Policy& policy) {
  Reader reader(file, policy);
  return reader.Parse(text, [&reader](const YAML::Node& root) { return reader.Document(root); });
}

absl::StatusOr<Policy> ReadPolicy(const std::vector<std::string>& files) {
  Policy policy;
  for (const std::string& file : files) {
    if (file == "-") {
      ASSIGN_OR_RETURN(const std::string text, ReadText(STDIN_FILENO, "<stdin>"));
      RETURN_IF_ERROR(AddPolicy("<stdin>", text, policy));
      continue;
    }
    const sys::UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
      return absl::InvalidArgumentError(sys::ErrnoStatus(errno, absl::StrCat("read ", file)).message());
    }
    ASSIGN_OR_RETURN(const std::string text, ReadText(fd.get(), file));
    RETURN_IF_ERROR(AddPolicy(file, text, policy));
  }
  return policy;
}

}  // namespace listenq::client
