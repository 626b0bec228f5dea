#include "aggregator/peers/peer_set.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "base/logging.h"

namespace listenq::aggregator {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<PeerSet>> PeerSet::Make(absl::string_view text, Ticker* ticker,
                                                       PeerSecurity security) {
  ASSIGN_OR_RETURN(std::unique_ptr<PeerSource> source, MakePeerSource(text, security.off_machine));
  return Make(std::move(source), ticker, std::move(security));
}

absl::StatusOr<std::unique_ptr<PeerSet>> PeerSet::Make(std::unique_ptr<PeerSource> source, Ticker* ticker,
                                                       PeerSecurity security) {
  std::unique_ptr<PeerSet> set(new PeerSet(ticker, std::move(security)));
  absl::Duration pause;
  if (source->asks_others()) {
    set->Publish("their list is not read yet");
  } else {
    ASSIGN_OR_RETURN(PeerList list, source->Read());
    RETURN_IF_ERROR(set->Use(std::move(list)));
    pause = source->NextPause();
  }
  if (pause != absl::InfiniteDuration()) set->reader_.emplace(std::move(source), pause);
  ticker->Add(set.get());
  return set;
}

PeerSet::PeerSet(Ticker* ticker, PeerSecurity security) : ticker_(ticker), security_(std::move(security)) {
  channel_options_.server_name = security_.server_name;
}

PeerSet::~PeerSet() { ticker_->Remove(this); }

std::shared_ptr<const Fleet> PeerSet::Current() const {
  const sys::MutexLock lock(mutex_);
  return current_;
}

void PeerSet::OnTick(absl::Time now) {
  if (reader_.has_value()) {
    if (std::optional<absl::StatusOr<PeerList>> read = reader_->Take()) Take(*std::move(read));
  }
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  if (CertificatesChanged()) {
    auto before = peers_;
    std::erase_if(peers_, [](const auto& peer) { return peer->spec().address.tls; });
    if (const absl::Status made = MakePeers(); !made.ok()) {
      spdlog::error("{}", std::string(made.message()));
      peers_ = std::move(before);
    }
    Publish(Current()->trouble);
  }
  for (const auto& peer : peers_) peer->Connect();
}

void PeerSet::Take(absl::StatusOr<PeerList> read) {
  const bool is_same = read.ok() && *read == list_ && Current()->trouble == list_.trouble;
  if (!is_same) {
    const absl::Status used = read.ok() ? Use(*std::move(read)) : read.status();
    if (!used.ok()) Publish(std::string(used.message()));
  }
  const std::shared_ptr<const Fleet> fleet = Current();
  if (!fleet->trouble.empty()) base::LogLimited(spdlog::level::warn, fleet->trouble, fleet->trouble);
}

bool PeerSet::CertificatesChanged() const {
  return security_.tls != nullptr && security_.tls->Current() != tls_;
}

void PeerSet::UseCertificates() {
  tls_ = security_.tls->Current();
  channel_options_.tls = base::MutualTls(*tls_);
}

absl::Status PeerSet::Use(PeerList list) {
  if (list.peers.size() + list.absent.size() > PeerSource::kMaxPeers) {
    return absl::OutOfRangeError(absl::StrCat("list peers: there are more than ", PeerSource::kMaxPeers,
                                              ": let aggregators ask them, and this one ask those"));
  }
  PeerList before = std::exchange(list_, std::move(list));
  if (absl::Status made = MakePeers(); !made.ok()) {
    list_ = std::move(before);
    return made;
  }
  Publish(list_.trouble);
  const std::string absent =
      list_.absent.empty() ? "" : absl::StrCat(", nodes without a pod that runs: ", list_.absent.size());
  spdlog::info("peers: {}{}", peers_.size(), absent);
  return absl::OkStatus();
}

absl::Status PeerSet::MakePeers() {
  std::map<PeerSpec, std::shared_ptr<Peer>> known;
  for (const auto& peer : peers_) known.emplace(peer->spec(), peer);
  if (CertificatesChanged()) UseCertificates();
  std::vector<std::shared_ptr<Peer>> peers;
  for (const PeerSpec& spec : list_.peers) {
    std::shared_ptr<Peer>& peer = known[spec];
    if (peer == nullptr) {
      ASSIGN_OR_RETURN(peer, Peer::Make(spec, channel_options_));
      peer->Connect();
    }
    peers.push_back(peer);
  }
  peers_ = std::move(peers);
  return absl::OkStatus();
}

void PeerSet::Publish(std::string trouble) {
  // A list that may be old does not tell who is missing.
  const bool size_unknown = list_.size_unknown || !trouble.empty();
  auto fleet = std::make_shared<const Fleet>(Fleet{
      .peers = peers_, .absent = list_.absent, .size_unknown = size_unknown, .trouble = std::move(trouble)});
  const sys::MutexLock lock(mutex_);
  current_ = std::move(fleet);
}

}  // namespace listenq::aggregator
