#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/file.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {

namespace {

// In the child. Nothing but system calls: the parent may have other threads.
[[noreturn]] void Exec(char* const* argv, const char* out, const char* err) {
  // A test that is killed has no destructors.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  const bool ready = dup2(open("/dev/null", O_RDONLY), 0) == 0 && dup2(open(out, flags, 0600), 1) == 1 &&
                     dup2(open(err, flags, 0600), 2) == 2;
  if (ready) execv(argv[0], argv);
  _exit(127);
}

}  // namespace

Program::Program(const std::vector<std::string>& argv) {
  if (access(argv[0].c_str(), X_OK) != 0) Die(absl::StrCat("start ", absl::StrJoin(argv, " ")));
  const std::string out = folder_.Path("out");
  const std::string err = folder_.Path("err");
  std::vector<char*> raw;
  for (const std::string& argument : argv) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) Exec(raw.data(), out.c_str(), err.c_str());
  if (pid_ < 0) Die(absl::StrCat("fork for ", argv[0]));
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
