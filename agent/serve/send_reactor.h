// Sends prepared messages on a server stream.
#ifndef LISTENQ_AGENT_SERVE_SEND_REACTOR_H_
#define LISTENQ_AGENT_SERVE_SEND_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "agent/serve/batches.h"

namespace listenq::serve {

// Contract: asks the source for a message when the one before is written, and ends the call with OK when the
//   source has none. `new` it and hand it to gRPC: it deletes itself when the call is over.
// Threading: gRPC's threads, one reaction at a time, since only one write is in flight; no locks, no I/O.
// Failure: a caller that went away ends the stream with CANCELLED.
template <typename Response>
class SendReactor final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit SendReactor(MessageSource<Response> source) : source_(std::move(source)) { SendNext(); }

  void OnWriteDone(bool ok) override {
    if (ok) return SendNext();
    this->Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller is gone"));
  }
  void OnDone() override { delete this; }

 private:
  void SendNext() {
    message_.Clear();
    if (!source_(&message_)) return this->Finish(grpc::Status::OK);
    this->StartWrite(&message_);
  }

  MessageSource<Response> source_;
  Response message_;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_SEND_REACTOR_H_
