// A `kubectl port-forward` that ends with this process.
#ifndef LISTENQ_CLIENT_PORT_FORWARD_H_
#define LISTENQ_CLIENT_PORT_FORWARD_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/sys/unique_fd.h"

namespace listenq::client {

// Contract: between us and kubectl stands a keeper, a small child process: it reads what kubectl writes, and
// ends kubectl, with all that kubectl has started, when we end, also by SIGKILL. Nothing of the terminal's
// reaches either of them. Threading: Start forks, so only while this process has one thread; the rest from
// one thread at a time.
class PortForward {
 public:
  // `argv` is kubectl with its arguments. Returns when it forwards. Unavailable: it ended before that, the
  // message is all that it wrote to standard error; DeadlineExceeded; else why it could not be executed.
  static absl::StatusOr<std::unique_ptr<PortForward>> Start(const std::vector<std::string>& argv,
                                                            absl::Time deadline);
  // Ends kubectl, and waits for that.
  ~PortForward();
  PortForward(const PortForward&) = delete;
  PortForward& operator=(const PortForward&) = delete;

  // On 127.0.0.1.
  [[nodiscard]] uint16_t port() const { return port_; }
  // What kubectl wrote to standard error, once it has ended: waits for that for `patience` at most.
  std::optional<std::string> WhyEnded(absl::Duration patience);

 private:
  PortForward(pid_t keeper, sys::UniqueFd lifeline, sys::UniqueFd report);

  absl::Status AwaitPort(absl::Time deadline);
  // Whether the keeper closed its report by then.
  bool ReadReport(absl::Time deadline, bool until_line);

  pid_t keeper_;
  sys::UniqueFd lifeline_;
  sys::UniqueFd report_;
  std::string reported_;
  uint16_t port_ = 0;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_PORT_FORWARD_H_
