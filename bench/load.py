"""A load generator that costs little: prepared bytes over kept-alive connections, in its own process."""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Sequence


class Refused(RuntimeError):
    """The server answered something else than success: what was measured would mean nothing."""


def rate(port: int, requests: Sequence[bytes], connections: int = 8) -> float:
    """Requests a second for sending all of `requests` over `connections`; raises `Refused`."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_drive, args=(port, requests, connections, send))
    child.start()
    outcome = receive.recv()
    child.join()
    if isinstance(outcome, str):
        raise Refused(outcome)
    return len(requests) / float(outcome)


def _drive(
    port: int, requests: Sequence[bytes], connections: int, report: "multiprocessing.connection.Connection"
) -> None:
    try:
        report.send(_exchange(port, requests, connections))
    except Exception as error:  # the parent raises it again
        report.send(f"{type(error).__name__}: {error}")


def _exchange(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Seconds until every request has its answer."""
    waiting = iter(requests)
    poll = selectors.DefaultSelector()
    start = time.perf_counter()
    lines: dict[int, socket.socket] = {}
    for first in [next(waiting) for _ in range(connections)]:
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines[line.fileno()] = line
        poll.register(line, selectors.EVENT_READ, bytearray())
        line.sendall(first)
    answered = 0
    while answered < len(requests):
        for key, _ in poll.select(10):
            line = lines[key.fd]
            buffer = key.data
            received = line.recv(65536)
            if not received:
                raise Refused("connection closed")
            buffer += received
            if not _whole(buffer):
                continue
            if not buffer.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")):
                raise Refused(bytes(buffer[:600]).decode("utf-8", "replace"))
            buffer.clear()
            answered += 1
            if (following := next(waiting, None)) is not None:
                line.sendall(following)
    return time.perf_counter() - start


def _whole(buffer: bytearray) -> bool:
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return False
    for field in head.lower().split(b"\r\n"):
        if field.startswith(b"content-length:"):
            return len(body) >= int(field.split(b":")[1])
    return True
