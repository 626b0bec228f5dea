// Readings and values for the tests of this folder.
#ifndef LISTENQ_TESTS_AGENT_ANALYZE_BUILDERS_H_
#define LISTENQ_TESTS_AGENT_ANALYZE_BUILDERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/counters.h"
#include "agent/model/drop.h"
#include "agent/model/listener.h"
#include "agent/model/reading.h"
#include "agent/model/snapshot.h"
#include "agent/model/sysctl.h"

namespace listenq::analyze {

inline absl::Time At(double seconds) { return absl::FromUnixSeconds(1'700'000'000) + absl::Seconds(seconds); }

inline model::ListenerReading Socket(uint64_t cookie, uint32_t queue = 0, uint32_t sk_drops = 0,
                                     uint32_t limit = 128) {
  model::ListenerReading reading;
  reading.port = 80;
  reading.cookie = cookie;
  reading.inode = cookie + 1000;
  reading.queue = queue;
  reading.limit = limit;
  reading.sk_drops = sk_drops;
  return reading;
}

inline model::Counters Netstat(uint64_t drops, uint64_t overflows, uint64_t req_queue_full = 0) {
  static const auto kNames = std::make_shared<const model::CounterNames>(
      std::vector<std::string>{"TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtTCPReqQFullDrop"});
  return {.names = kNames, .values = {overflows, drops, req_queue_full}};
}

inline std::shared_ptr<const model::Sysctls> SysctlsWith(
    const std::vector<std::pair<std::string, std::string>>& values) {
  auto sysctls = std::make_shared<model::Sysctls>();
  sysctls->values.resize(model::SysctlTable().size());
  for (const auto& [name, value] : values) sysctls->values.at(*model::FindSysctl(name)).value = value;
  return sysctls;
}

// A full visit in which nothing was dropped between the two looks at the counters.
inline model::NamespaceReading Full(double seconds, std::vector<model::ListenerReading> listeners,
                                    uint64_t drops = 0, uint64_t overflows = 0) {
  model::NamespaceReading reading;
  reading.time = At(seconds);
  reading.listeners = std::move(listeners);
  reading.netstat_before = Netstat(drops, overflows);
  reading.netstat_after = reading.netstat_before;
  return reading;
}

inline model::RefreshReading Refresh(double seconds, std::vector<model::ListenerReading> listeners,
                                     size_t missing = 0) {
  return {.time = At(seconds), .listeners = std::move(listeners), .missing = missing};
}

inline std::shared_ptr<const model::NetnsId> Netns(model::NetnsSerial serial) {
  auto id = std::make_shared<model::NetnsId>();
  id->serial = serial;
  return id;
}

inline std::shared_ptr<model::Namespace> Value(model::NetnsSerial serial,
                                               const std::vector<model::ListenerReading>& listeners) {
  auto value = std::make_shared<model::Namespace>();
  value->id = Netns(serial);
  for (const model::ListenerReading& reading : listeners) value->listeners.emplace_back().reading = reading;
  return value;
}

inline model::DropShare Share(uint64_t cookie, uint64_t min, uint64_t max, uint32_t peak_queue = 0) {
  return {.listener = Socket(cookie), .drops = {.min = min, .max = max}, .peak_queue = peak_queue};
}

inline model::DropEvent Event(model::NetnsSerial serial, double start, double end, uint64_t overflows,
                              std::vector<model::DropShare> shares = {}) {
  model::DropEvent event{.netns = Netns(serial), .start = At(start), .end = At(end)};
  event.counts.accept_queue_full = overflows;
  event.unattributed = overflows;
  for (model::DropShare& share : shares) {
    share.start = event.start;
    share.last = event.end;
    event.unattributed -= share.drops.min;
  }
  event.shares = std::move(shares);
  return event;
}

}  // namespace listenq::analyze

#endif  // LISTENQ_TESTS_AGENT_ANALYZE_BUILDERS_H_
