// Pods as a runtime would list them.
#ifndef LISTENQ_TESTS_AGENT_DISCOVER_PODS_H_
#define LISTENQ_TESTS_AGENT_DISCOVER_PODS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/discover/names.h"

namespace listenq::test {

// 64 hex digits.
inline std::string Id(char digit) { return std::string(64, digit); }

inline discover::Pod MakePod(const std::string& name, char sandbox_digit,
                             std::vector<discover::PodContainer> containers) {
  discover::Pod pod;
  pod.sandbox_id = Id(sandbox_digit);
  pod.namespace_name = "shop";
  pod.name = name;
  pod.uid = name + "-uid";
  pod.labels = {{"app", "web"}};
  pod.workload = "Deployment web";
  pod.containers = std::move(containers);
  return pod;
}

inline std::shared_ptr<const discover::SandboxDetail> MakeDetail(uint32_t pid,
                                                                 const std::string& netns_path) {
  discover::SandboxDetail detail;
  detail.pid = pid;
  detail.netns_path = netns_path;
  return std::make_shared<const discover::SandboxDetail>(std::move(detail));
}

inline discover::Names NamesOf(std::vector<discover::Pod> pods,
                               std::vector<discover::PlainContainer> containers = {}) {
  std::vector<std::shared_ptr<const discover::Pod>> shared;
  for (discover::Pod& pod : pods) shared.push_back(std::make_shared<const discover::Pod>(std::move(pod)));
  std::vector<std::shared_ptr<const discover::PlainContainer>> plain;
  for (discover::PlainContainer& container : containers) {
    plain.push_back(std::make_shared<const discover::PlainContainer>(std::move(container)));
  }
  return {std::move(shared), std::move(plain), true};
}

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_AGENT_DISCOVER_PODS_H_
