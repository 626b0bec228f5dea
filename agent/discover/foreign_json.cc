#include "agent/discover/foreign_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "agent/sys/json.h"

namespace listenq::discover {
namespace {

using absl::string_view;
using nlohmann::json;

// The two ways to write a sysctl swap their signs: net/ipv4/conf/eth0.1/forwarding is
// net.ipv4.conf.eth0/1.forwarding (sysctl.d(5); Kubernetes and Docker take both).
std::string WithDots(std::string name) {
  const size_t first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) {
    if (c == '/') {
      c = '.';
    } else if (c == '.') {
      c = '/';
    }
  }
  return name;
}

}  // namespace

json ParseJson(string_view text) {
  if (text.size() > kMaxJsonBytes) return nullptr;
  return sys::ParseJson(text);
}

std::string TextOf(const json& value, size_t max_bytes) {
  const auto* text = value.get_ptr<const json::string_t*>();
  return text == nullptr || text->size() > max_bytes ? std::string() : *text;
}

uint64_t NumberOf(const json& value) {
  const auto* number = value.get_ptr<const json::number_unsigned_t*>();
  return number == nullptr ? 0 : *number;
}

std::shared_ptr<const SysctlMap> NetSysctlsOf(const json& value) {
  if (!value.is_object() && !value.is_null()) return nullptr;
  auto sysctls = std::make_shared<SysctlMap>();
  for (const auto& [key, content] : value.items()) {
    if (sysctls->size() >= kMaxSysctls) break;
    std::string name = WithDots(key);
    if (!absl::StartsWith(name, "net.") || name.size() > kMaxSysctlBytes) continue;
    const auto* text = content.get_ptr<const json::string_t*>();
    if (text == nullptr || text->size() > kMaxSysctlBytes) continue;
    sysctls->insert_or_assign(std::move(name), *text);
  }
  return sysctls;
}

}  // namespace listenq::discover
