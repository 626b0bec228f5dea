#include "aggregator/watch_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "aggregator/peers/peer.h"

namespace listenq::aggregator {
namespace {

constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);

}  // namespace

// One try at one peer. One reaction runs at a time.
class WatchCall::PeerWatch final : public grpc::ClientReadReactor<v1::WatchDropsResponse> {
 public:
  PeerWatch(WatchCall* owner, size_t slot, std::shared_ptr<Peer> peer, absl::Time now)
      : owner_(owner), slot_(slot), peer_(std::move(peer)), started_(now) {}

  void Start() {
    peer_->stub().async()->WatchDrops(&context_, &owner_->request_, this);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    last_message_.store(absl::ToUnixMicros(absl::Now()));
    const std::string& name =
        message_.has_event() ? message_.event().node_name() : message_.node_status().node_name();
    if (grpc::Status checked = CheckNodeName(*peer_, name); !checked.ok()) {
      refusal_ = std::move(checked);
      Cancel();
    } else {
      owner_->OnMessage(slot_, std::move(message_));
    }
    message_.Clear();
    StartRead(&message_);
  }
  void OnDone(const grpc::Status& status) override { owner_->OnPeerDone(slot_, Explain(status)); }

  // It does not begin, or did not answer a question since its last message: quiet it may be, but not dumb.
  void CancelIfSilent(absl::Time now) {
    const int64_t last = last_message_.load();
    std::optional<grpc::Status> why;
    if (last != kNone) {
      const std::optional<Silence> silence = peer_->silence();
      if (silence.has_value() && silence->asked > absl::FromUnixMicros(last)) why = silence->why;
    } else if (now - started_ >= owner_->peer_timeout_) {
      why = WithoutAnswer(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, ""), owner_->peer_timeout_);
    }
    if (!why.has_value()) return;
    {
      const sys::MutexLock lock(mutex_);
      if (silent_.has_value()) return;
      silent_ = std::move(why);
    }
    Cancel();
  }
  void Cancel() { context_.TryCancel(); }

 private:
  static constexpr int64_t kNone = 0;

  [[nodiscard]] grpc::Status Explain(const grpc::Status& status) const {
    if (refusal_.has_value()) return *refusal_;
    {
      const sys::MutexLock lock(mutex_);
      if (silent_.has_value()) return *silent_;
    }
    if (status.ok()) return {grpc::StatusCode::UNAVAILABLE, "it ended the stream"};
    return status;
  }

  WatchCall* const owner_;
  const size_t slot_;
  const std::shared_ptr<Peer> peer_;
  const absl::Time started_;
  grpc::ClientContext context_;
  v1::WatchDropsResponse message_;
  std::optional<grpc::Status> refusal_;
  std::atomic<int64_t> last_message_ = kNone;
  mutable sys::Mutex mutex_;
  std::optional<grpc::Status> silent_ ABSL_GUARDED_BY(mutex_);
};

WatchCall::WatchCall(std::shared_ptr<const Fleet> fleet, Ticker* ticker, v1::WatchDropsRequest request,
                     absl::Duration peer_timeout, const std::atomic<bool>* stopping)
    : fleet_(std::move(fleet)),
      ticker_(ticker),
      request_(std::move(request)),
      peer_timeout_(peer_timeout),
      stopping_(stopping) {
  for (const std::shared_ptr<Peer>& peer : fleet_->peers) {
    slots_.push_back({.peer = peer, .pause = kFirstPause});
  }
  for (const AbsentNode& node : fleet_->absent) {
    v1::WatchDropsResponse message;
    *message.mutable_node_status() = AbsentStatus(node);
    queue_.push_back(std::move(message));
  }
  StartDue(absl::Now());
  SendNext();
  ticker_->Add(this);
}

WatchCall::~WatchCall() { ticker_->Remove(this); }

