#define _GNU_SOURCE
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { kMaxAnswers = 100, kSlotBytes = 512, kDumpBytes = 32 << 10, kFileBytes = 64 << 10 };

static int home = -1;
static int net_folder = -1;
static _Alignas(8) char answer_bytes[kMaxAnswers * kSlotBytes];
static char file_bytes[kFileBytes];
static struct iovec slots[kMaxAnswers];
static struct mmsghdr headers[kMaxAnswers];

int floor_init(void) {
  for (int i = 0; i < kMaxAnswers; ++i) {
    slots[i].iov_base = answer_bytes + (size_t)i * kSlotBytes;
    slots[i].iov_len = kSlotBytes;
    headers[i].msg_hdr.msg_iov = &slots[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  if (home < 0) home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (net_folder < 0) net_folder = open("/proc/thread-self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return home < 0 || net_folder < 0 ? -1 : 0;
}

static int receive_dump(int fd) {
  for (;;) {
    const ssize_t size = recv(fd, answer_bytes, kDumpBytes, MSG_DONTWAIT);
    if (size < 0) return -1;
    const char* const end = answer_bytes + size;
    for (const char* at = answer_bytes; at < end;) {
      const struct nlmsghdr* const message = (const struct nlmsghdr*)at;
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_len < sizeof(*message)) {
        errno = EPROTO;
        return -1;
      }
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

static int receive_answers(int fd, unsigned count) {
  const int received = recvmmsg(fd, headers, count, MSG_DONTWAIT, NULL);
  if (received >= 0 && (unsigned)received == count) return 0;
  if (received >= 0) errno = ENODATA;
  return -1;
}

static int ask(const struct floor_request* request) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return -1;
  int result = send(fd, request->bytes, request->size, 0) < 0 ? -1 : 0;
  if (result == 0) result = request->answers == 0 ? receive_dump(fd) : receive_answers(fd, request->answers);
  close(fd);
  return result;
}

/* One read: the files that are asked for come in one piece. */
static int read_file(int folder, const char* path) {
  const int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t size = read(fd, file_bytes, sizeof(file_bytes));
  close(fd);
  return size < 0 ? -1 : 0;
}

static int read_files(unsigned files) {
  if ((files & FLOOR_NETSTAT) && read_file(net_folder, "netstat") != 0) return -1;
  if ((files & FLOOR_SOCKSTAT) && read_file(net_folder, "sockstat") != 0) return -1;
  if ((files & FLOOR_SNMP) && read_file(net_folder, "snmp") != 0) return -1;
  if ((files & FLOOR_SOCKSTAT6) && read_file(net_folder, "sockstat6") != 0) return -1;
  if (!(files & FLOOR_SYSCTLS)) return 0;
  if (read_file(AT_FDCWD, "/proc/sys/net/core/somaxconn") != 0) return -1;
  return read_file(AT_FDCWD, "/proc/sys/net/ipv4/tcp_syncookies");
}

int floor_visit(int netns_fd, const struct floor_request* request, unsigned files) {
  if (setns(netns_fd, CLONE_NEWNET) != 0) return -1;
  int result = ask(request);
  if (result == 0) result = read_files(files);
  const int error_number = errno;
  if (setns(home, CLONE_NEWNET) != 0) abort();
  errno = error_number;
  return result;
}

static int read_to_end(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t size = 0;
  do {
    size = read(fd, file_bytes, sizeof(file_bytes));
  } while (size > 0);
  close(fd);
  return size < 0 ? -1 : 0;
}

int read_proc_net(int pid) {
  static const char* const kNames[] = {"tcp", "tcp6", "netstat", "snmp"};
  for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, kNames[i]);
    if (read_to_end(path) != 0) return -1;
  }
  return 0;
}
