#include "aggregator/peers/list_source.h"

#include <cstddef>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

class SpecList {
 public:
  explicit SpecList(base::OffMachine off_machine) : off_machine_(off_machine) {}

  absl::Status Add(absl::string_view address, absl::string_view node_name) {
    ASSIGN_OR_RETURN(const base::Address parsed, base::ParseServerAddress(address, off_machine_));
    if (!known_.insert(parsed).second) {
      return absl::InvalidArgumentError(absl::StrCat("peer ", base::ToString(parsed), " is there twice"));
    }
    specs_.push_back({.address = parsed, .node_name = std::string(node_name)});
    return absl::OkStatus();
  }
  absl::Status AddLine(absl::string_view line) {
    const absl::string_view text = line.substr(0, line.find('#'));
    const std::vector<absl::string_view> words =
        absl::StrSplit(text, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) return absl::OkStatus();
    if (words.size() > 2) return absl::InvalidArgumentError("a line is ADDRESS or ADDRESS NODE");
    return Add(words[0], words.size() == 2 ? words[1] : "");
  }

  std::vector<PeerSpec> Take() { return std::move(specs_); }

 private:
  const base::OffMachine off_machine_;
  std::vector<PeerSpec> specs_;
  std::set<base::Address> known_;
};

}  // namespace

absl::StatusOr<std::vector<PeerSpec>> ParsePeerList(absl::string_view text, base::OffMachine off_machine) {
  SpecList specs(off_machine);
  for (const absl::string_view address : absl::StrSplit(text, ',')) {
    RETURN_IF_ERROR(specs.Add(absl::StripAsciiWhitespace(address), ""));
  }
  return specs.Take();
}

absl::StatusOr<std::vector<PeerSpec>> ParsePeerFile(absl::string_view text, base::OffMachine off_machine) {
  SpecList specs(off_machine);
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (const absl::Status status = specs.AddLine(line); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", std::string(status.message())));
    }
  }
  return specs.Take();
}

absl::StatusOr<std::unique_ptr<ListSource>> ListSource::Make(absl::string_view text,
                                                             base::OffMachine off_machine) {
  PeerList list;
  ASSIGN_OR_RETURN(list.peers, ParsePeerList(text, off_machine));
  return std::unique_ptr<ListSource>(new ListSource(std::move(list)));
}

absl::StatusOr<PeerList> FileSource::Read() {
  ASSIGN_OR_RETURN(std::string text, sys::ReadFile(path_));
  if (text == text_) return list_;
  // Whoever writes it anew in place empties it first.
  if (absl::StripAsciiWhitespace(text).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("read peers of ", path_, ": it is empty; where nobody is meant, a comment says so"));
  }
  absl::StatusOr<std::vector<PeerSpec>> specs = ParsePeerFile(text, off_machine_);
  if (!specs.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("read peers of ", path_, ": ", std::string(specs.status().message())));
  }
  list_.peers = *std::move(specs);
  text_ = std::move(text);
  return list_;
}

}  // namespace listenq::aggregator
