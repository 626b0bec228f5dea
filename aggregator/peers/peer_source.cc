#include "aggregator/peers/peer_source.h"

#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/sys/status.h"
#include "aggregator/peers/dns_source.h"
#include "aggregator/peers/kube_source.h"
#include "aggregator/peers/list_source.h"

namespace listenq::aggregator {

absl::StatusOr<std::unique_ptr<PeerSource>> MakePeerSource(absl::string_view text,
                                                           base::OffMachine off_machine) {
  if (absl::ConsumePrefix(&text, "file:")) {
    return std::make_unique<FileSource>(std::string(text), off_machine);
  }
  if (absl::ConsumePrefix(&text, "dns:///")) return DnsSource::Make(text, off_machine);
  if (absl::StartsWith(text, "dns:")) {
    return absl::InvalidArgumentError(
        absl::StrCat("parse peers \"", text, "\": a name in DNS is dns:///NAME:PORT, with three slashes"));
  }
  if (absl::ConsumePrefix(&text, "k8s://")) {
    ASSIGN_OR_RETURN(KubeApi api, KubeApiOfPod());
    return KubeSource::Make(text, off_machine, std::move(api));
  }
  return ListSource::Make(text, off_machine);
}

absl::Duration AnyOf(absl::Duration least, absl::Duration most) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return least + (most - least) * std::uniform_real_distribution<>()(random);
}

}  // namespace listenq::aggregator
