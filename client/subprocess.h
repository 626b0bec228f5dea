// A child process, its output on pipes.
#ifndef LISTENQ_CLIENT_SUBPROCESS_H_
#define LISTENQ_CLIENT_SUBPROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/unique_fd.h"

namespace listenq::client {

struct Subprocess {
  // -1 for none.
  pid_t pid = -1;
  sys::UniqueFd out;
  sys::UniqueFd err;
};

enum class ProcessGroup {
  // Gets the terminal's signals, and may ask its user something by /dev/tty.
  kOurs,
  // The leader of one: it can be ended with all that it starts.
  kOwn
};

// Starts a program that is looked for in PATH, with the usual signals and with nothing on its standard input:
// ours may be a policy. It gets SIGTERM when the thread that started it ends. Failure: the program could not
// be executed (NotFound, PermissionDenied, …). Threading: forks, so only while this process has one thread.
absl::StatusOr<Subprocess> StartProgram(const std::vector<std::string>& argv, ProcessGroup group);

struct ProgramOutput {
  // 128 + its number when a signal ended it.
  int exit_code = 0;
  std::string out;
  std::string err;
};

// Runs a program to its end, in our group. `slow` gets what it writes to standard error once it takes longer
// than a program that asks nothing: it may ask its user to log in. DeadlineExceeded, and the program is
// ended, after `deadline`; ResourceExhausted when it writes more than 64 MiB. Else as StartProgram.
absl::StatusOr<ProgramOutput> RunProgram(const std::vector<std::string>& argv, absl::Time deadline,
                                         const std::function<void(absl::string_view)>& slow);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_SUBPROCESS_H_
