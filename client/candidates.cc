#include "client/candidates.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/ascii.h"

namespace listenq::client {
namespace {

bool IsAnyOf(const std::string& name, const std::vector<std::string>& names) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

bool HasPattern(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.find_first_of("*?") != std::string::npos; });
}

std::string NameOf(const v1::Owner& owner, NameKind kind, const Selection& selection) {
  if (kind == NameKind::kNamespaces) return owner.namespace_();
  if (!IsAnyOf(owner.namespace_(), selection.namespaces)) return "";
  if (kind == NameKind::kPods) return owner.pod();
  const bool of_pod = HasPattern(selection.pods) || IsAnyOf(owner.pod(), selection.pods);
  return of_pod ? owner.container() : "";
}

std::vector<std::string> Offerable(const std::set<std::string>& names) {
  std::vector<std::string> offerable;
  std::copy_if(names.begin(), names.end(), std::back_inserter(offerable),
               [](const std::string& name) { return IsOfferable(name); });
  return offerable;
}

}  // namespace

bool IsOfferable(absl::string_view name) {
  return !name.empty() && name[0] != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::string_view("._-/@%+").find(c) != absl::string_view::npos;
  });
}

std::vector<std::string> CandidatesFrom(const Answer<v1::Namespace>& answer, NameKind kind,
                                        const Selection& selection) {
  std::set<std::string> names;
  for (const auto& item : answer.items) {
    const v1::Namespace& row = item.row;
    if (kind == NameKind::kNetns) {
      names.insert(row.netns().names().begin(), row.netns().names().end());
      if (row.netns().host()) names.insert("host");
      continue;
    }
    for (const v1::Owner& owner : row.owners()) names.insert(NameOf(owner, kind, selection));
  }
  return Offerable(names);
}

std::vector<std::string> CandidatesFrom(const Answer<v1::SysctlSummary>& answer) {
  std::set<std::string> names;
  for (const auto& item : answer.items) names.insert(item.row.name());
  return Offerable(names);
}

std::vector<std::string> CandidatesFrom(const Answer<v1::Finding>& answer) {
  std::set<std::string> names;
  for (const auto& item : answer.items) names.insert(item.row.rule_id());
  return Offerable(names);
}

}  // namespace listenq::client
