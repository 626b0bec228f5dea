// One GET over HTTPS.
#ifndef LISTENQ_AGGREGATOR_PEERS_HTTPS_GET_H_
#define LISTENQ_AGGREGATOR_PEERS_HTTPS_GET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace listenq::aggregator {

struct HttpsRequest {
  // A name, or an IP address without brackets.
  std::string host;
  uint16_t port = 443;
  // PEM file: who may have signed the server's certificate.
  std::string ca_file;
  std::string bearer_token;
  // "/api/v1/pods"
  std::string path;
  // Not encoded.
  std::map<std::string, std::string> query;
  absl::Duration timeout;
  // Of the body.
  size_t max_bytes = 0;
};

struct HttpsAnswer {
  int code = 0;
  // "Forbidden"
  std::string reason;
  std::string body;
};

// Whatever the server answers, also 404: redirections are not followed. The server's certificate must be
// signed by one of `ca_file` and carry the host. Never through a proxy. The program ignores SIGPIPE.
// Unavailable, DeadlineExceeded, OutOfRange (a longer body): why there is no answer.
absl::StatusOr<HttpsAnswer> HttpsGet(const HttpsRequest& request);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_HTTPS_GET_H_
