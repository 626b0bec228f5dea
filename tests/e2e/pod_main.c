// The one program of the pods' image. Static, so that the image needs nothing else.
//   lqt-pod [--for SECONDS] [ADDRESS PORT BACKLOG]...
// Listens on each of them, accepts nothing, and waits: for ever, or so long. Without arguments it is the
// pause container. Ends at SIGTERM: the first process of a pid namespace gets it only by a handler.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int number) {
  (void)number;
  _exit(0);
}

static int listen_on(const char* address, int port, int backlog) {
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
  if (inet_pton(AF_INET, address, &local.sin_addr) != 1) return -1;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (const struct sockaddr*)&local, sizeof(local)) != 0) return -1;
  return listen(fd, backlog);
}

int main(int argc, char** argv) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--for") == 0) {
    signal(SIGALRM, end);
    alarm((unsigned)atoi(argv[2]));
    first = 3;
  }
  for (int i = first; i + 2 < argc; i += 3) {
    if (listen_on(argv[i], atoi(argv[i + 1]), atoi(argv[i + 2])) != 0) {
      perror("listen");
      return 1;
    }
  }
  for (;;) pause();
}
