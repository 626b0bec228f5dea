// Which network namespace.
#ifndef LISTENQ_AGENT_MODEL_NETNS_H_
#define LISTENQ_AGENT_MODEL_NETNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace listenq::model {

// A number that this agent gave a namespace at first sight; never given twice in the agent's life.
using NetnsSerial = uint64_t;

struct NetnsId {
  NetnsSerial serial = 0;
  // SO_NETNS_COOKIE: unique for the boot. Absent before Linux 5.14, or where the namespace can't be entered.
  std::optional<uint64_t> cookie;
  // fstat of the namespace file. Inode numbers are reused after the namespace died.
  uint64_t dev = 0;
  uint64_t inode = 0;
  absl::Time first_seen;
  // Last parts of the paths of its bind mounts, sorted.
  std::vector<std::string> names;
  // It is the node's own.
  bool host = false;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_NETNS_H_
