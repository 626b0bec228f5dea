// One answer in one message, made of many.
#ifndef LISTENQ_AGGREGATOR_GATHER_CALL_H_
#define LISTENQ_AGGREGATOR_GATHER_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "aggregator/answer_parts.h"
#include "aggregator/merge.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"

namespace listenq::aggregator {

// Contract: asks every peer at once and calls `merge` when all have answered, failed, or used up their time;
//   then the call ends with what it returns. One answer of each peer is held: these rpcs are bounded ones.
// Threading: gRPC's threads; `merge` runs once, on one of them. `new` it and hand it to gRPC: it deletes
//   itself when the call is over.
template <typename Request, typename Response>
class GatherCall final : public grpc::ServerUnaryReactor {
 public:
  using Merge = std::function<grpc::Status(const Fleet& fleet, const PeerAnswers<Response>& answers)>;
  // Starts the call to one peer; calls `done` once.
  using Ask = void (*)(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                       Response* response, std::function<void(grpc::Status)> done);

  GatherCall(std::shared_ptr<const Fleet> fleet, Request request, CallTimes times, Ask ask, Merge merge)
      : fleet_(std::move(fleet)),
        request_(std::move(request)),
        end_(std::min(started_ + times.peer_timeout, times.deadline)),
        merge_(std::move(merge)) {
    for (const std::shared_ptr<Peer>& peer : fleet_->peers) {
      calls_.push_back(std::make_unique<Call>());
      calls_.back()->peer = peer;
    }
    waiting_.fetch_add(calls_.size());
    for (const auto& call : calls_) {
      call->context.set_deadline(absl::ToChronoTime(end_));
      ask(call->peer->stub(), &call->context, &request_, &call->response,
          [this, one = call.get()](const grpc::Status& status) { Done(one, status); });
    }
    CountDown();
  }

  void OnCancel() override {
    for (const auto& call : calls_) call->context.TryCancel();
  }
  void OnDone() override { delete this; }

 private:
  struct Call {
    std::shared_ptr<Peer> peer;
    grpc::ClientContext context;
    Response response;
    grpc::Status status;
  };

  void Done(Call* call, const grpc::Status& status) {
    call->status = WithoutAnswer(status, end_ - started_);
    CountDown();
  }
  void CountDown() {
    if (waiting_.fetch_sub(1) > 1) return;
    PeerAnswers<Response> answers;
    for (const auto& call : calls_) {
      answers.push_back({.peer = call->peer.get(), .status = call->status, .response = &call->response});
    }
    Finish(merge_(*fleet_, answers));
  }

  const std::shared_ptr<const Fleet> fleet_;
  const Request request_;
  const absl::Time started_ = absl::Now();
  const absl::Time end_;
  const Merge merge_;
  std::vector<std::unique_ptr<Call>> calls_;
  // Peers, and the constructor: the answer waits for its end.
  std::atomic<size_t> waiting_ = 1;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_GATHER_CALL_H_
