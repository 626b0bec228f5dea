#include "agent/sys/json.h"

#include <nlohmann/json.hpp>

namespace listenq::sys {

using nlohmann::json;

namespace {

// A level costs 60 times the byte that opens it.
constexpr int kMaxDepth = 64;

}  // namespace

json ParseJson(absl::string_view text, bool (*is_read)(const std::string& key)) {
  bool too_deep = false;
  const auto keep = [&too_deep, is_read](int depth, json::parse_event_t event, json& parsed) {
    too_deep |= depth > kMaxDepth;
    if (too_deep) return false;
    return is_read == nullptr || event != json::parse_event_t::key ||
           is_read(parsed.get_ref<const std::string&>());
  };
  json value = json::parse(text.begin(), text.end(), keep, /*allow_exceptions=*/false);
  if (too_deep || value.is_discarded()) return nullptr;
  return value;
}

const json& Child(const json& value, std::initializer_list<const char*> path) {
  static const json kAbsent;
  const json* at = &value;
  for (const char* name : path) {
    if (!at->is_object()) return kAbsent;
    const auto found = at->find(name);
    if (found == at->end()) return kAbsent;
    at = &*found;
  }
  return *at;
}

}  // namespace listenq::sys
