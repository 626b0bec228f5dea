#include "agent/analyze/rules/accept_too_slow.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/analyze/rules/acceptors.h"
#include "agent/analyze/rules/losses.h"

namespace listenq::analyze {
namespace {

std::string Cpus(const model::Wall& wall) {
  constexpr double kMilli = 1000;
  return absl::StrFormat("%.4g", static_cast<double>(wall.limit) / kMilli);
}

// Each says what was measured (the second sentence), adds the numbers, and what to do.
void BlameThrottling(const Case& the_case, const model::Wall& wall, model::Finding* finding) {
  const model::WallHits& by = wall.increase.by;
  finding->evidence.push_back({.name = std::string(wall.counter),
                               .value = absl::StrCat(by.hits, " of ", by.periods, " periods"),
                               .window = wall.increase.window});
  const std::string place = PlaceOf(the_case.ns, wall);
  absl::StrAppend(&finding->explanation, "Its ", place, " was out of CPU time in ", by.hits, " of ",
                  by.periods, " periods: its limit is ", Cpus(wall), " CPUs.");
  finding->fix =
      "raise the CPU limit or remove it: resources.limits.cpu of the container, docker run --cpus, CPUQuota= "
      "of the systemd service";
}

void BlameDescriptors(const model::Acceptor& acceptor, model::Finding* finding) {
  finding->evidence.push_back({.name = "open files of their limit", .value = Descriptors(acceptor)});
  absl::StrAppend(&finding->explanation, NameOf(acceptor), " has ", Descriptors(acceptor),
                  " descriptors open: without a free one accept(2) fails with EMFILE.");
  finding->fix = DescriptorAdvice();
}

void BlameNobody(const AcceptorList& acceptors, model::Finding* finding) {
  if (acceptors.empty()) {
    absl::StrAppend(
        &finding->explanation,
        "Whether a CPU limit or descriptors hold it back is not known: its processes could not be read.");
  } else {
    finding->evidence.push_back(
        {.name = "open files of their limit", .value = Descriptors(*acceptors.front())});
    absl::StrAppend(
        &finding->explanation,
        "Neither a CPU limit of its cgroup nor its descriptors hold it back, as far as could be seen.");
  }
  finding->fix =
      "more workers or threads that accept, or less work between two calls of accept(2)\n"
      "or several sockets on the port with SO_REUSEPORT, or more replicas";
}

model::Finding Describe(const Case& the_case, const model::Listener& listener, const Loss& loss) {
  const model::AcceptLag& lag = *listener.lag;
  const AcceptorList acceptors = AcceptorsOf(the_case.ns, listener);
  const absl::Duration high_for = std::min(lag.high_until, the_case.now) - lag.high_since;
  model::Finding finding;
  finding.listener = &listener;
  finding.severity = lag.is_high() ? SeverityOf(loss.last, the_case.now) : model::Severity::kWarning;
  finding.since = lag.high_since;
  finding.evidence = EvidenceOf(loss, listener);
  finding.evidence.push_back({.name = "queue", .value = absl::StrCat(listener.reading.queue)});
  finding.evidence.push_back({.name = "queue at 80 % of its limit or above for",
                              .value = absl::FormatDuration(absl::Trunc(high_for, absl::Seconds(1)))});
  finding.evidence.push_back({.name = "processes that share it", .value = ListNames(listener, acceptors)});
  finding.explanation =
      "The accept queue stays near its limit and loses attempts: connections come faster than they are "
      "accepted";
  absl::StrAppend(&finding.explanation,
                  IsPinned(listener) ? ", if any is: no sample saw room in it. " : ". ");
  const model::Acceptor* out_of_fds = FindOutOfDescriptors(acceptors);
  const model::Wall* throttling = FindThrottling(the_case.ns, acceptors);
  if (out_of_fds != nullptr) {
    BlameDescriptors(*out_of_fds, &finding);
  } else if (throttling != nullptr) {
    BlameThrottling(the_case, *throttling, &finding);
  } else {
    BlameNobody(acceptors, &finding);
  }
  if (IsPinned(listener) && !acceptors.empty()) {
    finding.fix = absl::StrCat("first see whether it accepts at all: cat /proc/", acceptors.front()->pid,
                               "/task/*/stack\n", finding.fix);
  }
  finding.no_help = "a larger backlog: while the queue never empties, clients only wait longer";
  return finding;
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  for (const model::Listener& listener : the_case.ns.listeners) {
    if (listener.lag == nullptr) continue;
    const std::optional<Loss> loss = OverflowLoss(the_case, listener);
    if (!loss.has_value() || !StaysFull(listener, *loss)) continue;
    if (FindStop(the_case, listener).has_value()) continue;
    findings->push_back(Describe(the_case, listener, *loss));
  }
}

}  // namespace

const Rule kAcceptTooSlow = {.id = "accept-too-slow",
                             .summary = "the accept queue stays near its limit and overflows",
                             .check = Check};

}  // namespace listenq::analyze
