// Why a call to a server failed, as one person tells another.
#ifndef LISTENQ_CLIENT_SERVER_ERROR_H_
#define LISTENQ_CLIENT_SERVER_ERROR_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/connection.h"

namespace listenq::client {

// OK stays OK. Else the same code and a message that names the server and says what to do; a socket that
// could not be reached is tried once more by hand, since gRPC does not tell "no file" from "no permission".
// `was_heard`: the server had sent a part of its answer. Aborted: the way there is lost, and asking again
// does not help.
absl::Status ExplainServerError(const absl::Status& status, const Connection& connection,
                                absl::Duration timeout, bool was_heard = false);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_SERVER_ERROR_H_
