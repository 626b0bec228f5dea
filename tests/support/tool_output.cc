#include "tests/support/tool_output.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace listenq::test {
namespace {

// "[fd00::1]:80", "127.0.0.1%lo:80", "*:80".
bool ParseLocal(absl::string_view text, SsListener* listener) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  uint32_t port = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port > UINT16_MAX) return false;
  listener->port = static_cast<uint16_t>(port);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text.substr(0, colon), absl::MaxSplits('%', 1));
  listener->device = std::string(parts.second);
  absl::string_view address = parts.first;
  if (absl::ConsumePrefix(&address, "[")) absl::ConsumeSuffix(&address, "]");
  listener->address = std::string(address);
  return true;
}

// "skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0)".
bool ParseSkmem(absl::string_view field, SsListener* listener) {
  const size_t at = field.rfind(",d");
  return at != absl::string_view::npos && absl::ConsumeSuffix(&field, ")") &&
         absl::SimpleAtoi(field.substr(at + 2), &listener->drops);
}

bool ParseField(absl::string_view field, SsListener* listener) {
  if (absl::StartsWith(field, "skmem:(")) return ParseSkmem(field, listener);
  if (absl::ConsumePrefix(&field, "ino:")) return absl::SimpleAtoi(field, &listener->inode);
  if (absl::ConsumePrefix(&field, "sk:")) return absl::SimpleHexAtoi(field, &listener->cookie);
  if (absl::ConsumePrefix(&field, "v6only:")) listener->v6_only = field == "1";
  return true;
}

bool ParseSsLine(absl::string_view line, SsListener* listener) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (fields.size() < 5 || fields[0] != "LISTEN") return false;
  bool ok = absl::SimpleAtoi(fields[1], &listener->queue) && absl::SimpleAtoi(fields[2], &listener->limit) &&
            ParseLocal(fields[3], listener);
  bool has_skmem = false;
  for (size_t i = 5; i < fields.size(); ++i) {
    ok = ok && ParseField(fields[i], listener);
    has_skmem = has_skmem || absl::StartsWith(fields[i], "skmem:(");
  }
  return ok && has_skmem;
}

template <typename Value>
Value OrDie(absl::StatusOr<Value>&& value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

}  // namespace

absl::StatusOr<std::vector<SsListener>> ParseSs(absl::string_view output) {
  std::vector<SsListener> listeners;
  for (const absl::string_view line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    if (!ParseSsLine(line, &listeners.emplace_back())) {
      return absl::InvalidArgumentError(absl::StrCat("parse line of ss: ", line));
    }
  }
  return listeners;
}

absl::StatusOr<std::map<std::string, uint64_t>> ParseNstat(absl::string_view output) {
  std::map<std::string, uint64_t> counters;
  for (const absl::string_view line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "#")) continue;
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    uint64_t value = 0;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[1], &value)) {
      return absl::InvalidArgumentError(absl::StrCat("parse line of nstat: ", line));
    }
    counters.emplace(fields[0], value);
  }
  return counters;
}

// Without a cgroup2 mount ss complains on stderr, once a socket.
std::vector<SsListener> RunSs(const NetnsRunner& netns) {
  return OrDie(ParseSs(netns.Exec("ss -lntmeHO 2>/dev/null")));
}

std::map<std::string, uint64_t> RunNstat(const NetnsRunner& netns) {
  return OrDie(ParseNstat(netns.Exec("nstat -asz")));
}

std::string RunSysctl(const NetnsRunner& netns, absl::string_view name) {
  const std::string output = netns.Exec(absl::StrCat("sysctl -n ", name));
  return std::string(absl::StripSuffix(output, "\n"));
}

}  // namespace listenq::test
