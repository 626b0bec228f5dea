// Rows of several nodes' answers: where a batch has them, and which comes first. The order is the one in
// which each server sends its own; a limit makes it an order across nodes.
#ifndef LISTENQ_BASE_OBSERVER_ROWS_H_
#define LISTENQ_BASE_OBSERVER_ROWS_H_

#include "listenq/v1/observer.pb.h"

namespace listenq::base {

// They have a name of their own in each answer.
inline auto* RowsOf(v1::ListenerBatch* batch) { return batch->mutable_listeners(); }
inline auto* RowsOf(v1::NamespaceBatch* batch) { return batch->mutable_namespaces(); }
inline auto* RowsOf(v1::DropBatch* batch) { return batch->mutable_episodes(); }
inline auto* RowsOf(v1::HistoryBatch* batch) { return batch->mutable_histories(); }
inline auto* RowsOf(v1::FindingBatch* batch) { return batch->mutable_findings(); }

// True: `a` comes first. Rows that no field tells apart are neither's first: leave them as they come.
bool IsBefore(const v1::ListListenersRequest& request, const v1::Listener& a, const v1::Listener& b);
bool IsBefore(const v1::ListNamespacesRequest& request, const v1::Namespace& a, const v1::Namespace& b);
bool IsBefore(const v1::ListDropsRequest& request, const v1::DropEpisode& a, const v1::DropEpisode& b);
bool IsBefore(const v1::ListFindingsRequest& request, const v1::Finding& a, const v1::Finding& b);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_OBSERVER_ROWS_H_
