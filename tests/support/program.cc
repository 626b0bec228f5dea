#include "tests/support/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/file.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {

Program::Program(const std::vector<std::string>& argv) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, folder_.Path("out").c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, folder_.Path("err").c_str(), flags, 0600);
  std::vector<char*> raw;
  for (const std::string& argument : argv) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  const int error = posix_spawn(&pid_, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Die(absl::StrCat("start ", absl::StrJoin(argv, " ")));
}

Program::~Program() {
  if (exit_code_.has_value()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string Program::Output() const { return sys::ReadFile(folder_.Path("out")).value_or(""); }
std::string Program::Errors() const { return sys::ReadFile(folder_.Path("err")).value_or(""); }

void Program::Signal(int number) const { kill(pid_, number); }

std::optional<int> Program::Wait(absl::Duration patience) {
  const auto has_ended = [&] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  };
  if (!exit_code_.has_value() && !WaitUntil(has_ended, patience)) return std::nullopt;
  return exit_code_;
}

Finished RunProgram(const std::vector<std::string>& argv) {
  Program program(argv);
  const std::optional<int> code = program.Wait(absl::Minutes(1));
  if (!code.has_value()) Die(absl::StrCat("too slow: ", absl::StrJoin(argv, " ")));
  return {.code = *code, .output = program.Output(), .errors = program.Errors()};
}

}  // namespace listenq::test
