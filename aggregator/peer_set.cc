#include "aggregator/peer_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "base/address.h"
#include "base/logging.h"

namespace listenq::aggregator {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);

// Also that each comes once.
absl::Status AddSpec(absl::string_view address, absl::string_view node_name, base::OffMachine off_machine,
                     std::vector<PeerSpec>* specs) {
  ASSIGN_OR_RETURN(const base::Address parsed, base::ParseServerAddress(address, off_machine));
  PeerSpec spec = {.address = parsed, .node_name = std::string(node_name)};
  const bool is_known = std::any_of(specs->begin(), specs->end(),
                                    [&](const PeerSpec& known) { return known.address == spec.address; });
  if (is_known)
    return absl::InvalidArgumentError(absl::StrCat("peer ", base::ToString(spec.address), " is there twice"));
  specs->push_back(std::move(spec));
  return absl::OkStatus();
}

absl::Status ParseLine(absl::string_view line, base::OffMachine off_machine, std::vector<PeerSpec>* specs) {
  const absl::string_view text = line.substr(0, line.find('#'));
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return absl::OkStatus();
  if (words.size() > 2) return absl::InvalidArgumentError("a line is ADDRESS or ADDRESS NODE");
  return AddSpec(words[0], words.size() == 2 ? words[1] : "", off_machine, specs);
}

}  // namespace

absl::StatusOr<std::vector<PeerSpec>> ParsePeerList(absl::string_view text, base::OffMachine off_machine) {
  std::vector<PeerSpec> specs;
  for (const absl::string_view address : absl::StrSplit(text, ',')) {
    RETURN_IF_ERROR(AddSpec(absl::StripAsciiWhitespace(address), "", off_machine, &specs));
  }
  return specs;
}

absl::StatusOr<std::vector<PeerSpec>> ParsePeerFile(absl::string_view text, base::OffMachine off_machine) {
  std::vector<PeerSpec> specs;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::Status status = ParseLine(line, off_machine, &specs);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", std::string(status.message())));
    }
  }
  return specs;
}

absl::StatusOr<std::unique_ptr<PeerSet>> PeerSet::Make(absl::string_view text, Ticker* ticker,
                                                       PeerSecurity security) {
  std::unique_ptr<PeerSet> set(new PeerSet(ticker, std::move(security)));
  if (absl::ConsumePrefix(&text, "file:")) {
    set->path_ = std::string(text);
    RETURN_IF_ERROR(set->ReadFile());
  } else {
    ASSIGN_OR_RETURN(const std::vector<PeerSpec> specs, ParsePeerList(text, set->security_.off_machine));
    RETURN_IF_ERROR(set->Use(specs));
  }
  ticker->Add(set.get());
  return set;
}

PeerSet::~PeerSet() { ticker_->Remove(this); }

std::shared_ptr<const Fleet> PeerSet::Current() const {
  const sys::MutexLock lock(mutex_);
  return current_;
}

void PeerSet::OnTick(absl::Time now) {
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  if (!path_.empty()) {
    if (const absl::Status read = ReadFile(); !read.ok()) {
      Publish(std::string(read.message()));
      base::LogLimited(spdlog::level::warn, "peers", read.message());
    }
  }
  if (CertificatesChanged()) {
    std::vector<PeerSpec> specs;
    for (const auto& peer : std::exchange(peers_, {})) specs.push_back(peer->spec());
    const std::string trouble = Current()->trouble;
    if (const absl::Status used = Use(specs); !used.ok()) spdlog::error("{}", std::string(used.message()));
    Publish(trouble);
  }
  for (const auto& peer : peers_) peer->Connect();
}

bool PeerSet::CertificatesChanged() const {
  return security_.tls != nullptr && security_.tls->Current() != tls_;
}

absl::Status PeerSet::ReadFile() {
  ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path_));
  if (text == last_text_) {
    if (!Current()->trouble.empty()) Publish("");
    return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<PeerSpec>> specs = ParsePeerFile(text, security_.off_machine);
  if (!specs.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("read peers of ", path_, ": ", std::string(specs.status().message())));
  }
  RETURN_IF_ERROR(Use(*specs));
  last_text_ = text;
  return absl::OkStatus();
}

absl::Status PeerSet::Use(const std::vector<PeerSpec>& specs) {
  std::map<PeerSpec, std::shared_ptr<Peer>> known;
  for (const auto& peer : peers_) known.emplace(peer->spec(), peer);
  if (security_.tls != nullptr) tls_ = security_.tls->Current();
  const base::ChannelOptions options = {.tls = tls_, .server_name = security_.server_name};
  std::vector<std::shared_ptr<Peer>> peers;
  for (const PeerSpec& spec : specs) {
    std::shared_ptr<Peer>& peer = known[spec];
    if (peer == nullptr) {
      ASSIGN_OR_RETURN(peer, Peer::Make(spec, options));
      peer->Connect();
    }
    peers.push_back(peer);
  }
  peers_ = std::move(peers);
  Publish("");
  return absl::OkStatus();
}

void PeerSet::Publish(std::string trouble) {
  auto fleet = std::make_shared<const Fleet>(Fleet{.peers = peers_, .trouble = std::move(trouble)});
  const sys::MutexLock lock(mutex_);
  current_ = std::move(fleet);
}

}  // namespace listenq::aggregator
