// One streamed answer made of many.
#ifndef LISTENQ_AGGREGATOR_STREAM_CALL_H_
#define LISTENQ_AGGREGATOR_STREAM_CALL_H_

#include <google/protobuf/arena.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/answer_parts.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "aggregator/peers/ticker.h"
#include "aggregator/top_rows.h"
#include "base/observer_rows.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::aggregator {

// Contract: asks each peer of the fleet, at most kMaxConcurrent at a time, and answers with their rows, then
//   results of rules, one NodeStatus per node (also of those without a peer), and the Summary. With a limit
//   the rows are the first ones of all, in order. Without, batches pass through as they come, one of each
//   peer at a time: a caller that reads slowly holds the peers back, and memory does not grow with the
//   cluster. A peer that fails, stalls for `peer_timeout`, or sends what it should not, costs its own rows
//   alone: a NodeStatus says so. Only if none answers and one finds the request itself wrong, that is the
//   call's end.
// Threading: gRPC's threads; the lock is never held while gRPC is called to send, read or finish. `new` it
// and
//   hand it to gRPC: it deletes itself when the call is over, after the last peer's.
template <typename Rpc>
class StreamCall final : public grpc::ServerWriteReactor<typename Rpc::Response>, private Ticker::Client {
 public:
  using Request = typename Rpc::Request;
  using Response = typename Rpc::Response;

  static constexpr size_t kMaxConcurrent = 64;
  // Of one peer's rows.
  static constexpr uint64_t kMaxPeerBytes = uint64_t{256} << 20;

  // The ticker outlives the call.
  StreamCall(std::shared_ptr<const Fleet> fleet, Ticker* ticker, Request request, CallTimes times)
      : fleet_(std::move(fleet)),
        ticker_(ticker),
        request_(std::move(request)),
        times_(times),
        parts_(*fleet_) {
    if constexpr (kHasLimit) {
      if (Limit() > 0) {
        top_.emplace(Limit(), [this](const Row& a, const Row& b) { return base::IsBefore(request_, a, b); });
      }
    }
    ticker_->Add(this);
    Step step;
    {
      const sys::MutexLock lock(mutex_);
      NextPeers(&step);
    }
    Do(this, step);
  }

  ~StreamCall() override { ticker_->Remove(this); }
  StreamCall(const StreamCall&) = delete;
  StreamCall& operator=(const StreamCall&) = delete;

  void OnWriteDone(bool ok) override;
  void OnCancel() override { CancelAll(); }
  void OnDone() override { delete this; }

 private:
  using Batch = typename Rpc::Batch;
  using Row = typename Rpc::Row;
  class PeerCall;
  static constexpr bool kHasLimit = requires(const Request& request) { request.limit(); };
  // A message on its way to the caller. Its peer reads on when it is written.
  struct Outgoing {
    Response message;
    PeerCall* from = nullptr;
  };

  [[nodiscard]] size_t Limit() const {
    if constexpr (kHasLimit) {
      return request_.limit();
    } else {
      return 0;
    }
  }

