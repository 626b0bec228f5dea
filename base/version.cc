#include "base/version.h"

namespace listenq::base {

absl::string_view Version() { return LISTENQ_VERSION; }

}  // namespace listenq::base
