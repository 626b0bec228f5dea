#include "tests/e2e/cri.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cri.grpc.pb.h"
#include "tests/e2e/machine.h"

namespace listenq::test {
namespace {

namespace v1 = ::runtime::v1;

constexpr absl::Duration kCallPatience = absl::Minutes(1);

// kubelet's own names.
std::map<std::string, std::string> PodLabels(const PodSpec& pod, const std::string& uid) {
  return {{"io.kubernetes.pod.name", pod.name},
          {"io.kubernetes.pod.namespace", pod.k8s_namespace},
          {"io.kubernetes.pod.uid", uid}};
}

void Insert(const std::map<std::string, std::string>& from,
            google::protobuf::Map<std::string, std::string>* to) {
  for (const auto& [key, value] : from) (*to)[key] = value;
}

void SetNetwork(const PodSpec& pod, v1::NamespaceOption* option) {
  option->set_network(pod.host_network ? v1::NODE : v1::POD);
  option->set_pid(v1::CONTAINER);
}

v1::PodSandboxConfig SandboxConfig(const PodSpec& pod, const std::string& uid) {
  v1::PodSandboxConfig config;
  config.mutable_metadata()->set_name(pod.name);
  config.mutable_metadata()->set_namespace_(pod.k8s_namespace);
  config.mutable_metadata()->set_uid(uid);
  if (!pod.host_network) config.set_hostname(pod.name);
  Insert(pod.labels, config.mutable_labels());
  Insert(PodLabels(pod, uid), config.mutable_labels());
  (*config.mutable_annotations())["kubernetes.io/config.source"] = "api";
  config.mutable_linux()->set_cgroup_parent(absl::StrCat("/", kCgroup, "/kubepods/burstable/pod", uid));
  Insert(pod.sysctls, config.mutable_linux()->mutable_sysctls());
  SetNetwork(pod, config.mutable_linux()->mutable_security_context()->mutable_namespace_options());
  return config;
}

v1::ContainerConfig ContainerConfigOf(const PodSpec& pod, const std::string& uid,
                                      const ContainerSpec& container) {
  v1::ContainerConfig config;
  config.mutable_metadata()->set_name(container.name);
  config.mutable_image()->set_image(kImage);
  config.add_command(kImageProgram);
  for (const std::string& argument : container.arguments) config.add_args(argument);
  Insert(PodLabels(pod, uid), config.mutable_labels());
  (*config.mutable_labels())["io.kubernetes.container.name"] = container.name;
  (*config.mutable_annotations())["io.kubernetes.container.restartCount"] = "0";
  v1::LinuxContainerSecurityContext& security = *config.mutable_linux()->mutable_security_context();
  security.mutable_run_as_user()->set_value(container.user);
  security.mutable_run_as_group()->set_value(container.user);
  SetNetwork(pod, security.mutable_namespace_options());
  return config;
}

// `call` is a method of a stub: fills `response`, or says which call failed.
template <typename Stub, typename Method, typename Request, typename Response>
absl::Status Call(absl::string_view name, Stub& stub, Method method, const Request& request,
                  Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kCallPatience));
  const grpc::Status status = (stub.*method)(&context, request, response);
  if (status.ok()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()),
          absl::StrCat(name, ": ", status.error_message())};
}

// The path in the OCI specification; a sandbox with the node's network has none.
absl::StatusOr<std::string> NetnsPath(const std::string& info) {
  const auto json = nlohmann::json::parse(info, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InternalError(absl::StrCat("parse sandbox info: ", info));
  const auto namespaces =
      json.value(nlohmann::json::json_pointer("/runtimeSpec/linux/namespaces"), nlohmann::json::array());
  for (const auto& entry : namespaces) {
    if (entry.value("type", "") == "network") return entry.value("path", "");
  }
  return absl::StrCat("/proc/", json.value("pid", 0), "/ns/net");
}

}  // namespace

struct Cri::Stubs {
  explicit Stubs(std::shared_ptr<grpc::Channel> to)
      : channel(std::move(to)),
        runtime(v1::RuntimeService::NewStub(channel)),
        image(v1::ImageService::NewStub(channel)) {}
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::RuntimeService::Stub> runtime;
  std::unique_ptr<v1::ImageService::Stub> image;
};

Cri::Cri(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 16 << 20);
  // Not gRPC's shared one: an end that was cut off would hand its backoff to the next.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stubs_ = std::make_unique<Stubs>(
      grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments));
}

