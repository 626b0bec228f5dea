// A containerd of the tests' own, with a network of its own and one image.
#ifndef LISTENQ_TESTS_E2E_CONTAINERD_H_
#define LISTENQ_TESTS_E2E_CONTAINERD_H_

#include <memory>
#include <string>

#include "tests/e2e/cri.h"
#include "tests/support/program.h"

namespace listenq::test {

// All below kFolder; the machine's own containerd, if there is one, does not notice. Pods see each other and
// nothing else: the bridge has no address and no route.
//
// Failure: the constructor and Start() die. What it made is removed by SweepMachine().
class Containerd {
 public:
  Containerd();
  Containerd(const Containerd&) = delete;
  Containerd& operator=(const Containerd&) = delete;

  // The same before and after a restart.
  [[nodiscard]] const Cri& cri() const { return cri_; }
  // By SIGKILL. The pods live on.
  void Kill();
  // Returns when it answers.
  void Start();

 private:
  std::unique_ptr<Program> program_;
  Cri cri_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_CONTAINERD_H_
