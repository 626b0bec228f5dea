#include "agent/analyze/rules/memory_walls.h"

#include <array>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/analyze/rules/process_walls.h"
#include "agent/analyze/rules/values.h"

namespace listenq::analyze {
namespace {

constexpr absl::string_view kTcpMem = "net.ipv4.tcp_mem";
constexpr absl::string_view kUdpErrors = "UdpRcvbufErrors";
// Fewer are a burst that no buffer holds.
constexpr uint64_t kFewestUdpErrors = 10;
// Of the datagrams that came.
constexpr uint64_t kUdpPercent = 1;

// In pages, of the whole node.
struct TcpMem {
  uint64_t pressure = 0;
  uint64_t high = 0;
};

std::optional<TcpMem> ReadTcpMem(const model::Namespace& host) {
  const std::string* text = SysctlText(host, kTcpMem);
  if (text == nullptr) return std::nullopt;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(*text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  TcpMem mem;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &mem.pressure) ||
      !absl::SimpleAtoi(parts[2], &mem.high)) {
    return std::nullopt;
  }
  return mem;
}

// Once a node, in its own namespace.
void CheckTcpMem(const Case& the_case, std::vector<model::Finding>* findings) {
  if (!the_case.ns.id->host) return;
  const std::optional<TcpMem> mem = ReadTcpMem(the_case.ns);
  const std::optional<uint32_t> pages = the_case.ns.sockets.tcp_memory_pages;
  if (!mem.has_value() || !pages.has_value() || *pages < mem->pressure) return;
  const bool over = *pages >= mem->high;
  model::Finding finding;
  finding.severity = over ? model::Severity::kCritical : model::Severity::kWarning;
  finding.since = the_case.ns.counters_time;
  finding.evidence = {{.name = "sockstat TCP mem", .value = absl::StrCat(*pages)},
                      {.name = std::string(kTcpMem), .value = FoldSpaces(*SysctlText(the_case.ns, kTcpMem))}};
  finding.explanation =
      over ? "TCP buffers of the whole node reached the third number of net.ipv4.tcp_mem (in pages). The "
             "kernel "
             "drops segments and refuses memory in every pod."
           : "TCP buffers of the whole node are beyond the second number of net.ipv4.tcp_mem (in pages). The "
             "kernel shrinks the windows of all connections in every pod.";
  finding.fix = absl::StrCat(
      "ss -tmp on the node and in its pods shows who holds much in Recv-Q and Send-Q (readers that are "
      "stuck)\nor "
      "sysctl -w net.ipv4.tcp_mem=\"",
      mem->pressure * 3 / 2, " ", mem->pressure * 2, " ", mem->pressure * 3, "\" on the node");
  finding.price =
      absl::StrCat("up to ", mem->pressure * 3 / 256, " MiB of the node's memory (pages of 4 KiB)");
  findings->push_back(std::move(finding));
}

void CheckUdp(const Case& the_case, std::vector<model::Finding>* findings) {
  const model::CounterIncrease* errors = IncreaseOf(the_case.ns, kUdpErrors);
  if (errors == nullptr || errors->by < kFewestUdpErrors) return;
  const uint64_t came = IncreaseBy(the_case.ns, "UdpInDatagrams") + errors->by;
  model::Finding finding;
  finding.severity =
      errors->by * 100 >= came * kUdpPercent ? model::Severity::kWarning : model::Severity::kInfo;
  finding.since = errors->first;
  finding.evidence = {IncreaseEvidence(the_case.ns, kUdpErrors),
                      IncreaseEvidence(the_case.ns, "UdpInDatagrams")};
  for (const absl::string_view name : {"net.core.rmem_default", "net.core.rmem_max"}) {
    const std::string* value = SysctlText(the_case.ns, name);
    if (value != nullptr) finding.evidence.push_back({.name = std::string(name), .value = *value});
  }
  finding.explanation = absl::StrCat(
      errors->by, " of ", came,
      " datagrams were lost because the receive buffer of their UDP socket was full. The application "
      "reads too slowly, or in bursts that are larger than the buffer.");
  finding.fix =
      "setsockopt(SO_RCVBUF) in the application, up to net.core.rmem_max (ss -unm: which socket, d is its "
      "drops)\n"
      "or sysctl -w net.core.rmem_max=8388608 net.core.rmem_default=8388608 on the node, then restart the "
      "application";
  finding.no_help = "a larger memory limit of the pod: the bound is the socket's own";
  findings->push_back(std::move(finding));
}

void Check(const Case& the_case, std::vector<model::Finding>* findings) {
  CheckTcpMem(the_case, findings);
  CheckUdp(the_case, findings);
  CheckProcessWalls(the_case, findings);
}

}  // namespace

const Rule kMemoryWalls = {.id = "memory-walls",
                           .summary = "memory, receive buffers, tasks or descriptors are used up",
                           .check = Check};

}  // namespace listenq::analyze
