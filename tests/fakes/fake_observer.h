// An Observer that says what a test wants: for answers that a real agent cannot be made to give.
#ifndef LISTENQ_TESTS_FAKES_FAKE_OBSERVER_H_
#define LISTENQ_TESTS_FAKES_FAKE_OBSERVER_H_

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::fakes {

// Set the fields before the first call.
class FakeObserver final : public v1::Observer::Service {
 public:
  // "unix:///path" serves there too; "" is for Channel alone.
  explicit FakeObserver(const std::string& address = "") {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    if (!address.empty()) builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    server_ = builder.BuildAndStart();
  }
  ~FakeObserver() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(grpc::ChannelArguments()); }

  grpc::Status ListListeners(grpc::ServerContext* context, const v1::ListListenersRequest* request,
                             grpc::ServerWriter<v1::ListListenersResponse>* writer) override {
    listeners_request = *request;
    for (const auto& response : listeners_responses) writer->Write(response);
    while (endless && writer->Write(listeners_responses.back())) continue;
    return End(context);
  }

  grpc::Status ListNamespaces(grpc::ServerContext* context, const v1::ListNamespacesRequest* request,
                              grpc::ServerWriter<v1::ListNamespacesResponse>* writer) override {
    namespaces_request = *request;
    for (const auto& response : namespaces_responses) writer->Write(response);
    return End(context);
  }

  grpc::Status ListDrops(grpc::ServerContext* context, const v1::ListDropsRequest* request,
                         grpc::ServerWriter<v1::ListDropsResponse>* writer) override {
    drops_request = *request;
    for (const auto& response : drops_responses) writer->Write(response);
    return End(context);
  }

  grpc::Status GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                          grpc::ServerWriter<v1::GetHistoryResponse>* writer) override {
    history_request = *request;
    for (const auto& response : history_responses) writer->Write(response);
    return End(context);
  }

  grpc::Status ListFindings(grpc::ServerContext* context, const v1::ListFindingsRequest* request,
                            grpc::ServerWriter<v1::ListFindingsResponse>* writer) override {
    findings_request = *request;
    for (const auto& response : findings_responses) writer->Write(response);
    return End(context);
  }

  grpc::Status SummarizeConnections(grpc::ServerContext* context,
                                    const v1::SummarizeConnectionsRequest* request,
                                    v1::SummarizeConnectionsResponse* response) override {
    connections_request = *request;
    *response = connections_response;
    return connections_end.ok() ? End(context) : connections_end;
  }

  grpc::Status SummarizeSysctls(grpc::ServerContext* context, const v1::SummarizeSysctlsRequest* request,
                                v1::SummarizeSysctlsResponse* response) override {
    sysctls_request = *request;
    *response = sysctls_response;
    return End(context);
  }

  grpc::Status ListNodes(grpc::ServerContext* context, const v1::ListNodesRequest* /*request*/,
                         v1::ListNodesResponse* response) override {
    *response = nodes_response;
    return End(context);
  }

  grpc::Status WatchDrops(grpc::ServerContext* context, const v1::WatchDropsRequest* /*request*/,
                          grpc::ServerWriter<v1::WatchDropsResponse>* writer) override {
    for (const auto& response : watch_responses) writer->Write(response);
    return End(context);
  }

  std::vector<v1::ListListenersResponse> listeners_responses;
  std::vector<v1::ListNamespacesResponse> namespaces_responses;
  std::vector<v1::ListDropsResponse> drops_responses;
  std::vector<v1::GetHistoryResponse> history_responses;
  std::vector<v1::ListFindingsResponse> findings_responses;
  v1::SummarizeConnectionsResponse connections_response;
  v1::SummarizeSysctlsResponse sysctls_response;
  v1::ListNodesResponse nodes_response;
  std::vector<v1::WatchDropsResponse> watch_responses;
  // After the messages: hold the stream open until the caller cancels or its deadline passes, or end with
  // this.
  bool hang = false;
  grpc::Status end;
  // All calls but the first end only when so many have come.
  size_t meeting = 0;
  // ListListeners alone: the last message again and again, until the caller cancels.
  bool endless = false;
  // SummarizeConnections alone.
  grpc::Status connections_end;
  // The last ones received; read them after the call.
  v1::ListListenersRequest listeners_request;
  v1::ListNamespacesRequest namespaces_request;
  v1::ListDropsRequest drops_request;
  v1::GetHistoryRequest history_request;
  v1::ListFindingsRequest findings_request;
  v1::SummarizeConnectionsRequest connections_request;
  v1::SummarizeSysctlsRequest sysctls_request;

 private:
  grpc::Status End(grpc::ServerContext* context) {
    const bool meets = ++calls_ > 1;
    while ((hang || (meets && calls_ < meeting)) && !context->IsCancelled()) {
      gpr_sleep_until(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(1, GPR_TIMESPAN)));
    }
    return end;
  }

  std::atomic<size_t> calls_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace listenq::fakes

#endif  // LISTENQ_TESTS_FAKES_FAKE_OBSERVER_H_
