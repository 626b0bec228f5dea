// A pod, from the start of its sandbox to its removal.
#ifndef LISTENQ_TESTS_E2E_POD_H_
#define LISTENQ_TESTS_E2E_POD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/cri.h"
#include "tests/support/test_netns.h"

namespace listenq::test {

// Running on return from the constructor: sandbox and all containers are started. As a namespace it is what
// tools run inside.
//
// Failure: the constructor dies. The destructor removes it.
class Pod final : public NetnsRunner {
 public:
  // `cri` must outlive it.
  Pod(const Cri& cri, PodSpec spec);
  ~Pod() override;
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  [[nodiscard]] std::string path() const override { return status_.netns_path; }
  [[nodiscard]] const PodSpec& spec() const { return spec_; }
  [[nodiscard]] const std::string& uid() const { return uid_; }
  [[nodiscard]] const std::string& ip() const { return status_.ip; }
  // Dies when there is no such container.
  [[nodiscard]] const std::string& container_id(const std::string& name) const;
  // Ends it and removes its records. Its network namespace is gone on return.
  void Remove();

 private:
  const Cri& cri_;
  const PodSpec spec_;
  const std::string uid_;
  std::string sandbox_id_;
  SandboxStatus status_;
  std::map<std::string, std::string> container_ids_;
};

// All at once, by at most `parallel` threads.
[[nodiscard]] std::vector<std::unique_ptr<Pod>> RunPods(const Cri& cri, const std::vector<PodSpec>& specs,
                                                        size_t parallel);
void RemovePods(std::vector<std::unique_ptr<Pod>> pods, size_t parallel);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_POD_H_
