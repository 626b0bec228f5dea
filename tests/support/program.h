// The programs as their users start them: child processes with captured output.
#ifndef LISTENQ_TESTS_SUPPORT_PROGRAM_H_
#define LISTENQ_TESTS_SUPPORT_PROGRAM_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

// Failure: the constructor dies when nothing can be started. The destructor kills what still runs.
class Program {
 public:
  // argv[0] is a path. Standard output and error go to files in a folder of its own.
  explicit Program(const std::vector<std::string>& argv);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // What it has written so far.
  [[nodiscard]] std::string Output() const;
  [[nodiscard]] std::string Errors() const;
  void Signal(int number) const;
  // The exit code (128 + the signal's number when killed); absent when it still runs after `patience`.
  std::optional<int> Wait(absl::Duration patience);

 private:
  TempFolder folder_;
  pid_t pid_ = 0;
  std::optional<int> exit_code_;
};

struct Finished {
  int code = 0;
  std::string output;
  std::string errors;
};
// Runs a program to its end; dies when that takes longer than a minute.
Finished RunProgram(const std::vector<std::string>& argv);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_PROGRAM_H_
