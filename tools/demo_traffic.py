#!/usr/bin/python3
"""The listeners and the connections of the demo, on the loopback of the namespace it is run in.

usage: demo_traffic.py listen COMM ADDRESS PORT BACKLOG ACCEPT   accepts ACCEPT connections and then no more
       demo_traffic.py connect ADDRESS PORT COUNT                COUNT connections, each held until the end

Both end by themselves after a minute.
"""

import signal
import socket
import sys
import time

LONGEST_SECONDS = 60


def new_socket(address):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)


def listen(comm, address, port, backlog, accept):
    with open("/proc/self/comm", "w") as file:
        file.write(comm)
    listener = new_socket(address)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(port)))
    listener.listen(int(backlog))
    accepted = [listener.accept() for _ in range(int(accept))]
    time.sleep(LONGEST_SECONDS)
    return accepted


def connect(address, port, count):
    held = []
    for _ in range(int(count)):
        held.append(new_socket(address))
        held[-1].setblocking(False)
        held[-1].connect_ex((address, int(port)))
    time.sleep(LONGEST_SECONDS)


def main():
    signal.alarm(LONGEST_SECONDS)
    {"listen": listen, "connect": connect}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
