#include "agent/collect/proc_net.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

// IcmpMsg has a column for every message type ever seen in the namespace: it would give every namespace names
// of its own. MaxConn is -1, no counter.
constexpr absl::string_view kVaryingTable = "IcmpMsg:";
constexpr absl::string_view kNoCounter = "TcpMaxConn";

absl::string_view TakeLine(absl::string_view* text) {
  const size_t end = text->find('\n');
  const absl::string_view line = text->substr(0, end);
  text->remove_prefix(end == absl::string_view::npos ? text->size() : end + 1);
  return line;
}

// "Tcp: A B" -> TcpA, TcpB.
void AppendNames(absl::string_view header, std::vector<std::string>* names) {
  const size_t colon = header.find(':');
  const absl::string_view prefix = header.substr(0, colon);
  for (const absl::string_view column :
       absl::StrSplit(header.substr(colon + 1), ' ', absl::SkipWhitespace())) {
    std::string name = absl::StrCat(prefix, column);
    if (name != kNoCounter) names->push_back(std::move(name));
  }
}

// Reads "Tcp: 1 -1 3"; `skip` is the position of the column that is no counter.
bool AppendValues(absl::string_view line, std::optional<size_t> skip, std::vector<uint64_t>* values) {
  const char* at = line.data() + std::min(line.find(':') + 1, line.size());
  const char* const end = line.data() + line.size();
  for (size_t column = 0; at != end; ++column) {
    while (at != end && *at == ' ') ++at;
    if (at == end) break;
    const bool negative = *at == '-';
    if (negative) ++at;
    uint64_t value = 0;
    const char* const digits = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
    if (at == digits || (at != end && *at != ' ')) return false;
    if (skip == column) continue;
    if (negative) return false;
    values->push_back(value);
  }
  return true;
}

std::optional<size_t> SkippedColumn(absl::string_view header) {
  if (!absl::StartsWith(header, "Tcp:")) return std::nullopt;
  const std::vector<absl::string_view> columns = absl::StrSplit(header, ' ', absl::SkipWhitespace());
  const auto found = std::find(columns.begin(), columns.end(), "MaxConn");
  if (found == columns.end()) return std::nullopt;
  return static_cast<size_t>(found - columns.begin()) - 1;  // without "Tcp:"
}

bool IsPair(absl::string_view header, absl::string_view values) {
  const size_t colon = header.find(':');
  return colon != absl::string_view::npos && absl::StartsWith(values, header.substr(0, colon + 1));
}

}  // namespace

absl::StatusOr<model::Counters> CounterParser::Parse(absl::string_view file) {
  model::Counters counters;
  if (names_ != nullptr) counters.values.reserve(names_->names().size());
  std::vector<absl::string_view> headers;
  size_t headers_bytes = 0;
  bool same = names_ != nullptr;
  while (!file.empty()) {
    const absl::string_view header = TakeLine(&file);
    const absl::string_view values = TakeLine(&file);
    if (!IsPair(header, values)) {
      return absl::InvalidArgumentError(
          absl::StrCat("parse counters: no pair of lines at \"", header.substr(0, 40), "\""));
    }
    if (absl::StartsWith(header, kVaryingTable)) continue;
    same = same && absl::string_view(headers_).substr(std::min(headers_bytes, headers_.size()),
                                                      header.size()) == header;
    headers_bytes += header.size();
    headers.push_back(header);
    if (!AppendValues(values, SkippedColumn(header), &counters.values)) {
      return absl::InvalidArgumentError(
          absl::StrCat("parse counters: not a number in \"", values.substr(0, 80), "\""));
    }
  }
  if (!same || headers_bytes != headers_.size()) {
    std::vector<std::string> names;
    headers_.clear();
    for (const absl::string_view header : headers) {
      AppendNames(header, &names);
      absl::StrAppend(&headers_, header);
    }
    names_ = std::make_shared<const model::CounterNames>(std::move(names));
  }
  if (counters.values.size() != names_->names().size()) {
    return absl::InvalidArgumentError(absl::StrCat("parse counters: ", names_->names().size(), " names, ",
                                                   counters.values.size(), " values"));
  }
  counters.names = names_;
  return counters;
}

absl::Status ParseSockstat(absl::string_view file, model::SocketCounts* counts) {
  struct Column {
    absl::string_view table;
    absl::string_view name;
    std::optional<uint32_t>* value;
  };
  const Column columns[] = {
      {"TCP:", "inuse", &counts->tcp_in_use},   {"TCP:", "orphan", &counts->orphans},
      {"TCP:", "tw", &counts->time_wait},       {"TCP:", "mem", &counts->tcp_memory_pages},
      {"TCP6:", "inuse", &counts->tcp6_in_use}, {"UDP:", "inuse", &counts->udp_in_use}};
  while (!file.empty()) {
    const absl::string_view line = TakeLine(&file);
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
    for (size_t i = 1; i + 1 < words.size(); i += 2) {
      for (const Column& column : columns) {
        if (words[0] != column.table || words[i] != column.name) continue;
        uint32_t value = 0;
        if (!absl::SimpleAtoi(words[i + 1], &value)) {
          return absl::InvalidArgumentError(
              absl::StrCat("parse sockstat: not a number in \"", line.substr(0, 80), "\""));
        }
        *column.value = value;
      }
    }
  }
  return absl::OkStatus();
}

namespace {

bool ParseHex(absl::string_view text, uint32_t* value) { return absl::SimpleHexAtoi(text, value); }

// "0100007F:1F90": words of 32 bits as the machine stores them.
bool ParseEndpoint(absl::string_view text, model::ListenerReading* listener) {
  const size_t colon = text.find(':');
  uint32_t port = 0;
  if ((colon != 8 && colon != 32) || !ParseHex(text.substr(colon + 1), &port) || port > 0xffff) return false;
  listener->port = static_cast<uint16_t>(port);
  listener->address.family = colon == 8 ? model::IpAddress::Family::kV4 : model::IpAddress::Family::kV6;
  for (size_t word = 0; word * 8 < colon; ++word) {
    uint32_t value = 0;
    if (!ParseHex(text.substr(word * 8, 8), &value)) return false;
    std::memcpy(listener->address.bytes.data() + word * 4, &value, sizeof(value));
  }
  return true;
}

// sl local remote st tx:rx tr:when retrnsmt uid timeout inode …; rx of a LISTEN socket is its queue.
bool ParseTcpLine(const std::vector<absl::string_view>& words, model::ListenerReading* listener) {
  if (words.size() < 10 || !ParseEndpoint(words[1], listener)) return false;
  const size_t colon = words[4].find(':');
  return colon != absl::string_view::npos && ParseHex(words[4].substr(colon + 1), &listener->queue) &&
         absl::SimpleAtoi(words[7], &listener->uid) && absl::SimpleAtoi(words[9], &listener->inode);
}

}  // namespace

absl::StatusOr<std::vector<model::ListenerReading>> ParseTcpTable(absl::string_view file) {
  constexpr absl::string_view kListen = "0A";
  std::vector<model::ListenerReading> listeners;
  TakeLine(&file);  // the names of the columns
  while (!file.empty()) {
    const absl::string_view line = TakeLine(&file);
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
    if (words.size() < 4 || words[3] != kListen) continue;
    model::ListenerReading listener;
    if (!ParseTcpLine(words, &listener)) {
      return absl::InvalidArgumentError(absl::StrCat("parse tcp table: \"", line.substr(0, 100), "\""));
    }
    listeners.push_back(listener);
  }
  return listeners;
}

}  // namespace listenq::collect
