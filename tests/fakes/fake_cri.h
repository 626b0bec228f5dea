// A CRI server on a unix socket that answers as it is told to: for runtimes that can't be had (CRI-O) and for
// failures.
#ifndef LISTENQ_TESTS_FAKES_FAKE_CRI_H_
#define LISTENQ_TESTS_FAKES_FAKE_CRI_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <map>
#include <memory>
#include <string>

#include "runtime/v1/runtime.grpc.pb.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

// Threading: change it between calls only.
class FakeCri final : public runtime::v1::RuntimeService::Service, public runtime::v1::ImageService::Service {
 public:
  FakeCri() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
    builder.RegisterService(static_cast<runtime::v1::RuntimeService::Service*>(this));
    builder.RegisterService(static_cast<runtime::v1::ImageService::Service*>(this));
    builder.SetMaxSendMessageSize(64 << 20);
    server_ = builder.BuildAndStart();
  }
  ~FakeCri() override { server_->Shutdown(); }
  FakeCri(const FakeCri&) = delete;
  FakeCri& operator=(const FakeCri&) = delete;

  [[nodiscard]] std::string address() const { return "unix://" + folder_.path() + "/cri.sock"; }

  runtime::v1::ListPodSandboxResponse sandboxes;
  runtime::v1::ListContainersResponse containers;
  runtime::v1::ListImagesResponse images;
  std::map<std::string, runtime::v1::PodSandboxStatusResponse> statuses;
  // Answers every call of the runtime service unless it is OK.
  grpc::Status failure;
  runtime::v1::ListPodSandboxRequest sandbox_request;
  runtime::v1::ListContainersRequest container_request;
  runtime::v1::PodSandboxStatusRequest status_request;
  int image_calls = 0;

 private:
  grpc::Status ListPodSandbox(grpc::ServerContext*, const runtime::v1::ListPodSandboxRequest* request,
                              runtime::v1::ListPodSandboxResponse* response) override {
    sandbox_request = *request;
    *response = sandboxes;
    return failure;
  }
  grpc::Status ListContainers(grpc::ServerContext*, const runtime::v1::ListContainersRequest* request,
                              runtime::v1::ListContainersResponse* response) override {
    container_request = *request;
    *response = containers;
    return failure;
  }
  grpc::Status PodSandboxStatus(grpc::ServerContext*, const runtime::v1::PodSandboxStatusRequest* request,
                                runtime::v1::PodSandboxStatusResponse* response) override {
    status_request = *request;
    const auto found = statuses.find(request->pod_sandbox_id());
    if (found == statuses.end()) return {grpc::StatusCode::NOT_FOUND, "could not find pod"};
    *response = found->second;
    return failure;
  }
  grpc::Status ListImages(grpc::ServerContext*, const runtime::v1::ListImagesRequest*,
                          runtime::v1::ListImagesResponse* response) override {
    ++image_calls;
    *response = images;
    return grpc::Status::OK;
  }

  TempFolder folder_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_FAKES_FAKE_CRI_H_
