// Small kernel files (/proc, /sys, links, folders): bytes in, bytes out, no parsing.
#ifndef LISTENQ_AGENT_SYS_FILE_H_
#define LISTENQ_AGENT_SYS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/sys/unique_fd.h"

namespace listenq::sys {

// Nothing that we read in one piece is larger; a longer file is OutOfRange.
inline constexpr size_t kMaxFileBytes = size_t{4} << 20;

// What stands after the last "/": all of it when there is none. Points into `path`.
absl::string_view BaseName(absl::string_view path);

// Opens `path` for reading, close-on-exec. NotFound when it is gone.
absl::StatusOr<UniqueFd> OpenForRead(const std::string& path);

// Appends all of `fd` from its current position to `*content`. `path` only names the object in errors.
absl::Status ReadAll(int fd, const std::string& path, std::string* content, size_t max_bytes = kMaxFileBytes);

// The whole file. NotFound when it is gone, PermissionDenied, OutOfRange beyond `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes = kMaxFileBytes);

// The link's text.
absl::StatusOr<std::string> ReadLink(const std::string& path);

// Names in a folder without "." and "..", unsorted.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);

// Device and inode of the file behind `path`, links followed.
struct FileId {
  uint64_t dev = 0;
  uint64_t inode = 0;
  bool operator==(const FileId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const FileId& id) {
    return H::combine(std::move(h), id.dev, id.inode);
  }
};
absl::StatusOr<FileId> StatFile(const std::string& path);
absl::StatusOr<FileId> StatFd(int fd, const std::string& path);

}  // namespace listenq::sys

#endif  // LISTENQ_AGENT_SYS_FILE_H_
