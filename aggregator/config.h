// The aggregator's flags.
#ifndef LISTENQ_AGGREGATOR_CONFIG_H_
#define LISTENQ_AGGREGATOR_CONFIG_H_

#include <string>
#include <variant>

#include "absl/time/time.h"
#include "base/address.h"
#include "base/flags.h"

namespace listenq::aggregator {

// All of it checked, but what --peers names.
struct Config {
  base::Address listen;
  std::string peers;
  absl::Duration peer_timeout;
  std::string log_level;
};

// As base::ParseCommandLine.
std::variant<Config, base::EarlyExit> ParseFlags(int argc, const char* const* argv);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_CONFIG_H_
