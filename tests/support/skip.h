// Reasons to skip a test, said in its output.
#ifndef LISTENQ_TESTS_SUPPORT_SKIP_H_
#define LISTENQ_TESTS_SUPPORT_SKIP_H_

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"

namespace listenq::test {

// Why this process can't make and enter namespaces; "" when it can.
std::string WhyNotRoot();
// Why the program `name` can't be run; "" when it can.
std::string WhyNoTool(absl::string_view name);

}  // namespace listenq::test

#define LISTENQ_SKIP_IF_(reason)                                                \
  do {                                                                          \
    if (const std::string why_ = (reason); !why_.empty()) GTEST_SKIP() << why_; \
  } while (false)

// First in a test or in SetUp, before any TestNetns.
#define LISTENQ_SKIP_UNLESS_ROOT() LISTENQ_SKIP_IF_(::listenq::test::WhyNotRoot())
#define LISTENQ_SKIP_UNLESS_TOOL(name) LISTENQ_SKIP_IF_(::listenq::test::WhyNoTool(name))

#endif  // LISTENQ_TESTS_SUPPORT_SKIP_H_
