#include "aggregator/peers/kube_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "aggregator/peers/https_get.h"

namespace listenq::aggregator {
namespace {

// From its cache the API server answers with all pods in one page, whatever the limit: some KiB each.
constexpr size_t kMaxAnswerBytes = size_t{64} << 20;
constexpr char kPageSize[] = "500";
// Pod Security names each field that it refuses.
constexpr size_t kMaxReasonBytes = 400;
// Several of them are one fleet (a DaemonSet per kind of node), many a wrong selector.
constexpr size_t kMaxDaemonSets = 10;

absl::Status Invalid(absl::string_view text, absl::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("parse peers \"k8s://", text, "\": ", cause));
}

// A DNS label (RFC 1123), as namespaces' names are.
bool IsNamespace(absl::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

absl::Status Prefix(absl::string_view what, const absl::Status& status) {
  return {status.code(), absl::StrCat(what, ": ", status.message())};
}

bool ReadPort(absl::string_view text, uint16_t* port) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number == 0 || number > 65535) return false;
  *port = static_cast<uint16_t>(number);
  return true;
}

}  // namespace

absl::StatusOr<KubeApi> KubeApiOfPod() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  KubeApi api;
  if (host == nullptr || port == nullptr || !ReadPort(port, &api.port)) {
    return absl::InvalidArgumentError(
        "find the API server: $KUBERNETES_SERVICE_HOST and $KUBERNETES_SERVICE_PORT are not set: peers by "
        "k8s:// are for an aggregator that runs in a pod");
  }
  api.host = host;
  return api;
}

absl::StatusOr<std::unique_ptr<KubeSource>> KubeSource::Make(absl::string_view text,
                                                             base::OffMachine off_machine, KubeApi api) {
  const size_t slash = text.find('/');
  const size_t colon = text.rfind(':');
  if (slash == absl::string_view::npos || colon == absl::string_view::npos || colon < slash) {
    return Invalid(text, "it is not k8s://NAMESPACE/SELECTOR:PORT");
  }
  const absl::string_view name_space = text.substr(0, slash);
  const absl::string_view selector = text.substr(slash + 1, colon - slash - 1);
  if (!IsNamespace(name_space)) return Invalid(text, absl::StrCat("\"", name_space, "\" is no namespace"));
  if (selector.empty()) return Invalid(text, "the label selector is missing");
  base::Address peers_at = {.tls = off_machine != base::OffMachine::kPlaintext};
  if (!ReadPort(text.substr(colon + 1), &peers_at.port)) {
    return Invalid(text, "the port must be a number up to 65535");
  }
  return std::unique_ptr<KubeSource>(
      new KubeSource(std::move(api), std::string(name_space), std::string(selector), std::move(peers_at)));
}

absl::StatusOr<PeerList> KubeSource::Read() {
  Visit visit = {.deadline = absl::Now() + api_.timeout};
  ASSIGN_OR_RETURN(visit.token, sys::ReadFile(absl::StrCat(api_.account_folder, "/token")));
  absl::StripAsciiWhitespace(&visit.token);
  ASSIGN_OR_RETURN(const std::vector<KubePod> pods, ListPods(visit));
  PeerList list = PeersOfPods(pods, peers_at_);
  const absl::StatusOr<std::vector<KubeDaemonSet>> daemon_sets = FindDaemonSets(visit, pods);
  if (daemon_sets.ok()) {
    const uint64_t count = CountNodesWithoutPod(*daemon_sets, list);
    const std::string why = count > 0 ? WhyNoPods(visit, *daemon_sets) : "";
    AddNodesWithoutPod(*daemon_sets, count, why, &list);
  } else {
    list.size_unknown = true;
    list.trouble = std::string(daemon_sets.status().message());
  }
  return list;
}

absl::StatusOr<std::vector<KubePod>> KubeSource::ListPods(const Visit& visit) const {
  Question question = {.verb = "list",
                       .resource = "pods",
                       .path = absl::StrCat("/api/v1/namespaces/", namespace_, "/pods"),
                       .query = {{"labelSelector", selector_}, {"limit", kPageSize}}};
  std::vector<KubePod> pods;
  std::string next;
  do {
    // What goes on with a page is not asked of the cache.
    question.query[next.empty() ? "resourceVersion" : "continue"] = next.empty() ? "0" : next;
    ASSIGN_OR_RETURN(const std::string body, Get(visit, question));
    absl::StatusOr<KubePodPage> page = ParseKubePods(body);
    if (!page.ok()) return Prefix(Describe(question), page.status());
    std::move(page->pods.begin(), page->pods.end(), std::back_inserter(pods));
    next = std::move(page->next);
    question.query.erase("resourceVersion");
    // More are refused, for their number.
  } while (!next.empty() && pods.size() <= kMaxPeers);
  return pods;
}

