// A verdict on a namespace or one of its listeners.
#ifndef LISTENQ_AGENT_MODEL_FINDING_H_
#define LISTENQ_AGENT_MODEL_FINDING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/snapshot.h"

namespace listenq::model {

// Info: good to know. Warning: will hurt under more load, or did. Critical: connections are being lost.
enum class Severity : uint8_t { kInfo, kWarning, kCritical };

// A number that a verdict rests on.
struct Evidence {
  // The kernel's name of a counter, field or sysctl.
  std::string name;
  // A number, or a sysctl's value.
  std::string value;
  // Over which time, where it is a difference; zero where it is not.
  absl::Duration window;
  bool operator==(const Evidence&) const = default;
};

struct Finding {
  // "backlog-too-small".
  std::string rule_id;
  Severity severity = Severity::kInfo;
  // Of the snapshot that was looked at, which must outlive it.
  const Namespace* ns = nullptr;
  // Null: about the namespace.
  const Listener* listener = nullptr;
  // Since when it holds.
  absl::Time since;
  std::vector<Evidence> evidence;
  // Two sentences at most.
  std::string explanation;
  // Text to paste; several ways are lines of their own.
  std::string fix;
  // What the fix costs; "" is nothing worth a word.
  std::string price;
  // What does not help though it seems so; "" for nothing.
  std::string no_help;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_FINDING_H_
