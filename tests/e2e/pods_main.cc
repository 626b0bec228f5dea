// lqt-pods COUNT: a containerd of its own with so many pods, for whoever wants to look at them. Prints the
// runtime's endpoint when they run, and removes everything when it is ended (SIGTERM, SIGINT).
#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/containerd.h"
#include "tests/e2e/machine.h"
#include "tests/e2e/pod.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {
namespace {

constexpr int kSkipped = 77;
constexpr size_t kParallel = 4;

// As a Deployment's pods: a few labels, one container that listens.
std::vector<PodSpec> Specs(size_t count) {
  std::vector<PodSpec> specs;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({.name = absl::StrCat("web-7f9c5d8b6-", 10000 + i),
                     .labels = {{"app", "web"}, {"tier", "front"}, {"pod-template-hash", "7f9c5d8b6"}},
                     .sysctls = {{"net.core.somaxconn", "1024"}},
                     .containers = {{.name = "web", .arguments = {"0.0.0.0", "80", "128"}}}});
  }
  return specs;
}

int Main(size_t count) {
  if (const std::string why = WhyNoContainerd(); !why.empty()) {
    fprintf(stderr, "lqt-pods: %s\n", why.c_str());
    return kSkipped;
  }
  // Before any thread, so that only sigwait() below takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  const sys::UniqueFd lock = LockMachine();
  StartJanitor(lock.get());
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  if (!SweepMachine()) return 1;
  TempFolder::SetParent(kFolder);
  Containerd containerd;
  {
    const auto pods = RunPods(containerd.cri(), Specs(count), kParallel);
    printf("%s\n", kEndpoint);
    fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
  }
  return SweepMachine() ? 0 : 1;
}

}  // namespace
}  // namespace listenq::test

int main(int argc, char** argv) {
  if (argc == 2 && absl::string_view(argv[1]) == "--janitor") return listenq::test::RunJanitor();
  size_t count = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &count)) {
    fprintf(stderr, "usage: lqt-pods COUNT\n");
    return 2;
  }
  return listenq::test::Main(count);
}
