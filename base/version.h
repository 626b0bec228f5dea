#ifndef LISTENQ_BASE_VERSION_H_
#define LISTENQ_BASE_VERSION_H_

#include "absl/strings/string_view.h"

namespace listenq::base {

// "0.1.0": the project's version as CMakeLists.txt has it.
absl::string_view Version();

}  // namespace listenq::base

#endif  // LISTENQ_BASE_VERSION_H_
