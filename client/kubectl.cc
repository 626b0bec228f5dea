#include "client/kubectl.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/sys/json.h"

namespace listenq::client {
namespace {

using nlohmann::json;

constexpr char kLabels[] = "app.kubernetes.io/name=listenq,app.kubernetes.io/component=";

std::string LabelsOf(const KubeFlags& flags) {
  return absl::StrCat(kLabels, flags.node.empty() ? "aggregator" : "agent");
}

// For the query of a URL.
std::string Encode(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || absl::string_view("-._~").find(c) != absl::string_view::npos) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string TextAt(const json& value, std::initializer_list<const char*> path) {
  const json& found = sys::Child(value, path);
  return found.is_string() ? found.get<std::string>() : "";
}

bool IsReady(const json& pod) {
  if (!sys::Child(pod, {"metadata", "deletionTimestamp"}).is_null()) return false;
  for (const json& condition : sys::Child(pod, {"status", "conditions"})) {
    if (TextAt(condition, {"type"}) == "Ready") return TextAt(condition, {"status"}) == "True";
  }
  return false;
}

// As `kubectl get pods` says it under STATUS.
std::string WhyNotReady(const json& pod) {
  if (!sys::Child(pod, {"metadata", "deletionTimestamp"}).is_null()) return "Terminating";
  for (const json& container : sys::Child(pod, {"status", "containerStatuses"})) {
    const std::string reason = TextAt(container, {"state", "waiting", "reason"});
    if (!reason.empty()) return reason;
  }
  const std::string reason = TextAt(pod, {"status", "reason"});
  if (!reason.empty()) return reason;
  const std::string phase = TextAt(pod, {"status", "phase"});
  return phase == "Running" ? "its readiness probe fails" : phase;
}

PodName NameOf(const json& pod) {
  return {.name_space = TextAt(pod, {"metadata", "namespace"}), .name = TextAt(pod, {"metadata", "name"})};
}

std::string Described(const PodName& pod) {
  return absl::StrCat("`kubectl -n ", pod.name_space, " describe pod ", pod.name, "`");
}

absl::Status NoPods(const KubeFlags& flags) {
  const std::string nowhere = flags.listenq_namespace.empty()
                                  ? "no namespace has a pod"
                                  : absl::StrCat("namespace ", flags.listenq_namespace, " has no pod");
  if (flags.node.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no aggregator of listenq: ", nowhere, " with the labels ", LabelsOf(flags),
                     "\nis listenq installed in this cluster? another one: --context, another namespace: "
                     "--listenq-namespace"));
  }
  return absl::NotFoundError(absl::StrCat(
      "no agent of listenq on node ", flags.node, ": ", nowhere, " there with the labels ", LabelsOf(flags),
      "\n`kubectl get nodes` has the nodes' names; without --node the aggregator is asked"));
}

absl::Status NotReady(const json& pod, const KubeFlags& flags) {
  const PodName name = NameOf(pod);
  return absl::NotFoundError(absl::StrCat(
      flags.node.empty() ? "no aggregator of listenq is ready: "
                         : absl::StrCat("the agent of listenq on node ", flags.node, " is not ready: "),
      ToString(name), ": ", WhyNotReady(pod), "\nsee ", Described(name)));
}

absl::Status InSeveralNamespaces(const std::set<std::string>& namespaces) {
  return absl::FailedPreconditionError(
      absl::StrCat("listenq is in the namespaces ", absl::StrJoin(namespaces, ", "),
                   "\nsay which one is asked: --listenq-namespace ", *namespaces.begin()));
}

// The last line is the error, what stands before it are warnings and retries. kubectl begins it in several
// ways.
std::string ErrorOf(absl::string_view errors) {
  errors = absl::StripTrailingAsciiWhitespace(errors);
  absl::string_view line = errors.substr(errors.rfind('\n') + 1);
  const size_t code_end =
      absl::StartsWith(line, "Error from server (") ? line.find("): ") : absl::string_view::npos;
  if (code_end != absl::string_view::npos) line.remove_prefix(code_end + 3);
  absl::ConsumePrefix(&line, "error: ");
  return line.empty() ? "it says nothing" : std::string(line);
}

bool Has(absl::string_view text, absl::string_view part) { return absl::StrContains(text, part); }

// In "Error from server (Forbidden): …" and in "error: error upgrading connection: pods … is forbidden: …".
bool IsForbidden(absl::string_view errors) { return Has(errors, "Forbidden") || Has(errors, "is forbidden"); }

// What is wrong before the cluster has looked at the request: one place for both calls. "" for what is none
// of that.
std::string AdviceForReaching(absl::string_view errors) {
  if (Has(errors, "localhost:8080")) {
    return "kubectl knows no cluster: --kubeconfig, $KUBECONFIG, or `kubectl config use-context`";
  }
  if (Has(errors, "context") && (Has(errors, "does not exist") || Has(errors, "was not found"))) {
    return "`kubectl config get-contexts` has those that there are";
  }
  if (Has(errors, "no server found for cluster") || Has(errors, "auth info")) {
    return "`kubectl config view` has those that there are";
  }
  // Without credentials kubectl asks for a name and a password, by its standard input.
  if (ErrorOf(errors) == "EOF") {
    return "kubectl has no credentials for this cluster: see `kubectl config view`, or log in to it";
  }
  if (Has(errors, "Unauthorized") || Has(errors, "must be logged in")) {
    return "log in to the cluster again; `kubectl auth whoami` tells whether it worked";
  }
  if (Has(errors, "connection to the server") || Has(errors, "Unable to connect to the server")) {
    return "does `kubectl get --raw /version` reach it? another cluster: --context";
  }
  return "";
}

