#include "tests/bench/fleet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"

namespace listenq::bench {
namespace {

constexpr uint16_t kFirstPort = 8000;
constexpr int kBacklog = 128;
constexpr int kControl = 3;

struct Order {
  char what = 0;
  uint32_t number = 0;
};

void CheckCall(bool ok, const std::string& action) {
  if (!ok) test::Die(absl::StrCat(action, ": ", strerror(errno)));
}

sockaddr_in Ipv4(uint32_t address, uint16_t port) {
  sockaddr_in result = {};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(address);
  return result;
}

template <typename Address>
int ListenOn(const Address& address, int family, int backlog) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  CheckCall(fd >= 0, "create socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  CheckCall(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0, "bind");
  CheckCall(listen(fd, backlog) == 0, "listen");
  return fd;
}

int StartConnect(const sockaddr_in& address, int flags) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_TCP);
  CheckCall(fd >= 0, "create socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  CheckCall(errno == EINPROGRESS || errno == EADDRNOTAVAIL, "connect");
  return fd;
}

// ---- the life of a member's process

int ListenAsNumber(size_t index) {
  const auto port = static_cast<uint16_t>(kFirstPort + index);
  if (index % 2 == 0) return ListenOn(Ipv4(INADDR_ANY, port), AF_INET, kBacklog);
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  return ListenOn(address, AF_INET6, kBacklog);
}

void HoldListeners(size_t count, std::vector<int>* listeners) {
  for (; listeners->size() > count; listeners->pop_back()) close(listeners->back());
  while (listeners->size() < count) listeners->push_back(ListenAsNumber(listeners->size()));
}

// A limit of 0 holds one connection: every further attempt is lost when its SYN arrives.
void OverflowListener(int listener, uint32_t count) {
  CheckCall(listen(listener, 0) == 0, "listen again");
  std::vector<int> clients;
  for (uint32_t i = 0; i <= count; ++i) {
    clients.push_back(StartConnect(Ipv4(INADDR_LOOPBACK, kFirstPort), SOCK_NONBLOCK));
  }
  for (const int client : clients) close(client);
  for (int accepted = 0; (accepted = accept(listener, nullptr, nullptr)) >= 0;) close(accepted);
  CheckCall(listen(listener, kBacklog) == 0, "listen again");
}

void LiveAsMember(int control) {
  std::vector<int> listeners;
  for (Order order; read(control, &order, sizeof(order)) == sizeof(order);) {
    if (order.what == 'L') HoldListeners(order.number, &listeners);
    if (order.what == 'D') OverflowListener(listeners.front(), order.number);
    CheckCall(write(control, "r", 1) == 1, "answer");
  }
}

// ---- the life of a TIME_WAIT stock's process

constexpr size_t kTimeWaitPorts = 8;
constexpr uint16_t kFirstTimeWaitPort = 100;

void WriteSysctl(const char* path, const char* value) {
  const sys::UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  CheckCall(fd.valid() && write(fd.get(), value, strlen(value)) > 0, absl::StrCat("write ", path));
}

uint32_t CountTimeWait() {
  const auto text = sys::ReadFile("/proc/self/net/sockstat");
  unsigned count = 0;
  const size_t at = text.ok() ? text->find(" tw ") : std::string::npos;
  if (at == std::string::npos || sscanf(text->c_str() + at, " tw %u", &count) != 1) {
    test::Die("read sockstat: no count of TIME_WAIT");
  }
  return count;
}

// The side that closes first keeps the TIME_WAIT socket.
void AddTimeWait(int listener, uint16_t port) {
  const int client = StartConnect(Ipv4(INADDR_LOOPBACK, port), 0);
  const int server = accept(listener, nullptr, nullptr);
  close(client);
  if (server >= 0) close(server);
}

void LiveAsTimeWaitStock(int control, uint32_t count) {
  WriteSysctl("/proc/sys/net/ipv4/tcp_tw_reuse", "0");
  WriteSysctl("/proc/sys/net/ipv4/ip_local_port_range", "1024 65000");
  std::array<int, kTimeWaitPorts> listeners{};
  for (size_t i = 0; i < kTimeWaitPorts; ++i) {
    const auto port = static_cast<uint16_t>(kFirstTimeWaitPort + i);
    listeners[i] = ListenOn(Ipv4(INADDR_LOOPBACK, port), AF_INET, kBacklog);
  }
  bool ready = false;
  for (size_t next = 0;;) {
    constexpr uint32_t kSpare = 2000;  // those that expire until the next look
    for (uint32_t have = CountTimeWait(); have < count + kSpare; ++have, ++next) {
      const size_t i = next % kTimeWaitPorts;
      AddTimeWait(listeners[i], static_cast<uint16_t>(kFirstTimeWaitPort + i));
    }
    if (!ready) ready = write(control, "r", 1) == 1;
    const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
    nanosleep(&pause, nullptr);
  }
}

[[noreturn]] void Live(int netns, int control, const std::function<void(int)>& life) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "lqt-member");
  CheckCall(setns(netns, CLONE_NEWNET) == 0, "enter namespace");
  CheckCall(dup2(control, kControl) == kControl, "keep control");
  syscall(SYS_close_range, kControl + 1U, UINT_MAX, 0U);
  life(kControl);
  _exit(0);
}

}  // namespace

Resident::Resident(const test::NetnsRunner& netns, const std::function<void(int)>& life) {
  std::array<int, 2> ends{};
  CheckCall(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "create socket pair");
  control_.reset(ends[0]);
  const sys::UniqueFd theirs(ends[1]);
  const sys::UniqueFd inside(open(netns.path().c_str(), O_RDONLY | O_CLOEXEC));
  CheckCall(inside.valid(), absl::StrCat("open ", netns.path()));
  fflush(nullptr);
  pid_ = fork();
  CheckCall(pid_ >= 0, "fork");
  if (pid_ == 0) Live(inside.get(), theirs.get(), life);
}

Resident::~Resident() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Resident::Send(char order, uint32_t number) const {
  const Order bytes{.what = order, .number = number};
  CheckCall(write(control_.get(), &bytes, sizeof(bytes)) == sizeof(bytes), "write to member");
}

void Resident::Await() const {
  char answer = 0;
  if (read(control_.get(), &answer, 1) != 1) test::Die("wait for member: it ended");
}

Member::Member() : resident_(netns_, LiveAsMember) {}

void Member::Overflow(uint32_t count) {
  resident_.Send('D', count);
  resident_.Await();
}

void Fleet::Grow(size_t members) {
  while (members_.size() < members) members_.push_back(std::make_unique<Member>());
}

void Fleet::SetListeners(uint32_t each) {
  listeners_each_ = each;
  for (const auto& member : members_) member->StartListening(each);
  for (const auto& member : members_) member->AwaitListening();
}

TimeWaitStock::TimeWaitStock(uint32_t count)
    : resident_(netns_, [count](int control) { LiveAsTimeWaitStock(control, count); }) {
  resident_.Await();
}

}  // namespace listenq::bench
