// JSON that other programs wrote.
#ifndef LISTENQ_AGENT_SYS_JSON_H_
#define LISTENQ_AGENT_SYS_JSON_H_

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"

namespace listenq::sys {

// Null for what is no JSON, or nested deeper than any of those programs would. `is_read` says of which keys
// the values are kept; null is all.
nlohmann::json ParseJson(absl::string_view text, bool (*is_read)(const std::string& key) = nullptr);

// The value below `path`, member by member; null where there is none.
const nlohmann::json& Child(const nlohmann::json& value, std::initializer_list<const char*> path);

}  // namespace listenq::sys

#endif  // LISTENQ_AGENT_SYS_JSON_H_
