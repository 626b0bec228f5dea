#include <nlohmann/json.hpp>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/version.h"
#include "client/audit.h"
#include "client/command_line.h"
#include "client/words.h"

namespace listenq::client {
namespace {

using Json = nlohmann::ordered_json;

Json Message(const std::string& text) { return {{"text", text}}; }

const char* LevelOf(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_CRITICAL:
      return "error";
    case v1::SEVERITY_INFO:
      return "note";
    default:
      return "warning";
  }
}

// A path as a URI reference (RFC 3986): absolute ones are file URIs.
std::string UriOf(const std::string& path) {
  std::string uri = absl::StartsWith(path, "/") ? "file://" : "";
  for (const char c : path) {
    const bool plain =
        absl::ascii_isalnum(c) || absl::string_view("/-._~").find(c) != absl::string_view::npos;
    if (plain) {
      uri += c;
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

Json RuleJson(const v1::PolicyRule& rule) {
  Json json = {{"id", rule.id()},
               {"shortDescription", Message(absl::StrCat(rule.sysctl(), " ", Requirement(rule)))}};
  if (!rule.reason().empty()) json["fullDescription"] = Message(rule.reason());
  json["defaultConfiguration"] = {{"level", LevelOf(rule.severity())}};
  json["properties"] = {{"severity", SeverityText(rule.severity())}, {"sysctl", rule.sysctl()}};
  return json;
}

Json LogicalLocation(const std::string& kind, const std::string& name, const std::string& full_name) {
  return {{"name", name}, {"fullyQualifiedName", full_name}, {"kind", kind}};
}

// Node, network namespace, and each pod or container in it.
Json LogicalLocations(const std::string& node_name, const v1::Finding& violation) {
  Json locations = Json::array();
  const std::string node = node_name.empty() ? "node" : node_name;
  if (!violation.netns().host()) {
    for (const v1::Owner& owner : violation.owners()) {
      const std::string pod = absl::StrCat(owner.namespace_(), "/", owner.pod());
      const bool has_pod = !owner.pod().empty();
      if (has_pod && owner.container().empty()) locations.push_back(LogicalLocation("pod", owner.pod(), pod));
      if (owner.container().empty()) continue;
      const std::string container = has_pod ? absl::StrCat(pod, "/", owner.container()) : owner.container();
      locations.push_back(LogicalLocation("container", owner.container(), container));
    }
  }
  const std::string netns = NetnsName(violation.netns());
  locations.push_back(LogicalLocation("netns", netns, absl::StrCat(node, "/netns/", netns)));
  return locations;
}

// "workload/v1" is the same for the pods of a Deployment and after a rollout, "subject/v1" for this pod only.
Json Fingerprints(const std::string& node_name, const v1::Finding& violation) {
  const Owners owners = violation.netns().host() ? Owners() : violation.owners();
  const bool has_pod = PodOf(owners) != kNone;
  const std::string workload = has_pod && !owners[0].workload().empty()
                                   ? absl::StrCat(owners[0].namespace_(), "/", owners[0].workload())
                                   : AuditSubject(violation);
  // A pod has one name in the cluster, a network namespace one on its node.
  const std::string subject =
      has_pod ? AuditSubject(violation) : absl::StrCat(node_name, "/", AuditSubject(violation));
  return {{"workload/v1", absl::StrCat(violation.rule_id(), ":", workload)},
          {"subject/v1", absl::StrCat(violation.rule_id(), ":", subject)}};
}

Json Location(const PolicySource& source, Json logical) {
  Json location;
  if (source.file != "<stdin>") {
    location["physicalLocation"] = {{"artifactLocation", {{"uri", UriOf(source.file)}}},
                                    {"region", {{"startLine", source.line}}}};
  }
  location["logicalLocations"] = std::move(logical);
  return location;
}

Json ResultJson(const AuditReport& report, size_t rule, size_t item) {
  const auto& [node_name, row] = report.answer.items[item];
  const std::string text =
      absl::StrCat(AuditSubject(row), ": ", row.explanation(), row.fix().empty() ? "" : "\n", row.fix());
  Json json = {
      {"ruleId", row.rule_id()}, {"ruleIndex", rule}, {"level", LevelOf(row.severity())}, {"kind", "fail"}};
  json["message"] = Message(text);
  json["locations"] = Json::array({Location(report.policy.sources[rule], LogicalLocations(node_name, row))});
  json["partialFingerprints"] = Fingerprints(node_name, row);
  Json properties = {{"nodeName", node_name}, {"netnsInode", absl::StrCat(row.netns().inode())}};
  for (const v1::Evidence& evidence : row.evidence())
    properties["evidence"][evidence.name()] = evidence.value();
  json["properties"] = std::move(properties);
  return json;
}

Json Notification(const char* level, const std::string& text) {
  return {{"level", level}, {"message", Message(text)}};
}

Json Invocation(const AuditReport& report) {
  const bool is_complete = report.gaps.empty();
  Json notes = Json::array();
  for (const std::string& gap : report.gaps) notes.push_back(Notification("error", "incomplete: " + gap));
  for (const v1::NodeStatus& status : report.answer.node_statuses) {
    if (status.state() == v1::NODE_STATE_OK) continue;
    notes.push_back(
        Notification("warning", absl::StrCat(status.node_name(), ": ", StateText(status.state()),
                                             status.message().empty() ? "" : ": ", status.message())));
  }
  return {{"executionSuccessful", is_complete},
          {"exitCode", report.exit_code},
          {"toolExecutionNotifications", std::move(notes)}};
}

}  // namespace

std::string AuditToSarif(const AuditReport& report) {
  Json rules = Json::array();
  Json results = Json::array();
  for (size_t i = 0; i < report.rules.size(); ++i) {
    rules.push_back(RuleJson(report.policy.rules[static_cast<int>(i)]));
    for (const size_t item : report.rules[i].violations) results.push_back(ResultJson(report, i, item));
  }
  const Json driver = {{"name", "listenq"}, {"version", base::Version()}, {"rules", std::move(rules)}};
  Json run = {{"tool", {{"driver", driver}}},
              {"invocations", Json::array({Invocation(report)})},
              {"results", std::move(results)}};
  const Json log = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", Json::array({std::move(run)})}};
  // ASCII alone: what a container calls itself cannot reach a terminal.
  return log.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace listenq::client
