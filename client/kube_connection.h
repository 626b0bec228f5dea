// The way to a cluster's listenq, through kubectl.
#ifndef LISTENQ_CLIENT_KUBE_CONNECTION_H_
#define LISTENQ_CLIENT_KUBE_CONNECTION_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/options.h"

namespace listenq::client {

struct KubectlOptions {
  // $KUBECTL's value; "" is unset.
  std::string program;
  // For all that kubectl does before the server can be asked.
  absl::Time deadline = absl::InfiniteFuture();
  // Takes what kubectl writes to standard error while it keeps the user waiting: it may want a login.
  std::function<void(absl::string_view)> slow;
};

// Finds a ready pod of the aggregator, or of --node's front, and forwards a port to it, which the connection
// keeps alive. Errors name the object and say what to do. Threading: forks, so only while this process has
// one thread.
absl::StatusOr<Connection> ConnectThroughKubectl(const KubeFlags& flags, const KubectlOptions& options);

// What kubectl knows the names of: contexts (kContexts) and nodes (kNodes), a line each; "" on any error.
std::string NamesFromKubectl(NameKind kind, const KubeFlags& flags, const KubectlOptions& options);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_KUBE_CONNECTION_H_
