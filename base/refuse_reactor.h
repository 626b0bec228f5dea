// A streamed call that is refused.
#ifndef LISTENQ_BASE_REFUSE_REACTOR_H_
#define LISTENQ_BASE_REFUSE_REACTOR_H_

#include <grpcpp/support/server_callback.h>

namespace listenq::base {

// Ends the call at once. `new` it and hand it to gRPC: it deletes itself when the call is over.
template <typename Response>
class RefuseReactor final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefuseReactor(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace listenq::base

#endif  // LISTENQ_BASE_REFUSE_REACTOR_H_
