// One Observer that the aggregator asks: an agent, a node's front, or another aggregator.
#ifndef LISTENQ_AGGREGATOR_PEERS_PEER_H_
#define LISTENQ_AGGREGATOR_PEERS_PEER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "base/address.h"
#include "base/channel.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::aggregator {

struct PeerSpec {
  base::Address address;
  // The node that must answer there; "" is not known, and the peer says it.
  std::string node_name;
  bool operator==(const PeerSpec&) const = default;
  bool operator<(const PeerSpec& other) const {
    return std::tie(address, node_name) < std::tie(other.address, other.node_name);
  }
};

// A question that a peer did not answer.
struct Silence {
  // When it was asked.
  absl::Time asked;
  grpc::Status why;
};

// Threading: safe to use from every thread.
class Peer {
 public:
  Peer(PeerSpec spec, std::shared_ptr<grpc::Channel> channel)
      : spec_(std::move(spec)), channel_(std::move(channel)), stub_(v1::Observer::NewStub(channel_)) {}
  // Connects to nobody yet. InvalidArgument: as base::MakeChannel.
  static absl::StatusOr<std::shared_ptr<Peer>> Make(PeerSpec spec, const base::ChannelOptions& options);

  [[nodiscard]] const PeerSpec& spec() const { return spec_; }
  // What a row about its silence is called: the node that must answer, else the one that last did, else the
  // address.
  [[nodiscard]] std::string name() const ABSL_LOCKS_EXCLUDED(mutex_);
  // It answered for this node, and no other.
  void NoteNode(const std::string& node_name) const ABSL_LOCKS_EXCLUDED(mutex_);
  // "" when it answered for none yet, or for several.
  [[nodiscard]] std::string last_node() const ABSL_LOCKS_EXCLUDED(mutex_);
  [[nodiscard]] v1::Observer::Stub& stub() const { return *stub_; }
  // Begins to connect, if it does not already: so that the first call need not.
  void Connect() const { channel_->GetState(/*try_to_connect=*/true); }

  // Asks its server, and nobody behind it, whether it serves (grpc.health.v1.Health/Check, not read); `done`
  // is called once. The context and the buffers outlive the call.
  void AskHealth(grpc::ClientContext* context, grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                 std::function<void(grpc::Status)> done) const;
  // What the last such question found: absent when it was answered, or none was asked yet. Returns what was
  // known before.
  std::optional<Silence> NoteSilence(std::optional<Silence> silence) const ABSL_LOCKS_EXCLUDED(mutex_);
  [[nodiscard]] std::optional<Silence> silence() const ABSL_LOCKS_EXCLUDED(mutex_);
  // When it last answered after a silence.
  [[nodiscard]] absl::Time back_since() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const PeerSpec spec_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Observer::Stub> stub_;
  mutable sys::Mutex mutex_;
  mutable std::string last_node_ ABSL_GUARDED_BY(mutex_);
  mutable std::optional<Silence> silence_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Time back_since_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

// A deadline that passed in our words, as every peer's silence is told; another status as it is.
grpc::Status WithoutAnswer(const grpc::Status& status, absl::Duration waited);

// The row that stands for a peer that did not answer, or not to the end.
v1::NodeStatus FailedStatus(const Peer& peer, const grpc::Status& status);

// OK, or that it answers for another node than it was asked for.
grpc::Status CheckNodeName(const Peer& peer, const std::string& node_name);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_PEER_H_
