"""Asks a server as fast as it answers, from a process of its own.

    python -m governance.management.bench.load PORT CONNECTIONS SECONDS < requests

Plain sockets that stay connected, one thread. Floor and product are asked by the same
program with the same requests; it prints calls a second and the latencies as JSON.
"""

import json
import select
import socket
import sys
import time
from itertools import cycle

CONSTANT = "/bench/constant/"
"""Where the gate server of the bench says what it always says: the floor."""
OK = b"HTTP/1.1 200"
LENGTH = b"content-length:"
MOST_BYTES = 65_536


def main() -> None:
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    requests = [one.encode() for one in json.load(sys.stdin)]
    asked = ask(port, connections, float(sys.argv[3]), requests)
    sys.stdout.write(json.dumps(asked))


class Link:
    """One connection that sends its next request when it has its answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.begun = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> bytes | None:
        """None while a part of it is to come; empty when the server hung up."""
        received = self.socket.recv(MOST_BYTES)
        answer = self.begun + received
        if received and not _is_whole(answer):
            self.begun = answer
            return None
        self.begun = b""
        return answer


def ask(
    port: int, connections: int, seconds: float, requests: list[bytes]
) -> dict[str, float | str]:
    """All connections, for so long; calls a second, and how long they took."""
    ready = select.epoll()
    links: dict[int, Link] = {}
    for link in [Link(port) for _ in range(connections)]:
        links[link.socket.fileno()] = link
        ready.register(link.socket.fileno(), select.EPOLLIN)
    following, took = cycle(requests), []
    began = time.perf_counter()
    for link in links.values():
        link.send(next(following))
    waiting = connections
    while waiting:
        for place, _ in ready.poll(10):
            answer, now = links[place].answer(), time.perf_counter()
            if answer is None:
                continue
            if not answer.startswith(OK):
                return {"refused": answer[:400].decode("latin-1") or "hung up"}
            took.append(now - links[place].sent_at)
            if now >= began + seconds:
                waiting -= 1
            else:
                links[place].send(next(following))
    whole = time.perf_counter() - began
    took.sort()
    return {
        "rate": len(took) / whole,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
    }


def _is_whole(answer: bytes) -> bool:
    """Head and body may come apart."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    stated = answer.lower().find(LENGTH, 0, end)
    if stated < 0:
        return True
    length = int(answer[stated + len(LENGTH) : answer.index(b"\r", stated)])
    return len(answer) >= end + 4 + length


if __name__ == "__main__":
    main()
