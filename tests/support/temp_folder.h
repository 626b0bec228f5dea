// A folder for a test's files.
#ifndef LISTENQ_TESTS_SUPPORT_TEMP_FOLDER_H_
#define LISTENQ_TESTS_SUPPORT_TEMP_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace listenq::test {

// A folder below /tmp (its path is short enough for unix sockets) or below SetParent()'s, removed with all
// that is in it. Dies when it, or what is asked of it, can't be made.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  // Where the folders that this program makes from now on are. Before it has threads.
  static void SetParent(absl::string_view folder);

  [[nodiscard]] const std::string& path() const { return path_; }
  // The path of what is called `name` in it: "a/b".
  [[nodiscard]] std::string Path(absl::string_view name) const;
  // Makes the file, and the folders above it, or replaces its content. Returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const;

 private:
  std::string path_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_TEMP_FOLDER_H_
