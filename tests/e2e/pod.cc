#include "tests/e2e/pod.h"

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/sys/file.h"

namespace listenq::test {
namespace {

template <typename Value>
Value OrDie(absl::StatusOr<Value> value, const PodSpec& pod) {
  if (!value.ok()) Die(absl::StrCat("run pod ", pod.name, ": ", value.status().message()));
  return *std::move(value);
}

std::string RandomUid() {
  const std::string text = sys::ReadFile("/proc/sys/kernel/random/uuid").value_or("");
  return std::string(absl::StripSuffix(text, "\n"));
}

void ForEach(size_t count, size_t parallel, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < parallel; ++i) {
    threads.emplace_back([&] {
      for (size_t index = next++; index < count; index = next++) work(index);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Pod::Pod(const Cri& cri, PodSpec spec) : cri_(cri), spec_(std::move(spec)), uid_(RandomUid()) {
  sandbox_id_ = OrDie(cri_.RunSandbox(spec_, uid_), spec_);
  status_ = OrDie(cri_.GetSandboxStatus(sandbox_id_), spec_);
  for (const ContainerSpec& container : spec_.containers) {
    container_ids_[container.name] = OrDie(cri_.RunContainer(spec_, uid_, sandbox_id_, container), spec_);
  }
}

Pod::~Pod() { Remove(); }

const std::string& Pod::container_id(const std::string& name) const {
  const auto found = container_ids_.find(name);
  if (found == container_ids_.end()) Die(absl::StrCat("no container ", name, " in pod ", spec_.name));
  return found->second;
}

void Pod::Remove() {
  if (sandbox_id_.empty()) return;
  absl::Status status = cri_.StopSandbox(sandbox_id_);
  if (status.ok()) status = cri_.RemoveSandbox(sandbox_id_);
  if (!status.ok()) Die(absl::StrCat("remove pod ", spec_.name, ": ", status.message()));
  sandbox_id_.clear();
}

std::vector<std::unique_ptr<Pod>> RunPods(const Cri& cri, const std::vector<PodSpec>& specs,
                                          size_t parallel) {
  std::vector<std::unique_ptr<Pod>> pods(specs.size());
  ForEach(specs.size(), parallel, [&](size_t i) { pods[i] = std::make_unique<Pod>(cri, specs[i]); });
  return pods;
}

void RemovePods(std::vector<std::unique_ptr<Pod>> pods, size_t parallel) {
  ForEach(pods.size(), parallel, [&](size_t i) { pods[i]->Remove(); });
}

}  // namespace listenq::test