absl::StatusOr<std::vector<KubeDaemonSet>> KubeSource::GetDaemonSets(const Visit& visit,
                                                                     const Question& question) const {
  ASSIGN_OR_RETURN(const std::string body, Get(visit, question));
  absl::StatusOr<std::vector<KubeDaemonSet>> found = ParseKubeDaemonSets(body);
  if (!found.ok()) return Prefix(Describe(question), found.status());
  return found;
}

absl::StatusOr<std::vector<KubeDaemonSet>> KubeSource::FindDaemonSets(
    const Visit& visit, const std::vector<KubePod>& pods) const {
  const std::string path = absl::StrCat("/apis/apps/v1/namespaces/", namespace_, "/daemonsets");
  const Question list = {.verb = "list",
                         .resource = "daemonsets",
                         .path = path,
                         .query = {{"labelSelector", selector_}, {"resourceVersion", "0"}}};
  ASSIGN_OR_RETURN(std::vector<KubeDaemonSet> found, GetDaemonSets(visit, list));
  std::set<std::string> owners;
  for (const KubePod& pod : pods) owners.insert(pod.daemon_set);
  owners.erase("");
  for (const KubeDaemonSet& one : found) owners.erase(one.name);
  if (found.size() + owners.size() > kMaxDaemonSets) {
    return absl::OutOfRangeError(absl::StrCat(Describe(list), ": ", selector_, " selects pods of more than ",
                                              kMaxDaemonSets, " DaemonSets"));
  }
  for (const std::string& name : owners) {
    const Question one = {.verb = "get", .resource = "daemonsets", .path = absl::StrCat(path, "/", name)};
    ASSIGN_OR_RETURN(const std::vector<KubeDaemonSet> owner, GetDaemonSets(visit, one));
    found.insert(found.end(), owner.begin(), owner.end());
  }
  if (found.empty()) {
    return absl::NotFoundError(absl::StrCat(Describe(list), ": none has the labels ", selector_,
                                            ": which nodes should have an agent is not known"));
  }
  return found;
}

std::string KubeSource::WhyNoPods(const Visit& visit, const std::vector<KubeDaemonSet>& daemon_sets) const {
  const Question question = {.verb = "list",
                             .resource = "events",
                             .path = absl::StrCat("/api/v1/namespaces/", namespace_, "/events"),
                             .query = {{"fieldSelector", "involvedObject.kind=DaemonSet,reason=FailedCreate"},
                                       {"limit", kPageSize}}};
  const absl::StatusOr<std::string> body = Get(visit, question);
  if (!body.ok()) return "";
  return NewestMessageAbout(daemon_sets, *body).substr(0, kMaxReasonBytes);
}

absl::StatusOr<std::string> KubeSource::Get(const Visit& visit, const Question& question) const {
  const absl::StatusOr<HttpsAnswer> answer =
      HttpsGet({.host = api_.host,
                .port = api_.port,
                .ca_file = absl::StrCat(api_.account_folder, "/ca.crt"),
                .bearer_token = visit.token,
                .path = question.path,
                .query = question.query,
                .timeout = std::max(visit.deadline - absl::Now(), absl::Milliseconds(1)),
                .max_bytes = kMaxAnswerBytes});
  const std::string what = Describe(question);
  if (!answer.ok()) return Prefix(absl::StrCat(what, ": API server"), answer.status());
  if (answer->code == 200) return answer->body;
  std::string why;
  if (answer->code == 403) {
    why = absl::StrCat(": the service account needs ", question.verb, " on ", question.resource);
  }
  if (answer->code == 401) why = absl::StrCat(": the token of ", api_.account_folder, " is not taken");
  return absl::UnavailableError(absl::StrCat(what, ": ", answer->code, " ", answer->reason, why));
}

std::string KubeSource::Describe(const Question& question) const {
  return absl::StrCat(question.verb, " ", question.resource, " in ", namespace_);
}

}  // namespace listenq::aggregator
