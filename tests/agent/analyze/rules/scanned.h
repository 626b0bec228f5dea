// What the rules find in real namespaces, as the scanner reads them.
#ifndef LISTENQ_TESTS_AGENT_ANALYZE_RULES_SCANNED_H_
#define LISTENQ_TESTS_AGENT_ANALYZE_RULES_SCANNED_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/analyze/findings.h"
#include "agent/scanner.h"
#include "tests/agent/analyze/rules/world.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_names.h"
#include "tests/support/skip.h"
#include "tests/support/test_netns.h"

namespace listenq::analyze {

class ScannedTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  // One beat, a second after the last, in which everything of `netns` is read, sysctls too.
  void Read(const test::NetnsRunner& netns) {
    clock_.Advance(absl::Seconds(1));
    for (const auto& value : scanner_.Latest()->namespaces) {
      if (value->id->inode == netns.inode()) scanner_.Heat({&value->id->serial, 1});
    }
    scanner_.Beat();
    snapshot_ = scanner_.Latest();
  }

  // As of the last Read. Valid until the next.
  [[nodiscard]] std::vector<model::Finding> Find(const test::NetnsRunner& netns, const Rule& rule) const {
    const Rule* rules = &rule;
    std::vector<model::Finding> findings = FindAll(
        *snapshot_, {&rules, 1}, scanner_.Recorder().Episodes(absl::InfinitePast()),
        [&](const model::Namespace& ns) { return ns.id->inode == netns.inode(); }, clock_.Now());
    ExpectWellFormed(findings);
    return findings;
  }
  // Null where it is not.
  [[nodiscard]] const model::Namespace* Value(const test::NetnsRunner& netns) const {
    const auto found = std::find_if(snapshot_->namespaces.begin(), snapshot_->namespaces.end(),
                                    [&](const auto& value) { return value->id->inode == netns.inode(); });
    return found == snapshot_->namespaces.end() ? nullptr : found->get();
  }

  test::FakeClock clock_;
  test::FakeNames names_;
  agent::Scanner scanner_{{.node_name = "here"}, &clock_, &names_};
  std::shared_ptr<const model::Snapshot> snapshot_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_TESTS_AGENT_ANALYZE_RULES_SCANNED_H_
