#include "client/kube_connection.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/sys/status.h"
#include "client/candidates.h"
#include "client/kubectl.h"
#include "client/port_forward.h"
#include "client/subprocess.h"

namespace listenq::client {
namespace {

absl::Status NotStarted(const absl::Status& status, const std::vector<std::string>& command) {
  if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError(
        absl::StrCat("run ", absl::StrJoin(command, " "), ": ", status.message()));
  }
  return {status.code(),
          absl::StrCat(
              status.message(),
              "\na cluster is asked by way of kubectl: install it, or name it: KUBECTL=/path/to/kubectl")};
}

absl::StatusOr<PodName> FindPod(const KubeFlags& flags, const KubectlOptions& options) {
  const auto command = KubectlCommand(options.program, flags, GetPodsArguments(flags));
  const auto run = RunProgram(command, options.deadline, options.slow);
  if (!run.ok()) return NotStarted(run.status(), command);
  if (run->exit_code != 0) return ExplainGetPods(run->err, flags);
  return ChoosePod(run->out, flags);
}

}  // namespace

absl::StatusOr<Connection> ConnectThroughKubectl(const KubeFlags& flags, const KubectlOptions& options) {
  ASSIGN_OR_RETURN(const PodName pod, FindPod(flags, options));
  const auto command = KubectlCommand(options.program, flags, PortForwardArguments(pod));
  auto forward = PortForward::Start(command, options.deadline);
  if (absl::IsUnavailable(forward.status())) return ExplainPortForward(forward.status().message(), pod);
  if (!forward.ok()) return NotStarted(forward.status(), command);
  Connection connection = {.server = ToString(pod)};
  connection.address = {.host = "127.0.0.1", .port = (*forward)->port()};
  connection.why_lost = [pod,
                         kept = std::shared_ptr<PortForward>(*std::move(forward))](absl::Duration patience) {
    const auto errors = kept->WhyEnded(patience);
    return errors ? ExplainLostForward(*errors, pod) : absl::OkStatus();
  };
  return connection;
}

std::string NamesFromKubectl(NameKind kind, const KubeFlags& flags, const KubectlOptions& options) {
  const std::vector<std::string> arguments =
      kind == NameKind::kNodes ? std::vector<std::string>{"get", "nodes", "-o", "name"}
                               : std::vector<std::string>{"config", "get-contexts", "-o", "name"};
  const auto run =
      RunProgram(KubectlCommand(options.program, flags, arguments), options.deadline, options.slow);
  std::string names;
  if (!run.ok() || run->exit_code != 0) return names;
  for (absl::string_view name : absl::StrSplit(run->out, '\n')) {
    absl::ConsumePrefix(&name, "node/");
    if (IsOfferable(name)) absl::StrAppend(&names, name, "\n");
  }
  return names;
}

}  // namespace listenq::client
