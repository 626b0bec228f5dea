#include "agent/discover/workload.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace listenq::discover {
namespace {

using absl::string_view;
using Labels = std::map<std::string, std::string>;

// The API server makes a name of at most 58 bytes of prefix and 5 random ones (apiserver, pkg/storage/names/
// generate.go) of these characters (apimachinery, pkg/util/rand/rand.go).
constexpr size_t kMaxPrefixBytes = 58;
constexpr size_t kRandomBytes = 5;
constexpr string_view kRandomCharacters = "bcdfghjklmnpqrstvwxz2456789";
// An indexed Job cuts its own name further, to make room for "-INDEX-" (job controller,
// podGenerateNameWithIndex); an index has at most 10 digits.
constexpr size_t kMaxJobPrefixBytes = kMaxPrefixBytes - 12;

string_view Label(const Labels& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? string_view() : string_view(found->second);
}

// What the API server made the name from; "" for a name that it did not make.
string_view PrefixOf(string_view pod_name) {
  if (pod_name.size() <= kRandomBytes) return "";
  const size_t size = pod_name.size() - kRandomBytes;
  const bool random = pod_name.find_first_not_of(kRandomCharacters, size) == string_view::npos;
  return random && size <= kMaxPrefixBytes ? pod_name.substr(0, size) : string_view();
}

std::string Workload(string_view kind, string_view name) {
  return name.empty() ? std::string() : absl::StrCat(kind, " ", name);
}

// The ReplicaSet of a template is called NAME-HASH, its pods NAME-HASH-RANDOM.
string_view OwnerOfReplicaSet(string_view pod_name, string_view hash) {
  string_view prefix = PrefixOf(pod_name);
  // Of a name that is one byte too long only the last dash is cut off.
  const bool whole = absl::ConsumeSuffix(&prefix, "-") || prefix.size() == kMaxPrefixBytes;
  if (!whole || hash.empty() || !absl::ConsumeSuffix(&prefix, hash)) return "";
  return absl::ConsumeSuffix(&prefix, "-") ? prefix : string_view();
}

// NAME-ORDINAL
string_view OwnerOfReplica(string_view pod_name) {
  const size_t dash = pod_name.rfind('-');
  if (dash == string_view::npos || dash + 1 == pod_name.size()) return "";
  const string_view ordinal = pod_name.substr(dash + 1);
  return std::all_of(ordinal.begin(), ordinal.end(), absl::ascii_isdigit) ? pod_name.substr(0, dash)
                                                                          : string_view();
}

// NAME-RANDOM. A prefix as long as can be may have been cut, at a dash too.
string_view OwnerOfDaemonPod(string_view pod_name) {
  string_view prefix = PrefixOf(pod_name);
  return prefix.size() < kMaxPrefixBytes && absl::ConsumeSuffix(&prefix, "-") ? prefix : string_view();
}

string_view JobOf(string_view pod_name, const Labels& labels) {
  string_view job = Label(labels, "batch.kubernetes.io/job-name");
  // Before Kubernetes 1.27. The name is anybody's: the pod's own must agree.
  if (job.empty()) job = Label(labels, "job-name");
  return absl::StartsWith(pod_name, job.substr(0, kMaxJobPrefixBytes)) ? job : string_view();
}

}  // namespace

std::string WorkloadOf(string_view pod_name, const Labels& labels) {
  // Kruise marks the revision of its CloneSets by the same label as DaemonSets do.
  if (labels.contains("apps.kruise.io/cloneset-instance-id")) return "";
  if (const string_view pod = Label(labels, "statefulset.kubernetes.io/pod-name"); !pod.empty()) {
    return pod == pod_name ? Workload("StatefulSet", OwnerOfReplica(pod_name)) : "";
  }
  if (const string_view hash = Label(labels, "pod-template-hash"); !hash.empty()) {
    return Workload("Deployment", OwnerOfReplicaSet(pod_name, hash));
  }
  if (const string_view hash = Label(labels, "rollouts-pod-template-hash"); !hash.empty()) {
    return Workload("Rollout", OwnerOfReplicaSet(pod_name, hash));
  }
  if (labels.contains("controller-revision-hash")) {
    return Workload("DaemonSet", OwnerOfDaemonPod(pod_name));
  }
  return Workload("Job", JobOf(pod_name, labels));
}

}  // namespace listenq::discover
