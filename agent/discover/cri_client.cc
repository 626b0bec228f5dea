#include "agent/discover/cri_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/discover/verbose_status.h"
#include "agent/discover/workload.h"
#include "agent/sys/status.h"
#include "base/address.h"
#include "base/channel.h"
#include "base/grpc_status.h"
#include "runtime/v1/runtime.grpc.pb.h"

namespace listenq::discover {
namespace {

namespace cri = runtime::v1;

// facts: k3s and RKE2 share a path; cri-dockerd and CRI-O are also found below /var/run, which is /run.
constexpr std::array<absl::string_view, 6> kSockets = {
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/cri-dockerd.sock",
};

// A pod's labels come from its specification, where the API server bounds them; another client of the runtime
// is not held to that.
constexpr size_t kMaxLabels = 256;
constexpr size_t kMaxLabelBytes = 512;

std::map<std::string, std::string> OwnLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  std::map<std::string, std::string> own;
  for (const auto& [key, value] : labels) {
    if (absl::StartsWith(key, "io.kubernetes.") || key.size() + value.size() > kMaxLabelBytes) continue;
    own.emplace(key, value);
  }
  while (own.size() > kMaxLabels) own.erase(std::prev(own.end()));
  return own;
}

Pod ToPod(const cri::PodSandbox& sandbox) {
  Pod pod;
  pod.sandbox_id = sandbox.id();
  pod.namespace_name = sandbox.metadata().namespace_();
  pod.name = sandbox.metadata().name();
  pod.uid = sandbox.metadata().uid();
  pod.runtime_handler = sandbox.runtime_handler();
  pod.labels = OwnLabels(sandbox.labels());
  pod.workload = WorkloadOf(pod.name, pod.labels);
  return pod;
}

absl::Status Explain(const grpc::Status& status, absl::string_view call) {
  if (status.ok()) return absl::OkStatus();
  const absl::Status error = base::FromGrpcStatus(status);
  const absl::string_view hint =
      absl::IsUnimplemented(error)
          ? ": needs a runtime that speaks CRI runtime.v1 (containerd 1.6, CRI-O 1.23)"
          : "";
  return {error.code(), absl::StrCat(call, ": ", error.message(), hint)};
}

}  // namespace

absl::Span<const absl::string_view> KnownCriSockets() { return kSockets; }

absl::StatusOr<std::string> FindCriSocket(const std::string& root) {
  for (const absl::string_view socket : kSockets) {
    std::string path = absl::StrCat(root, socket);
    struct stat status = {};
    if (stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) return path;
  }
  return absl::NotFoundError(
      absl::StrCat("find a container runtime's socket: none of ", absl::StrJoin(kSockets, ", "), " exists"));
}

struct CriClient::State {
  std::unique_ptr<cri::RuntimeService::Stub> runtime;
  std::unique_ptr<cri::ImageService::Stub> images;
  // Names of images by id; an id that the runtime could not name stands for itself.
  absl::flat_hash_map<std::string, std::string> image_names;
  Traffic traffic;

  // One call: its deadline, its count, its error.
  template <typename Stub, typename Request, typename Response>
  absl::Status Call(absl::string_view name, Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallTimeoutSeconds));
    const grpc::Status status = (stub.*method)(&context, request, response);
    ++traffic.calls;
    traffic.bytes += request.ByteSizeLong() + response->ByteSizeLong();
    return Explain(status, name);
  }

  absl::StatusOr<cri::ListPodSandboxResponse> ListSandboxes() {
    cri::ListPodSandboxRequest request;
    request.mutable_filter()->mutable_state()->set_state(cri::SANDBOX_READY);
    cri::ListPodSandboxResponse response;
    RETURN_IF_ERROR(
        Call("ListPodSandbox", *runtime, &cri::RuntimeService::Stub::ListPodSandbox, request, &response));
    return response;
  }

  absl::StatusOr<cri::ListContainersResponse> ListContainers() {
    cri::ListContainersRequest request;
    request.mutable_filter()->mutable_state()->set_state(cri::CONTAINER_RUNNING);
    cri::ListContainersResponse response;
    RETURN_IF_ERROR(
        Call("ListContainers", *runtime, &cri::RuntimeService::Stub::ListContainers, request, &response));
    return response;
  }

  // A failure costs nothing but names: ids stay ids.
  void LearnImageNames() {
    cri::ListImagesResponse response;
    const absl::Status status = Call("ListImages", *images, &cri::ImageService::Stub::ListImages,
                                     cri::ListImagesRequest(), &response);
    if (!status.ok()) return;
    for (const cri::Image& image : response.images()) {
      if (image.repo_tags_size() > 0) {
        image_names[image.id()] = image.repo_tags(0);
      } else if (image.repo_digests_size() > 0) {
        image_names[image.id()] = image.repo_digests(0);
      }
    }
  }

  static const std::string& ImageReference(const cri::Container& container) {
    const cri::ImageSpec& image = container.image();
    return image.user_specified_image().empty() ? image.image() : image.user_specified_image();
  }

  [[nodiscard]] bool IsUnknownImage(const cri::Container& container) const {
    const std::string& reference = ImageReference(container);
    return absl::StartsWith(reference, "sha256:") && !image_names.contains(reference);
  }

  std::string ImageName(const cri::Container& container) {
    const std::string& reference = ImageReference(container);
    if (!absl::StartsWith(reference, "sha256:")) return reference;
    return image_names.try_emplace(reference, reference).first->second;
  }
};

