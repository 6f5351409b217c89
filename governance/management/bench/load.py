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


def ask(
    port: int, connections: int, seconds: float, requests: list[bytes]
) -> dict[str, float | str]:
    """Each connection sends its next request when it has its answer."""
    ready = select.epoll()
    links: dict[int, socket.socket] = {}
    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port), timeout=10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        links[link.fileno()] = link
        ready.register(link.fileno(), select.EPOLLIN)
    clock, took, sent = time.perf_counter, [], {}
    begun: dict[int, bytes] = {}
    began = clock()
    until, number, waiting = began + seconds, 0, connections
    for place, link in links.items():
        link.sendall(requests[number % len(requests)])
        number, sent[place] = number + 1, clock()
    while waiting:
        for place, _ in ready.poll(10):
            answer, now = links[place].recv(MOST_BYTES), clock()
            if begun:
                answer = begun.pop(place, b"") + answer
            if answer and not _is_whole(answer):
                begun[place] = answer
                continue
            if not answer.startswith(OK):
                return {"refused": answer[:400].decode("latin-1") or "hung up"}
            took.append(now - sent[place])
            if now >= until:
                waiting -= 1
                continue
            sent[place] = now
            links[place].sendall(requests[number % len(requests)])
            number += 1
    whole = clock() - began
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
