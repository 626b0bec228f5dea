// Counts of connections as lines, for the tests of this room.
#ifndef LISTENQ_TESTS_AGENT_COLLECT_CONNECTION_LINES_H_
#define LISTENQ_TESTS_AGENT_COLLECT_CONNECTION_LINES_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/model/connections.h"
#include "agent/model/listener.h"

namespace listenq::test {

// "address port ports_in_use time_wait", in order.
inline std::vector<std::string> Destinations(const model::ConnectionCounts& counts) {
  std::vector<std::string> lines;
  for (const model::DestinationPorts& row : counts.destinations) {
    lines.push_back(
        absl::StrCat(model::ToString(row.address), " ", row.port, " ", row.ports_in_use, " ", row.time_wait));
  }
  return lines;
}

// "address port syn_recv", in order.
inline std::vector<std::string> SynQueues(const model::ConnectionCounts& counts) {
  std::vector<std::string> lines;
  for (const model::SynQueue& row : counts.syn_queues) {
    lines.push_back(absl::StrCat(model::ToString(row.address), " ", row.port, " ", row.syn_recv));
  }
  return lines;
}

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_AGENT_COLLECT_CONNECTION_LINES_H_
