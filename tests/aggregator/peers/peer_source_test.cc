#include "aggregator/peers/peer_source.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "aggregator/peers/dns_source.h"
#include "aggregator/peers/list_source.h"

namespace listenq::aggregator {
namespace {

template <typename Source>
bool Makes(absl::string_view text) {
  const auto source = MakePeerSource(text, base::OffMachine::kTls);
  return source.ok() && dynamic_cast<const Source*>(source->get()) != nullptr;
}

TEST(MakePeerSource, TellsTheFormsApart) {
  EXPECT_TRUE(Makes<ListSource>("unix:///run/a.sock,10.0.0.7:7443"));
  EXPECT_TRUE(Makes<FileSource>("file:/etc/listenq/peers"));
  EXPECT_TRUE(Makes<DnsSource>("dns:///agents.obs.svc:7443"));
  EXPECT_EQ(MakePeerSource("dns://agents:7443", base::OffMachine::kTls).status(),
            absl::InvalidArgumentError(
                "parse peers \"dns://agents:7443\": a name in DNS is dns:///NAME:PORT, with three slashes"));
}

TEST(MakePeerSource, ThereIsAnApiServerInPodsOnly) {
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) GTEST_SKIP() << "this is a pod";
  EXPECT_EQ(MakePeerSource("k8s://obs/app=listenq:7443", base::OffMachine::kTls).status(),
            absl::InvalidArgumentError(
                "find the API server: $KUBERNETES_SERVICE_HOST and $KUBERNETES_SERVICE_PORT are not set: "
                "peers by k8s:// are for an aggregator that runs in a pod"));
}

}  // namespace
}  // namespace listenq::aggregator