Cri::~Cri() = default;

absl::Status Cri::AwaitAnswer(absl::Duration patience) const {
  grpc::Status status;
  const auto answers = [&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);  // calls that fail at once, in a row, hold back the connection
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(patience));
    v1::ListPodSandboxResponse response;
    status = stubs_->runtime->ListPodSandbox(&context, {}, &response);
    return status.ok();
  };
  // Twice, if need be: the first call may meet the end of a connection to a runtime that is gone.
  if (answers() || answers()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()),
          absl::StrCat("await the runtime: ", status.error_message())};
}

absl::StatusOr<bool> Cri::HasImage(const std::string& image) const {
  v1::ImageStatusRequest request;
  request.mutable_image()->set_image(image);
  v1::ImageStatusResponse response;
  const absl::Status status =
      Call("ImageStatus", *stubs_->image, &v1::ImageService::Stub::ImageStatus, request, &response);
  if (!status.ok()) return status;
  return response.has_image();
}

absl::StatusOr<std::string> Cri::RunSandbox(const PodSpec& pod, const std::string& uid) const {
  v1::RunPodSandboxRequest request;
  *request.mutable_config() = SandboxConfig(pod, uid);
  v1::RunPodSandboxResponse response;
  const absl::Status status =
      Call("RunPodSandbox", *stubs_->runtime, &v1::RuntimeService::Stub::RunPodSandbox, request, &response);
  if (!status.ok()) return status;
  return response.pod_sandbox_id();
}

absl::StatusOr<SandboxStatus> Cri::GetSandboxStatus(const std::string& sandbox_id) const {
  v1::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(sandbox_id);
  request.set_verbose(true);
  v1::PodSandboxStatusResponse response;
  const absl::Status status = Call("PodSandboxStatus", *stubs_->runtime,
                                   &v1::RuntimeService::Stub::PodSandboxStatus, request, &response);
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> path = NetnsPath(response.info().at("info"));
  if (!path.ok()) return path.status();
  return SandboxStatus{.netns_path = *path, .ip = response.status().network().ip()};
}

absl::StatusOr<std::vector<std::string>> Cri::ListSandboxes() const {
  v1::ListPodSandboxResponse response;
  const absl::Status status =
      Call("ListPodSandbox", *stubs_->runtime, &v1::RuntimeService::Stub::ListPodSandbox,
           v1::ListPodSandboxRequest(), &response);
  if (!status.ok()) return status;
  std::vector<std::string> ids;
  for (const v1::PodSandbox& sandbox : response.items()) ids.push_back(sandbox.id());
  return ids;
}

absl::Status Cri::StopSandbox(const std::string& sandbox_id) const {
  v1::StopPodSandboxRequest request;
  request.set_pod_sandbox_id(sandbox_id);
  v1::StopPodSandboxResponse response;
  return Call("StopPodSandbox", *stubs_->runtime, &v1::RuntimeService::Stub::StopPodSandbox, request,
              &response);
}

absl::Status Cri::RemoveSandbox(const std::string& sandbox_id) const {
  v1::RemovePodSandboxRequest request;
  request.set_pod_sandbox_id(sandbox_id);
  v1::RemovePodSandboxResponse response;
  return Call("RemovePodSandbox", *stubs_->runtime, &v1::RuntimeService::Stub::RemovePodSandbox, request,
              &response);
}

absl::StatusOr<std::string> Cri::RunContainer(const PodSpec& pod, const std::string& uid,
                                              const std::string& sandbox_id,
                                              const ContainerSpec& container) const {
  v1::CreateContainerRequest create;
  create.set_pod_sandbox_id(sandbox_id);
  *create.mutable_config() = ContainerConfigOf(pod, uid, container);
  *create.mutable_sandbox_config() = SandboxConfig(pod, uid);
  v1::CreateContainerResponse created;
  absl::Status status =
      Call("CreateContainer", *stubs_->runtime, &v1::RuntimeService::Stub::CreateContainer, create, &created);
  if (!status.ok()) return status;
  v1::StartContainerRequest start;
  start.set_container_id(created.container_id());
  v1::StartContainerResponse started;
  status =
      Call("StartContainer", *stubs_->runtime, &v1::RuntimeService::Stub::StartContainer, start, &started);
  if (!status.ok()) return status;
  return created.container_id();
}

}  // namespace listenq::test