void WatchCall::StartDue(absl::Time now) {
  std::vector<PeerWatch*> started;
  {
    const sys::MutexLock lock(mutex_);
    if (end_.has_value()) return;
    for (size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      const bool is_back = slot.peer->back_since() > slot.ended;
      if (slot.watch != nullptr || (slot.next_try > now && !is_back)) continue;
      slot.watch = std::make_unique<PeerWatch>(this, i, slot.peer, now);
      started.push_back(slot.watch.get());
      ++active_;
    }
  }
  for (PeerWatch* watch : started) watch->Start();
}

void WatchCall::OnTick(absl::Time now) {
  if (stopping_->load()) {
    return End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the aggregator is shutting down"));
  }
  {
    const sys::MutexLock lock(mutex_);
    for (const Slot& slot : slots_) {
      if (slot.watch != nullptr) slot.watch->CancelIfSilent(now);
    }
  }
  StartDue(now);
}

void WatchCall::OnMessage(size_t slot, v1::WatchDropsResponse&& message) {
  {
    const sys::MutexLock lock(mutex_);
    slots_[slot].pause = kFirstPause;
    slots_[slot].reported = false;
    Queue(std::move(message));
  }
  SendNext();
}

// States of nodes are not events: none is lost, and there are few.
void WatchCall::Queue(v1::WatchDropsResponse&& message) {
  if (message.has_event() && queue_.size() >= kMaxQueued) {
    const auto oldest =
        std::find_if(queue_.begin(), queue_.end(), [](const auto& queued) { return queued.has_event(); });
    if (oldest != queue_.end()) {
      missed_ += 1 + oldest->event().missed_events();
      queue_.erase(oldest);
    }
  }
  queue_.push_back(std::move(message));
}

void WatchCall::OnPeerDone(size_t slot, const grpc::Status& status) {
  Step step;
  {
    const sys::MutexLock lock(mutex_);
    Slot& ended = slots_[slot];
    --active_;
    // gRPC is done with it; nothing of it is used behind this.
    const std::unique_ptr<PeerWatch> watch = std::move(ended.watch);
    ended.ended = absl::Now();
    ended.next_try = ended.ended + ended.pause;
    ended.pause = std::min(ended.pause * 2, kLongestPause);
    if (!end_.has_value() && !std::exchange(ended.reported, true)) {
      v1::WatchDropsResponse message;
      *message.mutable_node_status() = FailedStatus(*ended.peer, status);
      Queue(std::move(message));
    }
    NextStep(&step);
  }
  Do(this, step);
}

void WatchCall::OnCancel() { End(grpc::Status(grpc::StatusCode::CANCELLED, "the caller cancelled")); }

void WatchCall::End(grpc::Status status) {
  {
    const sys::MutexLock lock(mutex_);
    if (end_.has_value()) return;
    end_ = std::move(status);
    queue_.clear();
    for (const Slot& slot : slots_) {
      if (slot.watch != nullptr) slot.watch->Cancel();
    }
  }
  SendNext();
}

void WatchCall::NextStep(Step* step) {
  if (writing_ || finished_) return;
  if (end_.has_value()) {
    if (active_ > 0) return;
    finished_ = true;
    step->end = end_;
    return;
  }
  if (queue_.empty()) return;
  writing_ = true;
  step->write = true;
  current_ = std::move(queue_.front());
  queue_.pop_front();
  if (!current_.has_event()) return;
  v1::DropEvent* event = current_.mutable_event();
  event->set_missed_events(event->missed_events() + std::exchange(missed_, 0));
}

void WatchCall::Do(WatchCall* call, const Step& step) {
  if (step.write) call->StartWrite(&call->current_);
  if (step.end.has_value()) call->Finish(*step.end);
}

void WatchCall::SendNext() {
  Step step;
  {
    const sys::MutexLock lock(mutex_);
    NextStep(&step);
  }
  Do(this, step);
}

void WatchCall::OnWriteDone(bool ok) {
  {
    const sys::MutexLock lock(mutex_);
    writing_ = false;
  }
  if (!ok) End(grpc::Status(grpc::StatusCode::CANCELLED, "the caller is gone"));
  SendNext();
}

}  // namespace listenq::aggregator
