// Where the list of peers comes from.
#ifndef LISTENQ_AGGREGATOR_PEER_SET_H_
#define LISTENQ_AGGREGATOR_PEER_SET_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/fleet.h"
#include "aggregator/ticker.h"
#include "base/address.h"
#include "base/tls.h"

namespace listenq::aggregator {

// How peers are spoken to.
struct PeerSecurity {
  base::OffMachine off_machine = base::OffMachine::kTls;
  // Null where no peer speaks TLS. Outlives the peers.
  const base::TlsKeeper* tls = nullptr;
  // As base::ChannelOptions.
  std::string server_name;
};

// "ADDRESS,ADDRESS": addresses as base::ParseServerAddress takes them. InvalidArgument names the one that is
// none, or that comes twice.
absl::StatusOr<std::vector<PeerSpec>> ParsePeerList(absl::string_view text, base::OffMachine off_machine);
// A peer a line, "ADDRESS" or "ADDRESS NODE"; '#' begins a comment. InvalidArgument: "line 3: …".
absl::StatusOr<std::vector<PeerSpec>> ParsePeerFile(absl::string_view text, base::OffMachine off_machine);

// Contract: the fleet that `text` (--peers) names: a list, or "file:PATH", which is read again when it
// changes.
//   Peers that stay in the list keep their connections, until our certificates change: then each gets a new
//   one, and calls in flight end on the old one. All of them are kept connected.
// Threading: Current from any thread.
// Failure: a file that can't be read or has an error leaves the last good list in force, and says so in
//   Fleet::trouble and the log.
class PeerSet final : private Ticker::Client {
 public:
  // InvalidArgument: the text, or the file as it is now. The ticker outlives it.
  static absl::StatusOr<std::unique_ptr<PeerSet>> Make(absl::string_view text, Ticker* ticker,
                                                       PeerSecurity security = {});
  ~PeerSet() override;
  PeerSet(const PeerSet&) = delete;
  PeerSet& operator=(const PeerSet&) = delete;

  // Never null.
  [[nodiscard]] std::shared_ptr<const Fleet> Current() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  PeerSet(Ticker* ticker, PeerSecurity security) : ticker_(ticker), security_(std::move(security)) {}

  void OnTick(absl::Time now) override;
  // What the file holds now, if it is new.
  absl::Status ReadFile();
  absl::Status Use(const std::vector<PeerSpec>& specs);
  void Publish(std::string trouble);

  [[nodiscard]] bool CertificatesChanged() const;

  Ticker* const ticker_;
  const PeerSecurity security_;
  std::string path_;  // "" for a list
  // Of the ticker's thread, once it ticks.
  std::string last_text_;
  absl::Time next_look_ = absl::InfinitePast();
  // What the peers' channels were made with.
  std::shared_ptr<const base::TlsMaterial> tls_;
  std::vector<std::shared_ptr<Peer>> peers_;

  mutable sys::Mutex mutex_;
  std::shared_ptr<const Fleet> current_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const Fleet>();
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEER_SET_H_
