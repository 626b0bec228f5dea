// Peers by the addresses of a name: those of a headless Service.
#ifndef LISTENQ_AGGREGATOR_PEERS_DNS_SOURCE_H_
#define LISTENQ_AGGREGATOR_PEERS_DNS_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "aggregator/peers/peer_source.h"
#include "base/address.h"

namespace listenq::aggregator {

// The addresses of `name`, A and AAAA, each once, in order. Unavailable: why there is none. A name server
// that is silent is given up after 2 s (for each domain of resolv.conf's search list).
absl::StatusOr<std::vector<std::string>> ResolveName(const std::string& name);

// Contract: every address is a peer, which says itself which node it is. Who should answer and has no address
//   is not known.
class DnsSource final : public PeerSource {
 public:
  using Resolve = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& name)>;

  // "NAME:PORT". What is spoken there is what base::ParseServerAddress says of the name.
  static absl::StatusOr<std::unique_ptr<DnsSource>> Make(absl::string_view text, base::OffMachine off_machine,
                                                         Resolve resolve = ResolveName);

  absl::StatusOr<PeerList> Read() override;
  absl::Duration NextPause() override { return AnyOf(absl::Seconds(5), absl::Seconds(10)); }
  [[nodiscard]] bool asks_others() const override { return true; }

 private:
  DnsSource(base::Address named, Resolve resolve) : named_(std::move(named)), resolve_(std::move(resolve)) {}

  const base::Address named_;
  const Resolve resolve_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_DNS_SOURCE_H_
