// Errors of system calls as absl::Status, and the two macros that pass a Status on.
#ifndef LISTENQ_AGENT_SYS_STATUS_H_
#define LISTENQ_AGENT_SYS_STATUS_H_

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace listenq::sys {

// `action` is "verb object" ("open /run/netns/a"); the code is abseil's for `error_number`, which the caller
// captured right after the call. Gone (ENOENT, ESRCH) is NotFound.
inline absl::Status ErrnoStatus(int error_number, absl::string_view action) {
  if (error_number == ESRCH) return absl::NotFoundError(absl::StrCat(action, ": No such process"));
  return absl::ErrnoToStatus(error_number, action);
}

}  // namespace listenq::sys

#define LISTENQ_CONCAT_INNER_(a, b) a##b
#define LISTENQ_CONCAT_(a, b) LISTENQ_CONCAT_INNER_(a, b)

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_INNER_(LISTENQ_CONCAT_(status_or_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_INNER_(status_or, declaration, expression) \
  auto status_or = (expression);                                    \
  if (!status_or.ok()) return std::move(status_or).status();        \
  declaration = *std::move(status_or)

#endif  // LISTENQ_AGENT_SYS_STATUS_H_
