/* The least that a look into a network namespace costs: the system calls that nobody can avoid, nothing
 * parsed, nothing kept. What the collector is compared with. */
#ifndef LISTENQ_TESTS_BENCH_FLOOR_H_
#define LISTENQ_TESTS_BENCH_FLOOR_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Names as C has them. */
/* NOLINTBEGIN(readability-identifier-naming) */

/* What is read of a namespace, besides its listeners. */
enum {
  FLOOR_NETSTAT = 1,
  FLOOR_SOCKSTAT = 2,
  FLOOR_SNMP = 4,
  FLOOR_SOCKSTAT6 = 8,
  FLOOR_SYSCTLS = 16, /* somaxconn and tcp_syncookies */
};

/* One send to a sock_diag socket. `answers`: how many datagrams come back; 0: a dump, read until its end. */
struct floor_request {
  const void* bytes;
  size_t size;
  unsigned answers;
};

/* Remembers the calling thread's namespace as home. 0, or -1 with errno. */
int floor_init(void);
/* Enters the namespace, opens a socket, asks, reads the files, comes home. 0, or -1 with errno. The thread is
 * the one that called floor_init. When it could not come home the program ends. */
int floor_visit(int netns_fd, const struct floor_request* request, unsigned files);

/* What tools do that enter no namespace: the whole of tcp, tcp6, netstat and snmp below /proc/PID/net. 0, or
 * -1 with errno. */
int read_proc_net(int pid);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif /* LISTENQ_TESTS_BENCH_FLOOR_H_ */
