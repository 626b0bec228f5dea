// A small HTTP server for machines that look: a few paths, GET and HEAD.
#ifndef LISTENQ_AGGREGATOR_METRICS_HTTP_SERVER_H_
#define LISTENQ_AGGREGATOR_METRICS_HTTP_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/address.h"

namespace listenq::aggregator {

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
};

struct HttpRequest {
  // Only the head of the answer is sent.
  bool head = false;
};

// Contract: serves from Start until destruction. Other paths are 404, other methods 405, parts of an answer
//   416. One request a connection; a peer that sends or takes nothing for kTimeout is cut off.
// Threading: kThreads of its own, and one that accepts; handlers run on any of them, several at once. At most
//   kMaxWaiting connections wait for a thread, the next ones for the kernel.
// Failure: Start says why it could not listen; a port that another process has is not shared with it.
class HttpServer {
 public:
  static constexpr int kThreads = 4;
  static constexpr size_t kMaxWaiting = 16;
  static constexpr int kTimeoutSeconds = 5;
  using Handler = std::function<HttpAnswer(const HttpRequest& request)>;

  // `address`: a host and port without TLS. Port 0 takes a free one.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const base::Address& address,
                                                           std::map<std::string, Handler> handlers);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // As given; a port that was 0 is the one taken.
  [[nodiscard]] const base::Address& address() const { return address_; }

 private:
  struct Parts;  // keeps cpp-httplib out of this header
  HttpServer(base::Address address, std::unique_ptr<Parts> parts);

  base::Address address_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_HTTP_SERVER_H_
