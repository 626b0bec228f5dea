#include "agent/sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"

namespace listenq::sys {

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

absl::StatusOr<UniqueFd> OpenForRead(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  return fd;
}

absl::Status ReadAll(int fd, const std::string& path, std::string* content, size_t max_bytes) {
  // The kernel formats a /proc file anew for every read that a too small buffer forces: 16 KiB takes all of
  // the small ones in one call and one more for the end.
  constexpr size_t kChunkBytes = 16384;
  const size_t start = content->size();
  for (;;) {
    const size_t old_size = content->size();
    if (old_size - start > max_bytes) {
      return absl::OutOfRangeError(absl::StrCat("read ", path, ": longer than ", max_bytes, " bytes"));
    }
    content->resize(old_size + kChunkBytes);
    const ssize_t count = read(fd, content->data() + old_size, kChunkBytes);
    const int error = errno;
    content->resize(old_size + (count > 0 ? static_cast<size_t>(count) : 0));
    if (count == 0) return absl::OkStatus();
    if (count < 0 && error != EINTR) return ErrnoStatus(error, absl::StrCat("read ", path));
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenForRead(path));
  std::string content;
  RETURN_IF_ERROR(ReadAll(fd.get(), path, &content, max_bytes));
  return content;
}

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t length = readlink(path.c_str(), buffer.data(), buffer.size());
  if (length < 0) return ErrnoStatus(errno, absl::StrCat("read link ", path));
  return std::string(buffer.data(), static_cast<size_t>(length));
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return ErrnoStatus(errno, absl::StrCat("open folder ", path));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return ErrnoStatus(errno, absl::StrCat("read folder ", path));
  return names;
}

namespace {

FileId ToFileId(const struct stat& info) { return {.dev = info.st_dev, .inode = info.st_ino}; }

}  // namespace

absl::StatusOr<FileId> StatFile(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, absl::StrCat("stat ", path));
  return ToFileId(info);
}

absl::StatusOr<FileId> StatFd(int fd, const std::string& path) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, absl::StrCat("stat ", path));
  return ToFileId(info);
}

}  // namespace listenq::sys