std::string AdviceForGetPods(absl::string_view errors, const KubeFlags& flags) {
  if (!IsForbidden(errors)) return AdviceForReaching(errors);
  if (flags.listenq_namespace.empty()) {
    return "with rights in one namespace alone, say where listenq is installed: --listenq-namespace "
           "NAMESPACE";
  }
  return "ask for the rights to list pods and to create pods/portforward there";
}

std::string AdviceForPortForward(absl::string_view errors, const PodName& pod) {
  if (IsForbidden(errors)) {
    return absl::StrCat("ask for the rights to get pods and to create pods/portforward in namespace ",
                        pod.name_space);
  }
  if (Has(errors, "NotFound") || Has(errors, "not running")) return "it ended just now: try again";
  return AdviceForReaching(errors);
}

std::string WithAdvice(const std::string& message, const std::string& advice) {
  return advice.empty() ? message : absl::StrCat(message, "\n", advice);
}

// "an error occurred forwarding 40123 -> 7444: error forwarding port 7444 to pod …: … connection refused"
// stands in a line of its own before the last one.
bool NobodyListens(absl::string_view errors) { return Has(errors, "connection refused"); }

}  // namespace

std::string ToString(const PodName& pod) { return absl::StrCat("pod ", pod.name_space, "/", pod.name); }

std::vector<std::string> KubectlCommand(absl::string_view program, const KubeFlags& flags,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> command = absl::StrSplit(program, ' ', absl::SkipEmpty());
  if (command.empty()) command.emplace_back("kubectl");
  const std::pair<const char*, const std::string*> values[] = {
      {"--kubeconfig=", &flags.kubeconfig},
      {"--context=", &flags.context},
      {"--cluster=", &flags.cluster},
      {"--user=", &flags.user},
      {"--as=", &flags.as},
      {"--request-timeout=", &flags.request_timeout}};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (const auto& [flag, value] : values) {
    if (!value->empty()) command.push_back(absl::StrCat(flag, *value));
  }
  for (const std::string& group : flags.as_groups) command.push_back(absl::StrCat("--as-group=", group));
  return command;
}

std::vector<std::string> GetPodsArguments(const KubeFlags& flags) {
  const std::string place =
      flags.listenq_namespace.empty() ? "" : absl::StrCat("/namespaces/", Encode(flags.listenq_namespace));
  std::string path = absl::StrCat("/api/v1", place, "/pods?labelSelector=", Encode(LabelsOf(flags)));
  if (!flags.node.empty()) {
    absl::StrAppend(&path, "&fieldSelector=", Encode(absl::StrCat("spec.nodeName=", flags.node)));
  }
  return {"get", "--raw", path};
}

std::vector<std::string> PortForwardArguments(const PodName& pod) {
  return {"port-forward", "--address=127.0.0.1", absl::StrCat("--namespace=", pod.name_space),
          absl::StrCat("pod/", pod.name), absl::StrCat(":", kPodPort)};
}

absl::StatusOr<PodName> ChoosePod(absl::string_view text, const KubeFlags& flags) {
  const json list = sys::ParseJson(text);
  const json& pods = sys::Child(list, {"items"});
  if (!pods.is_array()) {
    return absl::DataLossError(
        "read the pods that kubectl printed: that is no list of pods\nis $KUBECTL kubectl?");
  }
  std::vector<PodName> ready;
  std::set<std::string> namespaces;
  for (const json& pod : pods) {
    namespaces.insert(TextAt(pod, {"metadata", "namespace"}));
    if (IsReady(pod)) ready.push_back(NameOf(pod));
  }
  if (pods.empty()) return NoPods(flags);
  if (namespaces.size() > 1) return InSeveralNamespaces(namespaces);
  if (ready.empty()) return NotReady(pods.front(), flags);
  return *std::min_element(ready.begin(), ready.end(),
                           [](const PodName& a, const PodName& b) { return a.name < b.name; });
}

absl::Status ExplainGetPods(absl::string_view errors, const KubeFlags& flags) {
  return absl::UnavailableError(
      WithAdvice(absl::StrCat("kubectl cannot list the pods of listenq: ", ErrorOf(errors)),
                 AdviceForGetPods(errors, flags)));
}

absl::Status ExplainPortForward(absl::string_view errors, const PodName& pod) {
  return absl::UnavailableError(
      WithAdvice(absl::StrCat("kubectl cannot forward a port to ", ToString(pod), ": ", ErrorOf(errors)),
                 AdviceForPortForward(errors, pod)));
}

absl::Status ExplainLostForward(absl::string_view errors, const PodName& pod) {
  if (NobodyListens(errors)) {
    return absl::AbortedError(absl::StrCat("nobody listens on 127.0.0.1:", kPodPort, " in ", ToString(pod),
                                           "\nlistenq-aggregator does with --listen 127.0.0.1:", kPodPort,
                                           "; see ", Described(pod)));
  }
  return absl::AbortedError(absl::StrCat("the port-forward to ", ToString(pod), " ended: ", ErrorOf(errors),
                                         "\nstart again: another pod is asked if that one is gone"));
}

}  // namespace listenq::client
