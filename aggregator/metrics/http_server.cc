#include "aggregator/metrics/http_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/mutex.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

// httplib's own queue has no bound. When this one is full, accepting waits: who comes then waits in the
// kernel.
class BoundedQueue final : public httplib::TaskQueue {
 public:
  BoundedQueue() {
    for (int i = 0; i < HttpServer::kThreads; ++i) threads_.emplace_back([this] { Work(); });
  }

  void enqueue(std::function<void()> task) override {
    sys::MutexLock lock(mutex_);
    while (tasks_.size() >= HttpServer::kMaxWaiting && !stop_) lock.Wait(changed_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

  // Those that wait are still served.
  void shutdown() override {
    {
      const sys::MutexLock lock(mutex_);
      stop_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    while (true) {
      std::function<void()> task;
      {
        sys::MutexLock lock(mutex_);
        while (tasks_.empty() && !stop_) lock.Wait(changed_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
        changed_.notify_all();
      }
      task();
    }
  }

  std::vector<std::thread> threads_;
  sys::Mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
};

HttpAnswer Refuse(int status, const char* why) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = why};
}

HttpAnswer AnswerTo(const std::map<std::string, HttpServer::Handler>& handlers,
                    const httplib::Request& request) {
  const auto handler = handlers.find(request.path);
  if (handler == handlers.end()) return Refuse(404, "not found\n");
  const bool head = request.method == "HEAD";
  if (!head && request.method != "GET") return Refuse(405, "only GET and HEAD\n");
  // Many ranges of a long text would be a long answer to a short request.
  if (!request.ranges.empty()) return Refuse(416, "no ranges\n");
  return handler->second({.head = head});
}

void Send(HttpAnswer answer, httplib::Response* response) {
  response->status = answer.status;
  if (answer.status == 405) response->set_header("Allow", "GET, HEAD");
  const auto body = std::make_shared<const std::string>(std::move(answer.body));
  // By a provider: a body would be copied, and compressed, which takes longer than to make it.
  response->set_content_provider(body->size(), answer.content_type,
                                 [body](size_t offset, size_t length, httplib::DataSink& sink) {
                                   if (offset > body->size()) return false;
                                   const auto rest = std::min(length, body->size() - offset);
                                   return sink.write(body->data() + offset, rest);
                                 });
}

// Not httplib's: with its SO_REUSEPORT two servers would share a port, each answering now and then.
void SetSocketOptions(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

struct HttpServer::Parts {
  std::map<std::string, Handler> handlers;
  httplib::Server server;
  std::thread thread;

  Parts() = default;
  ~Parts() {
    // Stop does nothing before the loop runs.
    while (thread.joinable() && !server.is_running() && !ended) std::this_thread::yield();
    server.stop();
    if (thread.joinable()) thread.join();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void Configure() {
    server.new_task_queue = [] { return new BoundedQueue; };
    server.set_keep_alive_max_count(1);
    server.set_read_timeout(kTimeoutSeconds);
    server.set_write_timeout(kTimeoutSeconds);
    server.set_payload_max_length(0);
    server.set_tcp_nodelay(true);
    server.set_socket_options(SetSocketOptions);
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Send(AnswerTo(handlers, request), &response);
      return httplib::Server::HandlerResponse::Handled;
    });
  }
  void Run() {
    thread = std::thread([this] {
      server.listen_after_bind();
      ended = true;
    });
  }

  std::atomic<bool> ended = false;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const base::Address& address,
                                                              std::map<std::string, Handler> handlers) {
  if (address.is_unix() || address.tls) {
    return absl::InvalidArgumentError(
        absl::StrCat("serve HTTP on ", base::ToString(address), ": it takes a plain HOST:PORT"));
  }
  auto parts = std::make_unique<Parts>();
  parts->handlers = std::move(handlers);
  parts->Configure();
  base::Address bound = address;
  errno = 0;
  const int port = address.port == 0
                       ? parts->server.bind_to_any_port(address.host)
                       : (parts->server.bind_to_port(address.host, address.port) ? address.port : -1);
  if (port <= 0) {
    const std::string action = absl::StrCat("listen on ", base::HostPort(address));
    if (errno != 0) return sys::ErrnoStatus(errno, action);
    return absl::UnavailableError(absl::StrCat(action, ": no such address"));
  }
  bound.port = static_cast<uint16_t>(port);
  parts->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(bound), std::move(parts)));
}

HttpServer::HttpServer(base::Address address, std::unique_ptr<Parts> parts)
    : address_(std::move(address)), parts_(std::move(parts)) {}

HttpServer::~HttpServer() = default;

}  // namespace listenq::aggregator
