// What main() has started for all tests.
#ifndef LISTENQ_TESTS_E2E_ENVIRONMENT_H_
#define LISTENQ_TESTS_E2E_ENVIRONMENT_H_

#include "tests/e2e/containerd.h"

namespace listenq::test {

[[nodiscard]] Containerd& TheContainerd();

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_ENVIRONMENT_H_
