#include "agent/serve/node_status.h"

#include <gtest/gtest.h>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::kNow;
using testing::MakeNamespace;
using testing::MakeSnapshot;

TEST(NodeStatus, OkSaysNothing) {
  const v1::NodeStatus status = StatusOf(MakeSnapshot({MakeNamespace(1)}), kNow);
  EXPECT_EQ(status.state(), v1::NODE_STATE_OK);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.node_name(), "node-1");
  EXPECT_EQ(status.age().seconds(), 1);
  EXPECT_EQ(status.api_minor(), kApiMinor);
  EXPECT_TRUE(status.has_unreadable_namespaces());
  EXPECT_EQ(status.unreadable_namespaces(), 0u);
}

TEST(NodeStatus, StartingUntilAllWasReadOnce) {
  model::Snapshot snapshot = MakeSnapshot({});
  snapshot.complete = false;
  const v1::NodeStatus status = StatusOf(snapshot, kNow);
  EXPECT_EQ(status.state(), v1::NODE_STATE_STARTING);
  EXPECT_EQ(status.message(), "starting: not every network namespace was read yet");
}

TEST(NodeStatus, PartialCountsWhatCouldNotBeRead) {
  model::Namespace bad = MakeNamespace(2);
  bad.errors = {{.part = "netns", .reason = "no CAP_SYS_ADMIN"}};
  const v1::NodeStatus status = StatusOf(MakeSnapshot({MakeNamespace(1), bad}), kNow);
  EXPECT_EQ(status.state(), v1::NODE_STATE_PARTIAL);
  EXPECT_EQ(status.unreadable_namespaces(), 1u);
  EXPECT_EQ(status.message(), "1 of 2 network namespaces could not be read in full");
}

TEST(NodeStatus, PartialNamesTheNodesOwnErrors) {
  model::Snapshot snapshot = MakeSnapshot({});
  snapshot.node.errors = {{.part = "processes", .reason = "no CAP_SYS_PTRACE"}};
  EXPECT_EQ(StatusOf(snapshot, kNow).message(), "processes: no CAP_SYS_PTRACE");
  EXPECT_EQ(StatusOf(snapshot, kNow).state(), v1::NODE_STATE_PARTIAL);
}

TEST(NodeStatus, StaleAfterTenSeconds) {
  model::Snapshot snapshot = MakeSnapshot({});
  snapshot.read_time = kNow - absl::Seconds(10);
  EXPECT_EQ(StatusOf(snapshot, kNow).state(), v1::NODE_STATE_OK);
  snapshot.read_time = kNow - absl::Milliseconds(74500);
  EXPECT_EQ(StatusOf(snapshot, kNow).state(), v1::NODE_STATE_PARTIAL);
  EXPECT_EQ(StatusOf(snapshot, kNow).message(), "stale: the last reading is 1m14s old");
}

TEST(NodeStatus, SkewNamesBothVersions) {
  const v1::NodeStatus status = SkewStatus(MakeSnapshot({}), 9, kNow);
  EXPECT_EQ(status.state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_EQ(status.message(),
            "the request needs listenq.v1 minor 9, this agent speaks minor 1: upgrade listenq-agent");
}

}  // namespace
}  // namespace listenq::serve
