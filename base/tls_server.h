// The server's side of mutual TLS.
#ifndef LISTENQ_BASE_TLS_SERVER_H_
#define LISTENQ_BASE_TLS_SERVER_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/tls.h"

namespace listenq::base {

struct TlsServerOptions {
  // Outlives the server.
  const TlsKeeper* keeper = nullptr;
  // Who may call: SPIFFE ids and DNS names of the caller's certificate, as patterns of fnmatch(3); empty is
  // everybody whose certificate the authority signed.
  std::vector<std::string> allowed_callers;
};

// Contract: whoever connects shows a certificate that the authority signed, over TLS 1.2 or later. New
//   connections use what the keeper holds then; those that are there stay. A call of somebody who is not
//   allowed ends with PERMISSION_DENIED, which names who it was and who may.
// The credentials are for one port, and outlive its server.
std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(const TlsServerOptions& options);

// Whether one of the `names` matches one of the `allowed` patterns.
bool IsAllowed(const std::vector<std::string>& names, const std::vector<std::string>& allowed);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_TLS_SERVER_H_
