// The order in which an agent sends its rows is the one in which an aggregator merges them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/observer_rows.h"
#include "tests/agent/serve/serving_view.h"

namespace listenq::serve {
namespace {

using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::PodOwner;

class RowOrder : public testing::Serving {
 protected:
  // Listeners and namespaces of which many are alike in something.
  void SetUp() override {
    std::mt19937 random(11);
    std::vector<model::Namespace> namespaces;
    for (model::NetnsSerial serial = 1; serial <= 40; ++serial) {
      model::Namespace ns =
          MakeNamespace(serial, {PodOwner("ns-" + std::to_string(random() % 3),
                                          "pod-" + std::to_string(random() % 5), "main", 'a')});
      ns.drops = model::NamespaceDrops{.listen_drops = random() % 4};
      for (uint16_t port = 1; port <= random() % 12; ++port) {
        model::Listener listener = MakeListener(port, random() % 6, random() % 5 == 0 ? 0 : 4);
        if (random() % 7 == 0) listener.reading.limit.reset();
        listener.drops = {.min = random() % 2, .max = 1 + random() % 3};
        listener.recent_drops = {.min = 0, .max = random() % 3};
        listener.recent_interval = absl::Seconds(5);
        ns.listeners.push_back(listener);
      }
      namespaces.push_back(ns);
    }
    view_.Publish(MakeSnapshot(std::move(namespaces)));
    Start();
  }
};

template <typename Request, typename Rows>
void ExpectInOrder(const Request& request, const Rows& rows) {
  ASSERT_GT(rows.size(), 30);
  for (int i = 1; i < rows.size(); ++i) {
    EXPECT_FALSE(base::IsBefore(request, rows[i], rows[i - 1])) << i << ": " << rows[i].ShortDebugString();
  }
}

TEST_F(RowOrder, OfListenersByEachKey) {
  for (int order = v1::ListenerOrder_MIN; order <= v1::ListenerOrder_MAX; ++order) {
    SCOPED_TRACE(v1::ListenerOrder_Name(static_cast<v1::ListenerOrder>(order)));
    v1::ListListenersRequest request;
    request.set_order_by(static_cast<v1::ListenerOrder>(order));
    const auto context = NewContext();
    const auto reader = stub_->ListListeners(context.get(), request);
    const auto result = testing::ReadAll(*reader);
    ASSERT_TRUE(result.status.ok());
    ExpectInOrder(request, result.messages.front().batch().listeners());
  }
}

TEST_F(RowOrder, OfNamespaces) {
  const auto context = NewContext();
  const v1::ListNamespacesRequest request;
  const auto reader = stub_->ListNamespaces(context.get(), request);
  const auto result = testing::ReadAll(*reader);
  ASSERT_TRUE(result.status.ok());
  ExpectInOrder(request, result.messages.front().batch().namespaces());
}

}  // namespace
}  // namespace listenq::serve
