#include "client/server_error.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"
#include "base/unix_socket.h"

namespace listenq::client {
namespace {

constexpr char kOtherServer[] = "another server: --server, or `listenq config use-context`";

// errno of connect(2); 0 is connected.
int ConnectError(const std::string& path) {
  const sys::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

std::string Unreachable(const std::string& address, absl::string_view cause, absl::string_view advice) {
  return absl::StrCat("cannot reach the server at ", address, ": ", cause, "\n", advice, kOtherServer);
}

bool Has(absl::string_view text, absl::string_view part) {
  return text.find(part) != absl::string_view::npos;
}

// gRPC's own words, without those before the address that it tried.
absl::string_view CauseOf(absl::string_view grpc_message) {
  if (absl::ConsumePrefix(&grpc_message, "failed to connect to all addresses; last error: ")) {
    const size_t colon = grpc_message.find(": ");
    if (colon != absl::string_view::npos) grpc_message.remove_prefix(colon + 2);
  }
  return grpc_message;
}

// Whether somebody was there, and ended the connection before it was one.
bool WasRefusedByPeer(absl::string_view cause) {
  return Has(cause, "Socket closed") || Has(cause, "Connection reset") || Has(cause, "andshake") ||
         Has(cause, "Broken pipe");
}

// In TLS 1.3 a server looks at our certificate after our side of the handshake is done, and gRPC keeps the
// alert that it sends to itself: the connection just ends.
std::string TlsAdvice(const Connection& connection, absl::string_view cause) {
  if (Has(cause, "is not in peer certificate")) {
    return "its certificate has another name: --tls-server-name NAME says which it must have\n";
  }
  if (Has(cause, "certificate verify failed")) {
    return absl::StrCat("its certificate is not signed by those in ", connection.tls.ca,
                        ", or has expired: --tls-ca\n");
  }
  if (Has(cause, "wrong version number")) return "no TLS is spoken there: another port, or no --tls-ca\n";
  if (!WasRefusedByPeer(cause)) return "";
  if (connection.not_after < absl::Now()) {
    return absl::StrCat(connection.tls.cert, " expired at ",
                        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", connection.not_after, absl::UTCTimeZone()),
                        ": a server takes valid certificates only\n");
  }
  return absl::StrCat("does it trust who signed ", connection.tls.cert,
                      ", and does it speak TLS? its log says why it hung up\n");
}

std::string ExplainNetwork(const Connection& connection, absl::string_view grpc_message) {
  const absl::string_view cause = CauseOf(grpc_message);
  std::string advice;
  if (connection.address.tls) {
    advice = TlsAdvice(connection, cause);
  } else if (WasRefusedByPeer(cause)) {
    advice = "does it speak TLS? then: --tls-ca, --tls-cert and --tls-key\n";
  }
  return Unreachable(connection.server, cause, advice.empty() ? "is a server running there? " : advice);
}

// Both servers begin what they say of themselves so; gRPC says nothing like it.
bool IsOfServer(absl::string_view message) {
  return absl::StartsWith(message, "the agent ") || absl::StartsWith(message, "the aggregator ");
}

std::string ExplainUnavailable(const Connection& connection, absl::string_view grpc_message, bool was_heard) {
  const std::string& address = connection.server;
  if (IsOfServer(grpc_message)) return absl::StrCat(address, " cannot answer: ", grpc_message);
  if (connection.why_lost) {
    return absl::StrCat(
        "cannot reach the server of ", address, ": ", CauseOf(grpc_message),
        "\nstart again: another pod is asked if that one is gone; else `kubectl logs` of it tells why");
  }
  if (was_heard) {
    return absl::StrCat("lost the connection to the server at ", address, ": ", CauseOf(grpc_message),
                        "\nit was there before: did it end, or is it being restarted? try again");
  }
  if (!connection.address.is_unix()) return ExplainNetwork(connection, grpc_message);
  const int error = ConnectError(connection.address.socket_path);
  switch (error) {
    case 0:
      return Unreachable(address, grpc_message, "is listenq-agent running there? ");
    case ENOENT:
      return Unreachable(address, "no such file", "is listenq-agent running on this machine? ");
    case ECONNREFUSED:
      return Unreachable(address, "nobody listens on that socket", "did listenq-agent end? start it again; ");
    case EACCES:
    case EPERM:
      return Unreachable(address, "permission denied", absl::StrCat(base::kJoinSocketGroup, "; "));
    default:
      return Unreachable(address, std::strerror(error), "");
  }
}

// The server names a field of the filter: the user wrote a flag.
std::string InWordsOfFlags(absl::string_view message) {
  constexpr std::pair<const char*, const char*> kFlags[] = {{"namespaces", "--namespace"},
                                                            {"pods", "POD"},
                                                            {"containers", "--container"},
                                                            {"label_selector", "--selector"},
                                                            {"netns_inodes", "--netns"},
                                                            {"netns_names", "--netns"},
                                                            {"ports", "--port"},
                                                            {"processes", "--process"},
                                                            {"min_fill_percent", "--min-fill"}};
  for (const auto& [field, flag] : kFlags) {
    absl::string_view rest = message;
    if (absl::ConsumePrefix(&rest, absl::StrCat("read filter.", field, ": ")))
      return absl::StrCat(flag, ": ", rest);
  }
  absl::string_view rest = message;
  if (absl::ConsumePrefix(&rest, "read rule_ids: ")) return absl::StrCat("--rule: ", rest);
  return std::string(message);
}

// The server's message names who we are to it, and who may call.
std::string ExplainRefusal(const Connection& connection, absl::string_view message) {
  return absl::StrCat(connection.server, " refused: ", message,
                      connection.address.tls ? "\nanother certificate: --tls-cert and --tls-key" : "");
}

std::string Explain(const absl::Status& status, const Connection& connection, absl::Duration timeout,
                    bool was_heard) {
  const std::string& address = connection.server;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return ExplainUnavailable(connection, status.message(), was_heard);
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat(address, " did not answer within ", absl::FormatDuration(timeout),
                          "\nmore time: --timeout 30s");
    case absl::StatusCode::kCancelled:
      return absl::StrCat(address, " broke off its answer: is it being stopped? try again");
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat(address, " does not serve this question: ", status.message(),
                          "\nis it older than this client? compare `listenq version` and `listenq nodes`");
    case absl::StatusCode::kResourceExhausted:
      return absl::StrCat(address, " refused: ", status.message(), "\nask for less: -n, --port, --limit");
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExplainRefusal(connection, status.message());
    case absl::StatusCode::kInvalidArgument:
      return InWordsOfFlags(status.message());
    default:
      return absl::StrCat(address, ": ", status.message());
  }
}

}  // namespace

absl::Status ExplainServerError(const absl::Status& status, const Connection& connection,
                                absl::Duration timeout, bool was_heard) {
  // kubectl ends a moment after the connection that it has carried.
  constexpr absl::Duration kMoment = absl::Seconds(1);
  if (status.ok()) return status;
  if (connection.why_lost) {
    const bool was_cut = absl::IsUnavailable(status) || absl::IsCancelled(status);
    RETURN_IF_ERROR(connection.why_lost(was_cut ? kMoment : absl::ZeroDuration()));
  }
  return {status.code(), Explain(status, connection, timeout, was_heard)};
}

}  // namespace listenq::client
