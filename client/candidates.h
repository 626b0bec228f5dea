// The names that a shell offers: what the server knows of them. Pure.
#ifndef LISTENQ_CLIENT_CANDIDATES_H_
#define LISTENQ_CLIENT_CANDIDATES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/options.h"
#include "client/query.h"

namespace listenq::client {

// Letters, digits and "._-/@%+", not "-" first: nothing that a shell takes for more than a name. Whatever
// else a container calls itself is not offered.
bool IsOfferable(absl::string_view name);

// Distinct and in order. Pods are those of the Kubernetes namespaces that `selection` has, containers also
// those of its pods.
std::vector<std::string> CandidatesFrom(const Answer<v1::Namespace>& answer, NameKind kind,
                                        const Selection& selection);
std::vector<std::string> CandidatesFrom(const Answer<v1::SysctlSummary>& answer);
// Rules that have a finding.
std::vector<std::string> CandidatesFrom(const Answer<v1::Finding>& answer);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_CANDIDATES_H_
