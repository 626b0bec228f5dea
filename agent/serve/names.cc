#include "agent/serve/names.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/model/sysctl.h"
#include "agent/serve/glob.h"
#include "agent/serve/quoted.h"

namespace listenq::serve {
namespace {

// A name further away is no misspelling.
constexpr size_t kMaxDistance = 3;
// Lists of names: netstat and snmp, and one to spare while the kernel's modules come and go.
constexpr size_t kMaxChosen = 4;

constexpr std::array<absl::string_view, 13> kDefaultCounters = {"TcpExtListenDrops",
                                                                "TcpExtListenOverflows",
                                                                "TcpExtTCPReqQFullDrop",
                                                                "TcpExtTCPReqQFullDoCookies",
                                                                "TcpExtSyncookiesSent",
                                                                "TcpExtEmbryonicRsts",
                                                                "TcpExtTCPTimeWaitOverflow",
                                                                "TcpActiveOpens",
                                                                "TcpPassiveOpens",
                                                                "TcpAttemptFails",
                                                                "TcpCurrEstab",
                                                                "TcpRetransSegs",
                                                                "UdpRcvbufErrors"};

// The tables of netstat and snmp; the longer of two that share a beginning first.
constexpr std::array<absl::string_view, 9> kTables = {"TcpExt",  "IpExt", "MPTcpExt", "UdpLite", "Udp",
                                                      "IcmpMsg", "Icmp",  "Tcp",      "Ip"};

// Levenshtein's, one row at a time.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j - 1] + 1, above + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Suggestion(absl::string_view unknown) {
  // No name of a sysctl is so long; the distance of a huge one is not worth computing.
  if (unknown.size() > 100) return "";
  absl::string_view nearest;
  size_t least = kMaxDistance + 1;
  for (const model::SysctlInfo& info : model::SysctlTable()) {
    const size_t distance = EditDistance(unknown, info.name);
    if (distance < least) {
      least = distance;
      nearest = info.name;
    }
  }
  return nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? ");
}

bool IsPlain(absl::string_view name) {
  return !name.empty() && name.size() < 100 && std::all_of(name.begin(), name.end(), absl::ascii_isgraph);
}

absl::Status Unknown(absl::string_view name) {
  const absl::string_view what = IsGlob(name) ? "no sysctl matches " : "unknown sysctl ";
  return absl::InvalidArgumentError(absl::StrCat(what, IsPlain(name) ? std::string(name) : Quoted(name), "; ",
                                                 Suggestion(name), "`listenq sysctls` lists what is read"));
}

absl::string_view WithoutTable(absl::string_view name) {
  for (const absl::string_view table : kTables) {
    if (absl::StartsWith(name, table)) return name.substr(table.size());
  }
  return name;
}

}  // namespace

absl::StatusOr<std::vector<size_t>> SelectSysctls(const std::vector<std::string>& names) {
  const auto& table = model::SysctlTable();
  std::set<size_t> selected;
  for (const std::string& name : names) {
    bool found = false;
    for (size_t i = 0; i < table.size(); ++i) {
      if (!GlobMatches(name, table[i].name)) continue;
      selected.insert(i);
      found = true;
    }
    if (!found) return Unknown(name);
  }
  return std::vector<size_t>(selected.begin(), selected.end());
}

CounterSelection::CounterSelection(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  if (!patterns_.empty()) return;
  for (const absl::string_view name : kDefaultCounters) patterns_.emplace_back(name);
}

bool CounterSelection::Wants(absl::string_view name) const {
  const absl::string_view bare = WithoutTable(name);
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
    return GlobMatches(pattern, name) || GlobMatches(pattern, bare);
  });
}

const std::vector<size_t>& CounterSelection::In(const std::shared_ptr<const model::CounterNames>& names) {
  for (const Chosen& chosen : chosen_) {
    if (chosen.names == names) return chosen.positions;
  }
  if (chosen_.size() == kMaxChosen) chosen_.erase(chosen_.begin());
  Chosen& chosen = chosen_.emplace_back(Chosen{.names = names});
  for (size_t i = 0; i < names->names().size(); ++i) {
    if (Wants(names->names()[i])) chosen.positions.push_back(i);
  }
  return chosen.positions;
}

}  // namespace listenq::serve