CriClient::CriClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
CriClient::~CriClient() = default;

absl::StatusOr<std::unique_ptr<CriClient>> CriClient::Make(absl::string_view address) {
  ASSIGN_OR_RETURN(const base::Address parsed, base::ParseServerAddress(address, base::OffMachine::kRefused));
  if (!parsed.is_unix()) {
    return absl::InvalidArgumentError(
        absl::StrCat("use ", address, ": a container runtime listens on a unix socket"));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, base::MakeChannel(parsed));
  auto state = std::make_unique<State>();
  state->runtime = cri::RuntimeService::NewStub(channel);
  state->images = cri::ImageService::NewStub(channel);
  return std::unique_ptr<CriClient>(new CriClient(std::move(state)));
}

// Step 1: sandboxes. Step 2: containers; one that started in between belongs to no known pod, and the next
// list has it. Step 3: names of images that appear for the first time.
absl::StatusOr<std::vector<Pod>> CriClient::List() {
  ASSIGN_OR_RETURN(const cri::ListPodSandboxResponse sandboxes, state_->ListSandboxes());
  ASSIGN_OR_RETURN(const cri::ListContainersResponse containers, state_->ListContainers());
  const bool unknown_image =
      std::any_of(containers.containers().begin(), containers.containers().end(),
                  [&](const auto& container) { return state_->IsUnknownImage(container); });
  if (unknown_image) state_->LearnImageNames();

  std::vector<Pod> pods;
  absl::flat_hash_map<absl::string_view, size_t> index;
  for (const cri::PodSandbox& sandbox : sandboxes.items()) {
    index.emplace(sandbox.id(), pods.size());
    pods.push_back(ToPod(sandbox));
  }
  for (const cri::Container& container : containers.containers()) {
    const auto pod = index.find(container.pod_sandbox_id());
    if (pod == index.end()) continue;
    pods[pod->second].containers.push_back(
        {.id = container.id(), .name = container.metadata().name(), .image = state_->ImageName(container)});
  }
  for (Pod& pod : pods) {
    std::sort(pod.containers.begin(), pod.containers.end(),
              [](const PodContainer& a, const PodContainer& b) { return a.name < b.name; });
  }
  return pods;
}

absl::StatusOr<SandboxDetail> CriClient::Detail(const std::string& sandbox_id) {
  cri::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(sandbox_id);
  request.set_verbose(true);
  cri::PodSandboxStatusResponse response;
  RETURN_IF_ERROR(state_->Call("PodSandboxStatus", *state_->runtime,
                               &cri::RuntimeService::Stub::PodSandboxStatus, request, &response));
  // What is no JSON tells nothing; the rest of the status still counts.
  SandboxDetail detail =
      ParseSandboxInfo({response.info().begin(), response.info().end()}).value_or(SandboxDetail());
  if (response.status().linux().namespaces().options().network() == cri::NODE) {
    detail.host_network = true;
    detail.netns_path.clear();
  }
  return detail;
}

CriClient::Traffic CriClient::traffic() const { return state_->traffic; }

}  // namespace listenq::discover
