// One namespace as the agent sees it: collect and analyze joined, no loop around them.
#ifndef LISTENQ_TESTS_ROOT_NAMESPACE_WATCH_H_
#define LISTENQ_TESTS_ROOT_NAMESPACE_WATCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/analyze/namespace_tracker.h"
#include "agent/collect/collector.h"
#include "agent/collect/refresh_plan.h"
#include "agent/model/drop.h"
#include "agent/model/reading.h"
#include "agent/model/snapshot.h"
#include "agent/sys/clock.h"
#include "tests/support/test_netns.h"

namespace listenq::test {

// Threading: one thread. Failure: a visit that must not fail dies.
class NamespaceWatch {
 public:
  // `netns` outlives this.
  explicit NamespaceWatch(const NetnsRunner& netns);

  // A full visit, sysctls included.
  std::optional<model::DropEvent> ReadFull();
  // A light visit; true: something moved that only a full one can explain.
  bool Refresh();
  // What is known now.
  [[nodiscard]] std::shared_ptr<const model::Namespace> Known() { return tracker_.Publish(); }
  // The listener with this cookie in what is known now; null when it is not there.
  [[nodiscard]] const model::Listener* Find(uint64_t cookie);
  // How often the known listeners of the last Refresh() did not answer.
  [[nodiscard]] size_t missing() const { return missing_; }

 private:
  [[nodiscard]] collect::Target MakeTarget();

  const sys::SystemClock clock_;
  collect::Collector collector_;
  collect::RefreshPlan plan_;
  const std::vector<std::string> paths_;
  const sys::FileId id_;
  analyze::NamespaceTracker tracker_;
  std::shared_ptr<const model::Namespace> known_;
  size_t missing_ = 0;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_ROOT_NAMESPACE_WATCH_H_
