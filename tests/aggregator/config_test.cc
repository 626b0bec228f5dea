#include "aggregator/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace listenq::aggregator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// What the program ends with at once; code 0 and "" where it would run.
base::EarlyExit ExitOf(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "listenq-aggregator");
  const auto parsed = ParseFlags(static_cast<int>(flags.size()), flags.data());
  const auto* exit = std::get_if<base::EarlyExit>(&parsed);
  return exit == nullptr ? base::EarlyExit() : *exit;
}

TEST(AggregatorFlags, AllowWithoutAListenerByTlsIsRefused) {
  const base::EarlyExit exit = ExitOf({"--allow", "cli.example.org", "--listen", "127.0.0.1:7070"});
  EXPECT_EQ(exit.code, 2);
  EXPECT_THAT(exit.text, AllOf(HasSubstr("--allow cli.example.org"), HasSubstr("no --listen speaks TLS")));
  EXPECT_EQ(ExitOf({"--allow", "a", "--listen", "127.0.0.1:7070", "--listen", "tls://127.0.0.1:0", "--tls-ca",
                    "c", "--tls-cert", "c", "--tls-key", "k"})
                .text,
            "");
}

TEST(AggregatorFlags, AFlagOfTlsThatIsMissingIsNamed) {
  const base::EarlyExit exit = ExitOf({"--tls-ca", "ca.pem", "--tls-key", "key.pem"});
  EXPECT_EQ(exit.code, 2);
  EXPECT_THAT(exit.text, HasSubstr("--tls-cert is missing"));
}

TEST(AggregatorFlags, ANetworkListenerWithoutCertificatesIsRefused) {
  const base::EarlyExit exit = ExitOf({"--listen", ":7443"});
  EXPECT_EQ(exit.code, 2);
  EXPECT_THAT(exit.text, AllOf(HasSubstr("tls://[::]:7443"), HasSubstr("--tls-ca"), HasSubstr("--insecure")));
  EXPECT_EQ(ExitOf({"--listen", ":7443", "--insecure"}).text, "");
}

}  // namespace
}  // namespace listenq::aggregator
