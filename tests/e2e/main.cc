// The tests against a real containerd: one of it for all of them, and its removal on every way out.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "tests/e2e/environment.h"
#include "tests/e2e/machine.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {
namespace {

constexpr int kSkipped = 77;  // what ctest is told to take for "skipped"

std::unique_ptr<Containerd> containerd;

class Environment final : public ::testing::Environment {
 public:
  void SetUp() override { containerd = std::make_unique<Containerd>(); }
  void TearDown() override {
    EXPECT_TRUE(SweepMachine());
    containerd.reset();
  }
};

int RunTests() {
  if (const std::string why = WhyNoContainerd(); !why.empty()) {
    printf("Skipped\n%s\n[  SKIPPED ] all tests\n", why.c_str());
    return kSkipped;
  }
  const sys::UniqueFd lock = LockMachine();
  // Before gRPC has threads.
  StartJanitor(lock.get());
  // What a run left whose janitor could not do its work.
  if (!SweepMachine()) return 1;
  TempFolder::SetParent(kFolder);
  ::testing::AddGlobalTestEnvironment(new Environment);
  return RUN_ALL_TESTS();
}

}  // namespace

Containerd& TheContainerd() { return *containerd; }

}  // namespace listenq::test

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--janitor") == 0) return listenq::test::RunJanitor();
  ::testing::InitGoogleTest(&argc, argv);
  return listenq::test::RunTests();
}
