"""One exchange with the outside: pooled, timed, bounded, and silent about secrets."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from app.clients.errors import Unreachable

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 5.0
LARGEST_ANSWER_BYTES = 1 << 20

_CHUNK_BYTES = 1 << 16
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "Senhui",
}

# Given method, target (path and query) and body exactly as they go out; returns headers to add.
Signer = Callable[[str, str, bytes], Mapping[str, str]]


def _names_no_query(record: logging.LogRecord) -> bool:
    return "?" not in record.getMessage()


# urllib3 writes whole targets at DEBUG, and WeChat takes secrets and tokens in the query.
logging.getLogger("urllib3.connectionpool").addFilter(_names_no_query)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a 2xx or 4xx: `headers` found in any case, `body` as raw bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """The way to one host: `base_url` is its origin, `sign` adds headers to every request."""

    def __init__(self, base_url: str, *, sign: Signer | None = None) -> None:
        self._origin = origin(base_url)
        self._sign = sign
        self._pool, self._pool_owner = _new_pool(), os.getpid()

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        largest_bytes: int = LARGEST_ANSWER_BYTES,
        within_s: float | None = None,
    ) -> Answer:
        """Send once, never again by itself, and return the answer.

        Raises `Unreachable` on a time-out, a reset, a broken or too large answer, a redirect or a 5xx.
        Its text names the path without the query, and it is raised outside the `except` because the
        exceptions of requests hold the whole URL.
        """
        try:
            answer = self._exchange(method, target, body, largest_bytes, within_s or READ_TIMEOUT_S)
        except (OSError, urllib3.exceptions.HTTPError) as trouble:
            reason = type(trouble).__name__
        else:
            if 200 <= answer.status < 300 or 400 <= answer.status < 500:
                return answer
            reason = f"status {answer.status}, request {answer.headers.get('Request-ID', 'unknown')[:64]}"
        raise Unreachable(f"{method} {self._origin}{target.partition('?')[0]}: {reason}")

    def _exchange(self, method: str, target: str, body: bytes, largest_bytes: int, within_s: float) -> Answer:
        prepared = requests.Request(method, self._origin + target, headers=_HEADERS, data=body).prepare()
        if self._sign:
            prepared.headers.update(self._sign(method, prepared.path_url, body))
        response = self._own_pool().send(
            prepared, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S), verify=True
        )
        try:
            content = _read(response, largest_bytes, within_s)
        finally:
            response.close()
        return Answer(response.status_code, response.headers, content)

    def _own_pool(self) -> HTTPAdapter:
        """Keep one pool a process: a forked worker must not talk on its parent's sockets."""
        if self._pool_owner != os.getpid():
            self._pool, self._pool_owner = _new_pool(), os.getpid()
        return self._pool


def _new_pool() -> HTTPAdapter:
    """Make a bare adapter, not a session: no redirects, no cookies, nothing from the environment.

    A session would let a ~/.netrc replace our Authorization and a variable route us through a proxy.
    """
    return HTTPAdapter(pool_connections=1, pool_maxsize=16)


def _read(response: requests.Response, largest_bytes: int, within_s: float) -> bytes:
    """Read the whole body; time-outs of sockets only bound the gaps, so the sum is bounded here."""
    ends = time.monotonic() + within_s
    content = bytearray()
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        content += chunk
        if len(content) > largest_bytes:
            raise OSError("the answer is too large")
        if time.monotonic() > ends:
            raise TimeoutError("the answer takes too long")
    return bytes(content)


def origin(base_url: str) -> str:
    """`scheme://host[:port]` of a base URL. It must be https, or http to this machine itself.

    Raises `ValueError`, at start-up, for anything else: a path, a query, a password in it.
    """
    parts = urlsplit(base_url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment) and "@" not in parts.netloc
    if not (secure and bare and parts.hostname):
        raise ValueError("a base URL is https://host[:port], or http only for a loopback host")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
