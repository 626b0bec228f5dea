#include "aggregator/peers/peer_pulse.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/address.h"
#include "base/logging.h"

namespace listenq::aggregator {
namespace {

// "tls://10.1.2.3:7443 (node-1)".
std::string Title(const Peer& peer) {
  const std::string address = base::ToString(peer.spec().address);
  const std::string name = peer.name();
  return name == address ? address : absl::StrCat(address, " (", name, ")");
}

void LogChange(const Peer& peer, const std::optional<Silence>& before, const std::optional<Silence>& now) {
  if (now.has_value()) {
    const std::string message = FailedStatus(peer, now->why).message();
    if (before.has_value() && FailedStatus(peer, before->why).message() == message) return;
    base::LogLimited(spdlog::level::warn, "peer is silent",
                     absl::StrCat("peer ", Title(peer), ": ", message));
  } else if (before.has_value()) {
    base::LogLimited(spdlog::level::info, "peer answers", absl::StrCat("peer ", Title(peer), " answers"));
  }
}

// Each node comes twice then, and its numbers count twice.
void WarnOfTwins(const Fleet& fleet) {
  std::map<std::string, const Peer*> by_node;
  for (const auto& peer : fleet.peers) {
    const std::string node = peer->last_node();
    if (node.empty()) continue;
    const auto [known, is_new] = by_node.emplace(node, peer.get());
    if (is_new) continue;
    base::LogLimited(spdlog::level::warn, "twins",
                     absl::StrCat("two peers answer for node \"", node,
                                  "\": ", base::ToString(known->second->spec().address), " and ",
                                  base::ToString(peer->spec().address), ": its rows come twice"));
  }
}

}  // namespace

struct PeerPulse::Question {
  std::shared_ptr<Peer> peer;
  absl::Time asked;
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

PeerPulse::PeerPulse(const PeerSet* peers, Ticker* ticker, absl::Duration timeout)
    : peers_(*peers), ticker_(*ticker), timeout_(timeout) {
  ticker_.Add(this);
}

PeerPulse::~PeerPulse() {
  ticker_.Remove(this);
  sys::MutexLock lock(mutex_);
  for (const auto& question : questions_) question->context.TryCancel();
  while (!questions_.empty()) lock.Wait(answered_);
}

void PeerPulse::OnTick(absl::Time now) {
  if (asked_ == round_->peers.size()) {
    if (now < next_round_) return;
    next_round_ = now + kInterval;
    round_ = peers_.Current();
    asked_ = 0;
    WarnOfTwins(*round_);
  }
  for (size_t i = 0; i < kPerTick && asked_ < round_->peers.size(); ++i) Ask(round_->peers[asked_++], now);
}

void PeerPulse::Ask(const std::shared_ptr<Peer>& peer, absl::Time now) {
  auto question = std::make_unique<Question>();
  Question* const asked = question.get();
  asked->peer = peer;
  asked->asked = now;
  asked->context.set_deadline(absl::ToChronoTime(now + timeout_));
  {
    const sys::MutexLock lock(mutex_);
    if (!under_way_.insert(peer.get()).second) return;
    questions_.insert(std::move(question));
  }
  peer->AskHealth(&asked->context, &asked->request, &asked->response,
                  [this, asked](const grpc::Status& status) { Done(asked, status); });
}

void PeerPulse::Done(Question* question, const grpc::Status& status) {
  const bool answers = status.ok() || status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
  std::optional<Silence> silence;
  if (!answers) silence = {.asked = question->asked, .why = WithoutAnswer(status, timeout_)};
  const Peer& peer = *question->peer;
  // Cancelled by us alone: the end.
  if (status.error_code() != grpc::StatusCode::CANCELLED) {
    LogChange(peer, peer.NoteSilence(silence), silence);
  }
  const sys::MutexLock lock(mutex_);
  under_way_.erase(question->peer.get());
  questions_.erase(questions_.find(question));
  answered_.notify_all();
}

}  // namespace listenq::aggregator