  // What is to be done once the lock is free. Only the one that a step says is still to be sent, read or
  // started keeps the call alive then: nothing else of it is used after the lock.
  struct Step {
    std::vector<PeerCall*> start;
    std::vector<PeerCall*> read;
    bool write = false;
    std::optional<grpc::Status> end;
  };
  // `call` may be gone where there is nothing to write or to end.
  static void Do(StreamCall* call, const Step& step);
  // As many peers as may run. Without any to run the answer ends.
  void NextPeers(Step* step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A write, or the end of the call, if it is time to.
  void NextWrite(Step* step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CancelAll() ABSL_LOCKS_EXCLUDED(mutex_);
  // Peers that stall are cancelled.
  void OnTick(absl::Time now) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnMessage(PeerCall* from, Response&& message) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnPeerDone(PeerCall* peer, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // False: its peer reads on when the batch is written.
  bool TakeBatch(PeerCall* from, Response&& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What comes behind the rows that passed through.
  void AddEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddTopRows() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const Fleet> fleet_;
  Ticker* const ticker_;
  const Request request_;
  const CallTimes times_;
  // Of the write in flight: only who set writing_ touches it.
  Outgoing current_;

  sys::Mutex mutex_;
  std::vector<std::unique_ptr<PeerCall>> calls_ ABSL_GUARDED_BY(mutex_);
  size_t active_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Outgoing> queue_ ABSL_GUARDED_BY(mutex_);
  std::optional<TopRows<Batch, Row>> top_ ABSL_GUARDED_BY(mutex_);
  AnswerParts parts_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // The last peer's call is over, and the end stands in the queue.
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

// The call to one peer. One reaction runs at a time, and between a message and ReadNext none: what is no
// atomic needs no lock.
template <typename Rpc>
class StreamCall<Rpc>::PeerCall final : public grpc::ClientReadReactor<Response> {
 public:
  PeerCall(StreamCall* owner, std::shared_ptr<Peer> peer, size_t index)
      : owner_(owner), peer_(std::move(peer)), index_(index) {}
  [[nodiscard]] size_t index() const { return index_; }

  void Start() {
    context_.set_deadline(absl::ToChronoTime(owner_->times_.deadline));
    Rpc::Start(peer_->stub(), &context_, &owner_->request_, this);
    this->AddHold();  // reads start outside of reactions too
    ReadNext();
    this->StartCall();
  }
  void ReadNext() {
    NewMessage();
    reading_since_.store(absl::ToUnixMicros(absl::Now()));
    this->StartRead(message_);
  }
  void OnReadDone(bool ok) override {
    reading_since_.store(kNotReading);
    if (!ok) return this->RemoveHold();
    owner_->OnMessage(this, std::move(*message_));
  }
  void OnDone(const grpc::Status& status) override { owner_->OnPeerDone(this, Explain(status)); }

  void CancelIfStalled(absl::Time now) {
    const int64_t since = reading_since_.load();
    if (since == kNotReading || now - absl::FromUnixMicros(since) < owner_->times_.peer_timeout) return;
    stalled_.store(true);
    Cancel();
  }
  void Cancel() { context_.TryCancel(); }

  // What is wrong with a batch: it ends the peer's call.
  grpc::Status Check(const Batch& batch, size_t row_count) {
    rows_ += row_count;
    bytes_ += batch.ByteSizeLong();
    if (const size_t limit = owner_->Limit(); limit > 0 && rows_ > limit) {
      return {grpc::StatusCode::OUT_OF_RANGE, absl::StrCat("sent more than the ", limit, " rows asked for")};
    }
    if (bytes_ > kMaxPeerBytes) {
      return {grpc::StatusCode::OUT_OF_RANGE,
              absl::StrCat("sent more than ", kMaxPeerBytes, " bytes of rows")};
    }
    return CheckNodeName(*peer_, batch.node_name());
  }
  void Refuse(grpc::Status why) {
    refusal_ = std::move(why);
    Cancel();
  }

  [[nodiscard]] bool refused() const { return refusal_.has_value(); }

  [[nodiscard]] const Peer& peer() const { return *peer_; }
  PeerParts& parts() { return parts_; }

 private:
  static constexpr int64_t kNotReading = 0;

  void NewMessage() {
    if (owner_->Limit() == 0) {
      on_heap_.Clear();
      message_ = &on_heap_;
      return;
    }
    arena_.Reset();
    message_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
  }
  // What became of it, where gRPC's status does not say.
  [[nodiscard]] grpc::Status Explain(const grpc::Status& status) const {
    if (refusal_.has_value()) return *refusal_;
    if (stalled_.load()) {
      return {grpc::StatusCode::DEADLINE_EXCEEDED,
              absl::StrCat("no answer for ", absl::FormatDuration(owner_->times_.peer_timeout))};
    }
    if (status.ok() && !parts_.summary.has_value()) {
      return {grpc::StatusCode::DATA_LOSS, "its answer has no end"};
    }
    return WithoutAnswer(status, owner_->times_.deadline - started_);
  }

  StreamCall* const owner_;
  const std::shared_ptr<Peer> peer_;
  const absl::Time started_ = absl::Now();
  grpc::ClientContext context_;
  const size_t index_;
  // Rows of which most are not taken: one piece of memory for all of them.
  google::protobuf::Arena arena_;
  Response on_heap_;
  Response* message_ = nullptr;
  PeerParts parts_;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
  std::optional<grpc::Status> refusal_;
  std::atomic<int64_t> reading_since_ = kNotReading;
  std::atomic<bool> stalled_ = false;
};

template <typename Rpc>
void StreamCall<Rpc>::Do(StreamCall* call, const Step& step) {
  for (PeerCall* peer : step.start) peer->Start();
  for (PeerCall* peer : step.read) peer->ReadNext();
  if (step.write) call->StartWrite(&call->current_.message);
  if (step.end.has_value()) call->Finish(*step.end);
}

template <typename Rpc>
void StreamCall<Rpc>::NextPeers(Step* step) {
  while (!cancelled_ && active_ < kMaxConcurrent && calls_.size() < fleet_->peers.size()) {
    calls_.push_back(std::make_unique<PeerCall>(this, fleet_->peers[calls_.size()], calls_.size()));
    step->start.push_back(calls_.back().get());
    ++active_;
  }
  if (active_ > 0) return;
  AddEnd();
  NextWrite(step);
}

template <typename Rpc>
void StreamCall<Rpc>::CancelAll() {
  const sys::MutexLock lock(mutex_);
  cancelled_ = true;
  for (const auto& call : calls_) {
    if (call != nullptr) call->Cancel();
  }
}

template <typename Rpc>
void StreamCall<Rpc>::OnTick(absl::Time now) {
  const sys::MutexLock lock(mutex_);
  for (const auto& call : calls_) {
    if (call != nullptr) call->CancelIfStalled(now);
  }
}

template <typename Rpc>
void StreamCall<Rpc>::OnMessage(PeerCall* from, Response&& message) {
  bool read_next = true;
  Step step;
  {
    const sys::MutexLock lock(mutex_);
    if (from->refused()) {
      // What it still had on the way.
    } else if (message.has_batch()) {
      read_next = TakeBatch(from, std::move(message));
    } else {
      const grpc::Status taken = from->parts().Take(from->peer(), &message);
      if (!taken.ok()) from->Refuse(taken);
    }
    if (!read_next) NextWrite(&step);
  }
  if (read_next) return from->ReadNext();
  Do(this, step);
}

template <typename Rpc>
bool StreamCall<Rpc>::TakeBatch(PeerCall* from, Response&& message) {
  auto* rows = base::RowsOf(message.mutable_batch());
  const auto row_count = static_cast<size_t>(rows->size());
  if (grpc::Status checked = from->Check(message.batch(), row_count); !checked.ok()) {
    from->Refuse(std::move(checked));
    return true;
  }
  if (!top_.has_value()) {
    parts_.AddReturned(row_count);
    queue_.push_back({.message = std::move(message), .from = from});
    return false;
  }
  google::protobuf::RepeatedPtrField<Row> taken(message.GetArena());
  taken.Swap(rows);
  const auto head = std::make_shared<const Batch>(message.batch());
  for (Row& row : taken) top_->Add(head, std::move(row));
  return true;
}

template <typename Rpc>
void StreamCall<Rpc>::OnPeerDone(PeerCall* peer, const grpc::Status& status) {
  // gRPC is through with it: what it holds is not needed until the last one's end.
  std::unique_ptr<PeerCall> done;
  Step step;
  {
    const sys::MutexLock lock(mutex_);
    --active_;
    parts_.Add(peer->peer(), std::move(peer->parts()), status);
    done = std::move(calls_[peer->index()]);
    NextPeers(&step);
  }
  Do(this, step);
}

template <typename Rpc>
void StreamCall<Rpc>::AddEnd() {
  complete_ = true;
  if (top_.has_value()) AddTopRows();
  while (std::optional<Response> message = parts_.template NextMessage<Response>()) {
    queue_.push_back({.message = *std::move(message)});
  }
}

// A batch is of one node: neighbours of one batch stay together.
template <typename Rpc>
void StreamCall<Rpc>::AddTopRows() {
  constexpr int kMaxBatchRows = 256;
  const Batch* head = nullptr;
  auto entries = top_->Take();
  parts_.AddReturned(entries.size());
  for (auto& entry : entries) {
    const bool same = entry.head.get() == head &&
                      base::RowsOf(queue_.back().message.mutable_batch())->size() < kMaxBatchRows;
    if (!same) {
      head = entry.head.get();
      *queue_.emplace_back().message.mutable_batch() = *head;
    }
    *base::RowsOf(queue_.back().message.mutable_batch())->Add() = std::move(entry.row);
  }
}

template <typename Rpc>
void StreamCall<Rpc>::NextWrite(Step* step) {
  if (writing_ || finished_) return;
  std::deque<Outgoing> unsent;
  if (cancelled_) unsent.swap(queue_);
  if (!queue_.empty()) {
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    step->write = true;
  } else if (complete_) {
    finished_ = true;
    step->end = cancelled_ ? grpc::Status(grpc::StatusCode::CANCELLED, "the caller is gone") : parts_.End();
  } else {
    // Nobody reads any more: their peers learn by reading on that they are cancelled.
    for (const Outgoing& outgoing : unsent) step->read.push_back(outgoing.from);
  }
}

template <typename Rpc>
void StreamCall<Rpc>::OnWriteDone(bool ok) {
  if (!ok) CancelAll();
  PeerCall* const from = current_.from;
  Step step;
  {
    const sys::MutexLock lock(mutex_);
    writing_ = false;
    NextWrite(&step);
  }
  if (from != nullptr) from->ReadNext();
  Do(this, step);
}

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_STREAM_CALL_H_
