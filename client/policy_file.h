// A policy over sysctls: YAML → the rules of a request. docs/policy.md says what stands in a file.
#ifndef LISTENQ_CLIENT_POLICY_FILE_H_
#define LISTENQ_CLIENT_POLICY_FILE_H_

#include <google/protobuf/repeated_field.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

// Bounds of the server (ListFindingsRequest) and of a file with its comments.
inline constexpr int kMaxPolicyRules = 200;
inline constexpr size_t kMaxPolicyBytes = 64 << 10;
inline constexpr size_t kMaxPolicyFileBytes = 1 << 20;

struct PolicySource {
  // As the user named it; "<stdin>".
  std::string file;
  int line = 1;
};

struct Policy {
  google::protobuf::RepeatedPtrField<v1::PolicyRule> rules;
  // Where each rule begins: as many as rules.
  std::vector<PolicySource> sources;
};

// Adds the rules of a file's text to `policy`. InvalidArgument names file, line and key, in one line:
// "policy.yaml:12: rules[3].sevrity: unknown key; did you mean severity?". Threading: any.
absl::Status AddPolicy(const std::string& file, const std::string& text, Policy& policy);

// All the files; "-" is standard input. InvalidArgument also for a file that cannot be read.
absl::StatusOr<Policy> ReadPolicy(const std::vector<std::string>& files);

// A commented policy to start from.
absl::string_view DefaultPolicy();

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_POLICY_FILE_H_
