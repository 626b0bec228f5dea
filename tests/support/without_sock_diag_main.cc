// lqt-without-sock-diag PROGRAM ARGUMENT…: runs PROGRAM as on a kernel without sock_diag.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/support/confine.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s PROGRAM [ARGUMENT]...\n", argv[0]);
    return 2;
  }
  if (const absl::Status status = listenq::test::DenySockDiag(); !status.ok()) {
    fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 125;
  }
  execvp(argv[1], argv + 1);
  fprintf(stderr, "run %s: %s\n", argv[1], strerror(errno));
  return 127;
}
