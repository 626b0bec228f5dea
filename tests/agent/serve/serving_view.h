// An ObserverServer on a unix socket in a folder of its own, over a view whose snapshot a test sets.
#ifndef LISTENQ_TESTS_AGENT_SERVE_SERVING_VIEW_H_
#define LISTENQ_TESTS_AGENT_SERVE_SERVING_VIEW_H_

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/analyze/flight_recorder.h"
#include "agent/serve/connection_walks.h"
#include "agent/serve/node_view.h"
#include "agent/serve/server.h"
#include "agent/sys/clock.h"
#include "agent/sys/mutex.h"
#include "base/channel.h"
#include "listenq/v1/observer.grpc.pb.h"
#include "tests/agent/serve/sample_snapshot.h"
#include "tests/support/temp_folder.h"

namespace listenq::serve::testing {

class HandMadeView final : public NodeView {
 public:
  void Publish(model::Snapshot snapshot) {
    const sys::MutexLock lock(mutex_);
    snapshot_ = std::make_shared<const model::Snapshot>(std::move(snapshot));
  }
  std::vector<model::NetnsSerial> heated() const {
    const sys::MutexLock lock(mutex_);
    return heated_;
  }

  std::shared_ptr<const model::Snapshot> Latest() const override {
    const sys::MutexLock lock(mutex_);
    return snapshot_;
  }
  analyze::FlightRecorder& Recorder() const override { return recorder_; }
  void Heat(absl::Span<const model::NetnsSerial> namespaces) override {
    const sys::MutexLock lock(mutex_);
    heated_.insert(heated_.end(), namespaces.begin(), namespaces.end());
  }

 private:
  mutable analyze::FlightRecorder recorder_{analyze::FlightRecorder::Options{}};
  mutable sys::Mutex mutex_;
  std::shared_ptr<const model::Snapshot> snapshot_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const model::Snapshot>(MakeSnapshot({}));
  std::vector<model::NetnsSerial> heated_ ABSL_GUARDED_BY(mutex_);
};

class FixedClock final : public sys::Clock {
 public:
  absl::Time Now() const override { return kNow; }
};

class Serving : public ::testing::Test {
 public:
  // A call that hangs fails instead of blocking the test.
  static std::unique_ptr<grpc::ClientContext> NewContext() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context->set_wait_for_ready(true);
    return context;
  }

 protected:
  ~Serving() override {
    stub_.reset();
    server_.reset();
  }

  void Start() {
    auto server = ObserverServer::Start(socket_, view_, clock_, walks_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = *base::MakeChannel(*base::ParseServerAddress(socket_));
    stub_ = v1::Observer::NewStub(channel_);
  }

  const test::TempFolder folder_;
  const std::string socket_ = folder_.Path("agent.sock");
  HandMadeView view_;
  FixedClock clock_;
  // Set before Start; null: none are served.
  ConnectionWalks* walks_ = nullptr;
  std::unique_ptr<ObserverServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Observer::Stub> stub_;
};

// All messages of a server stream, and how it ended.
template <typename Response>
struct StreamResult {
  std::vector<Response> messages;
  grpc::Status status;
};
template <typename Response>
StreamResult<Response> ReadAll(grpc::ClientReader<Response>& reader) {
  StreamResult<Response> result;
  Response message;
  while (reader.Read(&message)) result.messages.push_back(message);
  result.status = reader.Finish();
  return result;
}

}  // namespace listenq::serve::testing

#endif  // LISTENQ_TESTS_AGENT_SERVE_SERVING_VIEW_H_
