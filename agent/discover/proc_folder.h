// The few system calls that are made once per process or per descriptor. They return 0 or the errno:
// thousands of calls a second, for which "gone" is normal, build no Status.
#ifndef LISTENQ_AGENT_DISCOVER_PROC_FOLDER_H_
#define LISTENQ_AGENT_DISCOVER_PROC_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {

inline bool IsGone(int error) { return error == 2 /*ENOENT*/ || error == 3 /*ESRCH*/; }
inline bool IsDenied(int error) { return error == 13 /*EACCES*/ || error == 1 /*EPERM*/; }

// Opens a folder for listing, close-on-exec. `base_fd` may be AT_FDCWD.
int OpenFolder(int base_fd, const char* name, sys::UniqueFd* folder);

struct NumericEntry {
  uint32_t number = 0;
  // d_ino.
  uint64_t inode = 0;
};

// The entries of a freshly opened folder whose names are decimal numbers, ascending; others are skipped.
// Replaces `*entries`, whose memory is reused.
int ListNumericEntries(int folder_fd, std::vector<NumericEntry>* entries);

// How many such entries there are; E2BIG beyond `max`.
int CountNumericEntries(int folder_fd, size_t max, size_t* count);

// N of a link that reads "kind:[N]"; 0 for a link of another kind.
int ReadBracketedLink(int folder_fd, const char* name, absl::string_view kind, uint64_t* number);

// At most `max_bytes` from the start of a file: a longer one is cut. Replaces `*content`, reusing its memory.
int ReadAtMost(int folder_fd, const char* name, size_t max_bytes, std::string* content);

// TASK_COMM_LEN without the NUL.
inline constexpr size_t kMaxCommBytes = 15;

// The name in the content of /proc/PID/comm: raw, at most kMaxCommBytes, without the newline.
std::string CommOf(absl::string_view comm_file);

// What /proc/PID/stat tells.
struct ProcessStat {
  // At most 15 bytes, raw.
  absl::string_view comm;
  // Of the main thread: R, S, D, T, t, Z …
  char state = 0;
  bool kernel_thread = false;
};
// False when `stat` is none. `comm` views into it.
bool ParseProcessStat(absl::string_view stat, ProcessStat* result);

// The bits of CapEff in /proc/PID/status. False when there is no such line.
bool ParseEffectiveCapabilities(absl::string_view status, uint64_t* capabilities);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_PROC_FOLDER_H_
