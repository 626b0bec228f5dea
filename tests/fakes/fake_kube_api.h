// A Kubernetes API server that says what a test wants, by HTTPS.
#ifndef LISTENQ_TESTS_FAKES_FAKE_KUBE_API_H_
#define LISTENQ_TESTS_FAKES_FAKE_KUBE_API_H_

#include <gtest/gtest.h>
#include <httplib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "agent/sys/mutex.h"
#include "tests/support/test_certificates.h"

namespace listenq::fakes {

struct KubeRequest {
  std::string path;
  std::map<std::string, std::string> query;
  // Of the header Authorization.
  std::string authorization;
};

struct KubeAnswer {
  int code = 200;
  std::string body;
};

// Serves on a port of 127.0.0.1 from construction to destruction. Safe to use from every thread.
class FakeKubeApi {
 public:
  using Handler = std::function<KubeAnswer(const KubeRequest& request)>;

  explicit FakeKubeApi(const test::CertificateFiles& files)
      : server_(files.cert.c_str(), files.key.c_str()), port_(server_.bind_to_any_port("127.0.0.1")) {
    server_.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      const KubeAnswer answer = Handle({.path = request.path,
                                        .query = {request.params.begin(), request.params.end()},
                                        .authorization = request.get_header_value("Authorization")});
      response.status = answer.code;
      response.set_content(answer.body, "application/json");
    });
    EXPECT_GT(port_, 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~FakeKubeApi() {
    // Until it runs it can't be stopped.
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }
  FakeKubeApi(const FakeKubeApi&) = delete;
  FakeKubeApi& operator=(const FakeKubeApi&) = delete;

  [[nodiscard]] uint16_t port() const { return static_cast<uint16_t>(port_); }
  // What is nowhere is 404.
  void AnswerBy(const std::string& path, Handler handler) {
    const sys::MutexLock lock(mutex_);
    handlers_[path] = std::move(handler);
  }
  void Answer(const std::string& path, const KubeAnswer& answer) {
    AnswerBy(path, [answer](const KubeRequest& /*request*/) { return answer; });
  }
  std::vector<KubeRequest> TakeRequests() {
    const sys::MutexLock lock(mutex_);
    return std::exchange(requests_, {});
  }

 private:
  KubeAnswer Handle(const KubeRequest& request) {
    const sys::MutexLock lock(mutex_);
    requests_.push_back(request);
    const auto handler = handlers_.find(request.path);
    return handler == handlers_.end() ? KubeAnswer{.code = 404} : handler->second(request);
  }

  httplib::SSLServer server_;
  const int port_;
  sys::Mutex mutex_;
  std::map<std::string, Handler> handlers_ ABSL_GUARDED_BY(mutex_);
  std::vector<KubeRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace listenq::fakes

#endif  // LISTENQ_TESTS_FAKES_FAKE_KUBE_API_H_
