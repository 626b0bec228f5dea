// Parsers of the files below /proc/PID/net: bytes in, values out.
#ifndef LISTENQ_AGENT_COLLECT_PROC_NET_H_
#define LISTENQ_AGENT_COLLECT_PROC_NET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/model/counters.h"
#include "agent/model/listener.h"

namespace listenq::collect {

// netstat and snmp: pairs of lines, names and values. The columns vary by kernel, hardly by namespace: the
// parser remembers the names it saw last and shares them between the results.
// Threading: one thread.
class CounterParser {
 public:
  // InvalidArgument names the line that is not as expected.
  absl::StatusOr<model::Counters> Parse(absl::string_view file);

 private:
  // The header lines behind names_, one after the other.
  std::string headers_;
  std::shared_ptr<const model::CounterNames> names_;
};

// sockstat and sockstat6: fills in what the file has.
absl::Status ParseSockstat(absl::string_view file, model::SocketCounts* counts);

// The listeners of tcp or tcp6. There is no limit, cookie or drop count in it. Entries that are no valid line
// are InvalidArgument.
absl::StatusOr<std::vector<model::ListenerReading>> ParseTcpTable(absl::string_view file);

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_PROC_NET_H_
