// JSON that other programs wrote: what is not as expected counts as absent.
#ifndef LISTENQ_AGENT_DISCOVER_FOREIGN_JSON_H_
#define LISTENQ_AGENT_DISCOVER_FOREIGN_JSON_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "agent/discover/names.h"

namespace listenq::discover {

inline constexpr size_t kMaxJsonBytes = size_t{4} << 20;
// Of one name, path or image.
inline constexpr size_t kMaxJsonTextBytes = 4096;

// Null for what is no JSON, too long, or nested too deep to be from a runtime.
nlohmann::json ParseJson(absl::string_view text);

// "" for what is no string, or longer than `max_bytes`.
std::string TextOf(const nlohmann::json& value, size_t max_bytes = kMaxJsonTextBytes);

// 0 for what is no natural number.
uint64_t NumberOf(const nlohmann::json& value);

// Those of the network that have a text as value, by name with dots; at most kMaxSysctls. `value` null: there
// are none, an empty map. Null for what is no object.
inline constexpr size_t kMaxSysctls = 256;
inline constexpr size_t kMaxSysctlBytes = 256;
std::shared_ptr<const SysctlMap> NetSysctlsOf(const nlohmann::json& value);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_FOREIGN_JSON_H_
