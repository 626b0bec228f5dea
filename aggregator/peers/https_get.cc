#include "aggregator/peers/https_get.h"

#include <httplib.h>
#include <openssl/ssl.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/address.h"

namespace listenq::aggregator {
namespace {

std::string Explain(httplib::Error error, const HttpsRequest& request) {
  switch (error) {
    case httplib::Error::SSLLoadingCerts:
      return absl::StrCat(request.ca_file, " holds no certificate");
    case httplib::Error::SSLServerVerification:
      return absl::StrCat("its certificate is not signed by ", request.ca_file, ", or is not for ",
                          request.host);
    case httplib::Error::SSLConnection:
      return "it does not speak TLS";
    case httplib::Error::Connection:
      return "no connection";
    default:
      return "the connection broke";
  }
}

void SetUp(const HttpsRequest& request, httplib::SSLClient* client) {
  const std::chrono::microseconds timeout(absl::ToInt64Microseconds(request.timeout));
  client->set_connection_timeout(timeout);
  client->set_read_timeout(timeout);
  client->set_write_timeout(timeout);
  client->set_ca_cert_path(request.ca_file);
  client->enable_server_certificate_verification(true);
  SSL_CTX_set_min_proto_version(client->ssl_context(), TLS1_2_VERSION);
}

}  // namespace

absl::StatusOr<HttpsAnswer> HttpsGet(const HttpsRequest& request) {
  const std::string server = base::HostPort({.host = request.host, .port = request.port});
  const absl::Time deadline = absl::Now() + request.timeout;
  httplib::SSLClient client(request.host, request.port);
  SetUp(request, &client);
  HttpsAnswer answer;
  bool too_long = false;
  const auto take = [&](const char* data, size_t size) {
    too_long = answer.body.size() + size > request.max_bytes;
    if (too_long || absl::Now() > deadline) return false;
    answer.body.append(data, size);
    return true;
  };
  const httplib::Headers headers = {{"Host", server},
                                    {"Accept", "application/json"},
                                    {"Authorization", absl::StrCat("Bearer ", request.bearer_token)}};
  const httplib::Params query(request.query.begin(), request.query.end());
  const httplib::Result result = client.Get(request.path, query, headers, take);
  if (result) {
    answer.code = result->status;
    answer.reason = result->reason;
    return answer;
  }
  if (too_long) {
    return absl::OutOfRangeError(
        absl::StrCat(server, ": its answer is longer than ", request.max_bytes, " bytes"));
  }
  // The library waits for whole milliseconds.
  if (absl::Now() + absl::Milliseconds(1) >= deadline ||
      result.error() == httplib::Error::ConnectionTimeout) {
    return absl::DeadlineExceededError(
        absl::StrCat(server, ": no answer for ",
                     absl::FormatDuration(absl::Ceil(request.timeout, absl::Milliseconds(100)))));
  }
  return absl::UnavailableError(absl::StrCat(server, ": ", Explain(result.error(), request)));
}

}  // namespace listenq::aggregator
