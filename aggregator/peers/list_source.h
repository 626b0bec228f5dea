// Peers that were written down: on the command line, or in a file.
#ifndef LISTENQ_AGGREGATOR_PEERS_LIST_SOURCE_H_
#define LISTENQ_AGGREGATOR_PEERS_LIST_SOURCE_H_

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

// "ADDRESS,ADDRESS": addresses as base::ParseServerAddress takes them. InvalidArgument names the one that is
// none, or that comes twice.
absl::StatusOr<std::vector<PeerSpec>> ParsePeerList(absl::string_view text, base::OffMachine off_machine);
// A peer a line, "ADDRESS" or "ADDRESS NODE"; '#' begins a comment. InvalidArgument: "line 3: …".
absl::StatusOr<std::vector<PeerSpec>> ParsePeerFile(absl::string_view text, base::OffMachine off_machine);

class ListSource final : public PeerSource {
 public:
  // InvalidArgument: as ParsePeerList.
  static absl::StatusOr<std::unique_ptr<ListSource>> Make(absl::string_view text,
                                                          base::OffMachine off_machine);

  absl::StatusOr<PeerList> Read() override { return list_; }
  absl::Duration NextPause() override { return absl::InfiniteDuration(); }
  [[nodiscard]] bool asks_others() const override { return false; }

 private:
  explicit ListSource(PeerList list) : list_(std::move(list)) {}

  const PeerList list_;
};

// An empty file is an error, as garbage is: one of nobody has a comment.
class FileSource final : public PeerSource {
 public:
  FileSource(std::string path, base::OffMachine off_machine)
      : path_(std::move(path)), off_machine_(off_machine) {}

  absl::StatusOr<PeerList> Read() override;
  absl::Duration NextPause() override { return absl::Seconds(1); }
  [[nodiscard]] bool asks_others() const override { return false; }

 private:
  const std::string path_;
  const base::OffMachine off_machine_;
  // What was read last without an error.
  std::string text_;
  PeerList list_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_LIST_SOURCE_H_
