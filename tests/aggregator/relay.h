// Between a client and a server's unix socket: what hangs when a test wants it, with its connections open.
#ifndef LISTENQ_TESTS_AGGREGATOR_RELAY_H_
#define LISTENQ_TESTS_AGGREGATOR_RELAY_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/sys/unique_fd.h"

namespace listenq::test {

// Contract: accepts at `path` and passes on to and from `target`, byte by byte, from construction to
//   destruction; while `hangs` nothing is passed on or accepted, and nobody is told.
// Threading: one thread of its own.
class Relay {
 public:
  Relay(const std::string& path, std::string target) : target_(std::move(target)) {
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = AddressOf(path);
    const bool listens =
        bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
        listen(listener_.get(), 16) == 0;
    if (!listens) std::abort();
    thread_ = std::thread([this] { Run(); });
  }
  ~Relay() {
    stop_ = true;
    thread_.join();
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::atomic<bool> hangs = false;

 private:
  struct Pair {
    sys::UniqueFd client;
    sys::UniqueFd server;
  };

  static sockaddr_un AddressOf(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    return address;
  }

  void Run() {
    while (!stop_) {
      std::vector<pollfd> fds;
      const bool waits = hangs;
      if (!waits) fds.push_back({.fd = listener_.get(), .events = POLLIN});
      for (const Pair& pair : waits ? kNone : pairs_) {
        fds.push_back({.fd = pair.client.get(), .events = POLLIN});
        fds.push_back({.fd = pair.server.get(), .events = POLLIN});
      }
      // Often enough to see what the test sets.
      poll(fds.data(), fds.size(), 10);
      if (waits) continue;
      for (size_t i = pairs_.size(); i-- > 0;) Pass(i, fds[1 + 2 * i].revents, fds[2 + 2 * i].revents);
      if (fds[0].revents != 0) Accept();
    }
  }
  void Accept() {
    Pair pair;
    pair.client.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    pair.server.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = AddressOf(target_);
    if (connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
    pairs_.push_back(std::move(pair));
  }
  void Pass(size_t i, short from_client, short from_server) {
    const bool both = (from_client == 0 || Move(pairs_[i].client.get(), pairs_[i].server.get())) &&
                      (from_server == 0 || Move(pairs_[i].server.get(), pairs_[i].client.get()));
    if (!both) pairs_.erase(pairs_.begin() + static_cast<ptrdiff_t>(i));
  }
  static bool Move(int from, int to) {
    std::array<char, 65536> bytes{};
    const ssize_t got = read(from, bytes.data(), bytes.size());
    if (got <= 0) return false;
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t now = send(to, bytes.data() + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += now;
    }
    return true;
  }

  const std::string target_;
  const std::vector<Pair> kNone;
  sys::UniqueFd listener_;
  std::vector<Pair> pairs_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_AGGREGATOR_RELAY_H_
