// A container runtime that does what a real one cannot be made to: fail, hang for a while, forget.
#ifndef LISTENQ_TESTS_FAKES_FAKE_RUNTIME_H_
#define LISTENQ_TESTS_FAKES_FAKE_RUNTIME_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/discover/container_runtime.h"

namespace listenq::test {

// Threading: one thread at a time.
class FakeRuntime final : public discover::ContainerRuntime {
 public:
  absl::StatusOr<std::vector<discover::Pod>> List() override {
    ++lists;
    if (!list_status.ok()) return list_status;
    return pods;
  }
  absl::StatusOr<discover::SandboxDetail> Detail(const std::string& sandbox_id) override {
    asked.push_back(sandbox_id);
    if (on_detail) on_detail();
    const auto found = details.find(sandbox_id);
    if (found == details.end()) return absl::NotFoundError("no such sandbox");
    return found->second;
  }

  std::vector<discover::Pod> pods;
  absl::Status list_status;
  std::map<std::string, absl::StatusOr<discover::SandboxDetail>> details;
  std::function<void()> on_detail;
  int lists = 0;
  std::vector<std::string> asked;
};

// The same runtime for whoever connects again and again.
class RuntimeReference final : public discover::ContainerRuntime {
 public:
  explicit RuntimeReference(discover::ContainerRuntime* runtime) : runtime_(*runtime) {}
  absl::StatusOr<std::vector<discover::Pod>> List() override { return runtime_.List(); }
  absl::StatusOr<discover::SandboxDetail> Detail(const std::string& sandbox_id) override {
    return runtime_.Detail(sandbox_id);
  }

 private:
  discover::ContainerRuntime& runtime_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_FAKES_FAKE_RUNTIME_H_
