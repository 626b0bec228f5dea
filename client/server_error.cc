#include "client/server_error.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/sys/unique_fd.h"
#include "base/address.h"

namespace listenq::client {
namespace {

constexpr char kOtherServer[] = "another server: --server ADDRESS, or LISTENQ_SERVER";

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
  return absl::StrCat("cannot reach the agent at ", address, ": ", cause, "\n", advice, kOtherServer);
}

std::string ExplainUnavailable(const std::string& address, absl::string_view grpc_message) {
  const auto parsed = base::ParseServerAddress(address);
  const int error = parsed.ok() && parsed->is_unix() ? ConnectError(parsed->socket_path) : 0;
  switch (error) {
    case 0:
      return Unreachable(address, grpc_message, "is listenq-agent running there? ");
    case ENOENT:
      return Unreachable(address, "no such file", "is listenq-agent running on this machine? ");
    case ECONNREFUSED:
      return Unreachable(address, "nobody listens on that socket", "did listenq-agent end? start it again; ");
    case EACCES:
    case EPERM:
      return Unreachable(address, "permission denied",
                         "run as root, or join the group that owns the socket (listenq); ");
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

std::string Explain(const absl::Status& status, const std::string& address, absl::Duration timeout) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return ExplainUnavailable(address, status.message());
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat(address, " did not answer within ", absl::FormatDuration(timeout),
                          "\nmore time: --timeout 30s");
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat(address, " does not serve this question: ", status.message(),
                          "\nis it older than this client? compare `listenq version` and `listenq nodes`");
    case absl::StatusCode::kResourceExhausted:
      return absl::StrCat(address, " refused: ", status.message(), "\nask for less: -n, --port, --limit");
    case absl::StatusCode::kInvalidArgument:
      return InWordsOfFlags(status.message());
    default:
      return absl::StrCat(address, ": ", status.message());
  }
}

}  // namespace

absl::Status ExplainServerError(const absl::Status& status, const std::string& address,
                                absl::Duration timeout) {
  if (status.ok()) return status;
  return {status.code(), Explain(status, address, timeout)};
}

}  // namespace listenq::client
