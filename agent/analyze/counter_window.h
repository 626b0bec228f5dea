// How far the counters that rules look at rose in the last quarter of an hour.
#ifndef LISTENQ_AGENT_ANALYZE_COUNTER_WINDOW_H_
#define LISTENQ_AGENT_ANALYZE_COUNTER_WINDOW_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/model/counter_increases.h"
#include "agent/model/counters.h"

namespace listenq::analyze {

// What the kernel counted before the first reading is never in it. A counter that went down, or a pause
// between readings that is longer than the window, is a new beginning. Holds memory only for minutes in which
// something moved.
//
// Threading: none; one thread uses it.
class CounterWindow {
 public:
  static constexpr int64_t kMinutes = 15;
  static constexpr absl::Duration kLength = absl::Minutes(kMinutes);
  // The counters, by nstat's names.
  static constexpr std::array<absl::string_view, 22> kCounters = {
      "TcpExtListenDrops",        "TcpExtListenOverflows",
      "TcpExtTCPReqQFullDrop",    "TcpExtTCPReqQFullDoCookies",
      "TcpExtSyncookiesSent",     "TcpExtSyncookiesRecv",
      "TcpExtSyncookiesFailed",   "TcpExtEmbryonicRsts",
      "TcpExtTCPDeferAcceptDrop", "TcpExtTCPTimeWaitOverflow",
      "TcpExtPAWSPassive",        "TcpExtPAWSActive",
      "TcpExtPAWSEstab",          "TcpExtPAWSTimewait",
      "TcpExtTCPSynRetrans",      "TcpExtTCPTimeouts",
      "TcpPassiveOpens",          "TcpActiveOpens",
      "TcpAttemptFails",          "TcpRetransSegs",
      "UdpInDatagrams",           "UdpRcvbufErrors"};

  // One reading of both files.
  void Add(const model::Counters& netstat, const model::Counters& snmp, absl::Time time);
  // Null before the second reading.
  [[nodiscard]] std::shared_ptr<const model::CounterIncreases> Increases() const;

 private:
  // A minute in which a counter moved. An increase belongs to the minute of the reading that shows it.
  struct Minute {
    int64_t number = 0;
    // The reading before the first that showed one, and the last.
    absl::Time start;
    absl::Time end;
    std::array<uint32_t, kCounters.size()> by{};
  };

  void Expire(absl::Time now);
  Minute& MinuteOf(absl::Time time);

  std::array<std::optional<uint64_t>, kCounters.size()> last_;
  std::array<bool, kCounters.size()> read_twice_{};
  std::vector<Minute> minutes_;  // the oldest first
  absl::Time first_time_ = absl::InfinitePast();
  absl::Time last_time_ = absl::InfinitePast();
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_COUNTER_WINDOW_H_
