// The aggregator's flags.
#ifndef LISTENQ_AGGREGATOR_CONFIG_H_
#define LISTENQ_AGGREGATOR_CONFIG_H_

#include <string>
#include <variant>

#include "aggregator/server.h"
#include "base/flags.h"

namespace listenq::aggregator {

// All of it checked, but what --peers and the TLS files name.
struct Config {
  ServerOptions server;
  std::string log_level;
};

// As base::ParseCommandLine.
std::variant<Config, base::EarlyExit> ParseFlags(int argc, const char* const* argv);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_CONFIG_H_
