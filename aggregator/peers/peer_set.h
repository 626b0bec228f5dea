// The peers of the moment.
#ifndef LISTENQ_AGGREGATOR_PEERS_PEER_SET_H_
#define LISTENQ_AGGREGATOR_PEERS_PEER_SET_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "aggregator/peers/peer_source.h"
#include "aggregator/peers/source_reader.h"
#include "aggregator/peers/ticker.h"
#include "base/address.h"
#include "base/channel.h"
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

// Contract: the fleet that `text` (--peers) names, as MakePeerSource takes it.
//   Peers that stay in the list keep their connections, until our certificates change: then each by TLS gets
//   a new one, and calls in flight end on the old one. All of them are kept connected.
// Threading: Current from any thread; the ticker's, and one that reads the source.
// Failure: a source that can't be read, has an error or names more than PeerSource::kMaxPeers leaves the last
//   good list in force; Fleet::trouble and the log say so, and the fleet's size is not known.
class PeerSet final : private Ticker::Client {
 public:
  // What is wrong with the text, or with the file as it is now; a source that asks others is read later. The
  // ticker outlives it.
  static absl::StatusOr<std::unique_ptr<PeerSet>> Make(absl::string_view text, Ticker* ticker,
                                                       PeerSecurity security = {});
  static absl::StatusOr<std::unique_ptr<PeerSet>> Make(std::unique_ptr<PeerSource> source, Ticker* ticker,
                                                       PeerSecurity security = {});
  ~PeerSet() override;
  PeerSet(const PeerSet&) = delete;
  PeerSet& operator=(const PeerSet&) = delete;

  // Never null.
  [[nodiscard]] std::shared_ptr<const Fleet> Current() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  PeerSet(Ticker* ticker, PeerSecurity security);

  void OnTick(absl::Time now) override;
  // What was read, good or not.
  void Take(absl::StatusOr<PeerList> read);
  absl::Status Use(PeerList list);
  // Of the list's peers; those that are there already stay.
  absl::Status MakePeers();
  void Publish(std::string trouble);

  [[nodiscard]] bool CertificatesChanged() const;
  void UseCertificates();

  Ticker* const ticker_;
  const PeerSecurity security_;
  // Of the ticker's thread, once it ticks.
  absl::Time next_look_ = absl::InfinitePast();
  // What the peers' channels were made with, and of which certificates.
  base::ChannelOptions channel_options_;
  std::shared_ptr<const base::TlsMaterial> tls_;
  // The last good one.
  PeerList list_;
  std::vector<std::shared_ptr<Peer>> peers_;
  // Absent for a source that never changes.
  std::optional<SourceReader> reader_;

  mutable sys::Mutex mutex_;
  std::shared_ptr<const Fleet> current_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const Fleet>();
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_PEER_SET_H_
