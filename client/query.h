// One question to an Observer, and its answer as plain rows.
#ifndef LISTENQ_CLIENT_QUERY_H_
#define LISTENQ_CLIENT_QUERY_H_

#include <grpcpp/channel.h>
#include <algorithm>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/options.h"
#include "listenq/v1/observer.pb.h"

namespace grpc {
class ClientContext;
}

namespace listenq::client {

template <typename Row>
struct Item {
  // "" where the row names its node in a status. A row's own node_name is the same.
  std::string node_name;
  Row row;
};

template <typename Row>
struct Answer {
  std::vector<Item<Row>> items;
  std::vector<v1::NodeStatus> node_statuses;
  v1::Summary summary;
};

template <typename Row>
bool HasSeveralNodes(const Answer<Row>& answer) {
  return answer.node_statuses.size() > 1 ||
         std::any_of(answer.items.begin(), answer.items.end(),
                     [&](const auto& item) { return item.node_name != answer.items.front().node_name; });
}

v1::Filter MakeFilter(const Selection& selection);

// Calls of one user against one server.
//
// Contract: each call ends within `timeout` of the constructor; WatchDrops has that long for its first
// message. Failure: the codes are the server's. The message names the server and says what to do, in one line
// or two (the second starts after "\n"); it is not escaped. Threading: any thread, calls at the same time
// too.
class ObserverClient {
 public:
  ObserverClient(std::shared_ptr<grpc::Channel> channel, Connection connection, absl::Duration timeout);
  ~ObserverClient();
  ObserverClient(const ObserverClient&) = delete;
  ObserverClient& operator=(const ObserverClient&) = delete;

  absl::StatusOr<Answer<v1::Listener>> ListListeners(const v1::ListListenersRequest& request);
  absl::StatusOr<Answer<v1::Namespace>> ListNamespaces(const v1::ListNamespacesRequest& request);
  absl::StatusOr<Answer<v1::DropEpisode>> ListDrops(const v1::ListDropsRequest& request);
  absl::StatusOr<Answer<v1::ListenerHistory>> GetHistory(const v1::GetHistoryRequest& request);
  absl::StatusOr<Answer<v1::SysctlSummary>> SummarizeSysctls(const v1::SummarizeSysctlsRequest& request);
  // `rule_results` takes those of the request's policy, one for each rule and server; null takes none.
  absl::StatusOr<Answer<v1::Finding>> ListFindings(const v1::ListFindingsRequest& request,
                                                   std::vector<v1::RuleResult>* rule_results = nullptr);
  absl::StatusOr<Answer<v1::ConnectionSummary>> SummarizeConnections(
      const v1::SummarizeConnectionsRequest& request);
  // The statuses stand in the rows.
  absl::StatusOr<Answer<v1::Node>> ListNodes(const v1::ListNodesRequest& request);

  // Calls `take` for each message until it returns false, which is OK; else what ended the stream.
  absl::Status WatchDrops(const v1::WatchDropsRequest& request,
                          const std::function<bool(const v1::WatchDropsResponse&)>& take);

  // Ends the calls in flight with CANCELLED, and each later one at once.
  void Cancel();

 private:
  class Call;
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_QUERY_H_
