"""A DNS server on 127.0.0.1:53 that knows some names' IPv4 addresses and denies all others."""

import socket
import struct
import threading

A = 1
NXDOMAIN = 3
ANSWER = 0x8580  # a response, authoritative, recursion as wished and had
POINTER_TO_QUESTION = 0xC00C  # after the header's 12 bytes (RFC 1035, 4.1.4)


class Server:
    def __init__(self, addresses):
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", 53))
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, sender = self._socket.recvfrom(512)
            if not query:
                return
            self._socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        name, end = read_name(query, 12)
        (kind,) = struct.unpack_from("!H", query, end)
        question = query[12:end + 4]
        address = self._addresses.get(name)
        if address is None:
            return struct.pack("!2sHHHHH", query[:2], ANSWER | NXDOMAIN, 1, 0, 0, 0) + question
        if kind != A:
            return struct.pack("!2sHHHHH", query[:2], ANSWER, 1, 0, 0, 0) + question
        record = struct.pack("!HHHIH4s", POINTER_TO_QUESTION, A, 1, 60, 4, socket.inet_aton(address))
        return struct.pack("!2sHHHHH", query[:2], ANSWER, 1, 1, 0, 0) + question + record


def read_name(message, start):
    """The name at start, in lower case, and where it ends. No compression: it is a question's."""
    labels = []
    while message[start]:
        length = message[start]
        labels.append(message[start + 1:start + 1 + length].decode("ascii").lower())
        start += 1 + length
    return ".".join(labels), start + 1
