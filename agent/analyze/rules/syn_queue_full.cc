#include "agent/analyze/rules/syn_queue_full.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/losses.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kSyncookies = "net.ipv4.tcp_syncookies";
constexpr absl::string_view kMaxSynBacklog = "net.ipv4.tcp_max_syn_backlog";
// As many cookies are more than a short burst.
constexpr uint64_t kManyCookies = 100;
constexpr absl::string_view kAttackOrPath =
    "; if those clients never come back with the third segment, it is a flood, or the path loses the answers";

void AddSysctl(const Case& the_case, absl::string_view name, model::Finding* finding) {
  const std::string* value = SysctlText(the_case.ns, name);
  if (value != nullptr) finding->evidence.push_back({.name = std::string(name), .value = *value});
}

// The one listener that can have lost them; null where several can.
const model::Listener* OnlyListener(const Case& the_case, const model::DropEpisode& episode) {
  if (episode.shares.size() != 1 || episode.unattributed > 0) return nullptr;
  const uint64_t key = model::ListenerKey(episode.shares.front().listener);
  const auto& listeners = the_case.ns.listeners;
  const auto found = std::find_if(listeners.begin(), listeners.end(), [&](const model::Listener& listener) {
    return model::ListenerKey(listener.reading) == key;
  });
  return found == listeners.end() ? nullptr : &*found;
}

// The SYN queue's bound is the listener's limit (inet_csk_reqsk_queue_is_full).
void DescribeFull(const Case& the_case, const model::DropEpisode& episode, model::Finding* finding) {
  finding->evidence.push_back({.name = "TcpExtTCPReqQFullDrop",
                               .value = absl::StrCat(episode.counts.syn_queue_full),
                               .window = episode.last - episode.start});
  AddSysctl(the_case, kSyncookies, finding);
  finding->explanation = absl::StrCat(
      "The SYN queue of a listener was full, which holds as many as its limit, "
      "and SYN cookies are off: ",
      episode.counts.syn_queue_full, " attempts were refused silently.");
  finding->fix = absl::StrCat(SysctlAdvice(the_case.ns, kSyncookies, "1"),
                              "\nor a larger backlog of the listener", kAttackOrPath);
  finding->no_help = "raising net.ipv4.tcp_max_syn_backlog: the listener's limit was reached first";
}

// Fewer than a quarter of tcp_max_syn_backlog were left (tcp_conn_request). No counter says so.
void DescribeProbable(const Case& the_case, const model::DropEpisode& episode, model::Finding* finding) {
  finding->evidence.push_back({.name = "TcpExtListenDrops beyond TcpExtListenOverflows",
                               .value = absl::StrCat(episode.counts.probably_syn_queue),
                               .window = episode.last - episode.start});
  AddSysctl(the_case, kSyncookies, finding);
  AddSysctl(the_case, kMaxSynBacklog, finding);
  finding->explanation = absl::StrCat(
      episode.counts.probably_syn_queue,
      " attempts were lost without an overflow of the accept queue. SYN cookies are off, so three "
      "quarters of net.ipv4.tcp_max_syn_backlog were probably in use.");
  finding->fix = SysctlAdvice(the_case.ns, kSyncookies, "1");
  if (const std::optional<uint64_t> bound = SysctlNumberOf(the_case.ns, kMaxSynBacklog); bound.has_value()) {
    const uint64_t raised = std::max<uint64_t>(*bound * 4, 4096);
    absl::StrAppend(&finding->fix, "\nor ", SysctlAdvice(the_case.ns, kMaxSynBacklog, absl::StrCat(raised)));
  }
  absl::StrAppend(&finding->fix, kAttackOrPath);
}

// The newest episode in which SYN queues lost something; null for none.
const model::DropEpisode* SynQueueLoss(const Case& the_case) {
  const auto* const found =
      std::find_if(the_case.episodes.begin(), the_case.episodes.end(), [](const model::DropEpisode& episode) {
        return episode.counts.syn_queue_full > 0 || episode.counts.probably_syn_queue > 0;
      });
  return found == the_case.episodes.end() ? nullptr : found;
}

// A segment that brings its cookie back is counted each time: while the accept queue is full the client
// repeats it.
std::string CameBack(uint64_t sent, uint64_t received) {
  if (received <= sent) return absl::StrCat(received, " of them came back as connections.");
  return absl::StrCat(
      "They came back ", received,
      " times: more often than they were sent, since clients repeat while the accept queue is "
      "full.");
}

// With tcp_syncookies=2 every SYN is answered by a cookie, and with a full accept queue by none.
void CheckCookies(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::CounterIncrease* sent = IncreaseOf(the_case.ns, "TcpExtSyncookiesSent");
  if (sent == nullptr || sent->by == 0 || SysctlNumberOf(the_case.ns, kSyncookies) != 1) return;
  model::Finding finding;
  finding.severity = sent->by >= kManyCookies ? model::Severity::kWarning : model::Severity::kInfo;
  finding.since = sent->first;
  for (const absl::string_view counter :
       {"TcpExtSyncookiesSent", "TcpExtSyncookiesRecv", "TcpExtSyncookiesFailed"}) {
    finding.evidence.push_back(IncreaseEvidence(the_case.ns, counter));
  }
  finding.explanation =
      absl::StrCat("The SYN queue of a listener is full at times; ", sent->by,
                   " attempts were answered by SYN cookies, which lose none but carry fewer TCP options. ",
                   CameBack(sent->by, IncreaseBy(the_case.ns, "TcpExtSyncookiesRecv")));
  finding.fix =
      "if most of them come back: a larger backlog of the listener (the SYN queue holds as many)\nif hardly "
      "any "
      "comes back: it is a flood, or the path loses the answers; keep net.ipv4.tcp_syncookies=1";
  finding.no_help = "raising net.ipv4.tcp_max_syn_backlog: it bounds nothing while SYN cookies are on";
  findings->push_back(std::move(finding));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::DropEpisode* episode = SynQueueLoss(the_case);
  if (episode == nullptr) return CheckCookies(the_case, findings);
  model::Finding finding;
  finding.severity = SeverityOf(episode->last, the_case.now);
  finding.listener = OnlyListener(the_case, *episode);
  finding.since = episode->start;
  if (episode->counts.syn_queue_full > 0) {
    DescribeFull(the_case, *episode, &finding);
  } else {
    DescribeProbable(the_case, *episode, &finding);
  }
  findings->push_back(std::move(finding));
}

}  // namespace

const Rule kSynQueueFull = {
    .id = "syn-queue-full",
    .summary = "attempts are lost to a full SYN queue, or answered by cookies because it is full",
    .check = Check};

}  // namespace listenq::analyze
