// Answers of several peers as one, for the rpcs that answer in one message.
#ifndef LISTENQ_AGGREGATOR_MERGE_H_
#define LISTENQ_AGGREGATOR_MERGE_H_

#include <grpcpp/support/status.h>

#include <cstdint>
#include <vector>

#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

// One peer's answer, or why there is none.
template <typename Response>
struct PeerAnswer {
  const Peer* peer = nullptr;
  grpc::Status status;
  Response* response = nullptr;  // is taken from
};
template <typename Response>
using PeerAnswers = std::vector<PeerAnswer<Response>>;

// All of these: a peer that failed, and a node without a peer, is a NodeStatus and a node that should have
// answered. Not OK: none answered, and one said that the request is wrong.

// Counts are sums; the most frequent value first; at most `max_samples` per value (0 is 5), of as many nodes
// as there are. The node's own value and the default stay where all nodes agree.
grpc::Status MergeSysctls(const Fleet& fleet, const PeerAnswers<v1::SummarizeSysctlsResponse>& answers,
                          uint32_t max_samples, v1::SummarizeSysctlsResponse* merged);

// Rows side by side, in the order of the peers.
grpc::Status MergeConnections(const Fleet& fleet,
                              const PeerAnswers<v1::SummarizeConnectionsResponse>& answers,
                              v1::SummarizeConnectionsResponse* merged);
grpc::Status MergeNodes(const Fleet& fleet, const PeerAnswers<v1::ListNodesResponse>& answers,
                        v1::ListNodesResponse* merged);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_MERGE_H_
