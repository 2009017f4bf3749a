"""Pushing to an address that somebody else chose, without being sent into our own network by it.

The name is resolved once, every address it has must be a public one, and the connection goes to that very
address while the certificate is checked for the name; no redirect is followed and little of the answer is
read. Source: OWASP, Server Side Request Forgery Prevention (case 2), and RFC 6890 for the ranges.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi

from app.clients.errors import OutsideError, Unreachable

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.0, 5.0
LONGEST_S = 10.0
"""How long one letter may take altogether, once its name is resolved."""
LONGEST_URL = 500
_LARGEST_ANSWER_BYTES = 4096
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PORTS = frozenset({443, 8443})
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class Forbidden(OutsideError):
    """The address is none that we push to: not https, not a public name, or a name of a private network."""


@dataclass(frozen=True)
class Target:
    """An address as we call it."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"


def read_url(url: str) -> Target:
    """What a URL names. Raises `Forbidden` unless it is https, by a plain public name, on a port of https.

    Addresses in numbers are refused however they are written, and so are user names and fragments.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise Forbidden("not an address") from None
    host = parts.hostname or ""
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    sound = parts.scheme == "https" and "@" not in parts.netloc and not parts.fragment
    if not (plain and sound and len(url) <= LONGEST_URL and _HOST.fullmatch(host) and port in _PORTS):
        raise Forbidden("not an https address of a public name")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(written: str) -> bool:
    """Whether an address lies in the public Internet, also behind every way of writing IPv4 inside IPv6."""
    try:
        address: Address = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class Courier:
    """Pushes letters; a test gives it a resolver, a rule of what may be reached, a CA, a port and a time."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        may_reach: Callable[[str], bool] = is_public,
        ca_file: str | None = None,
        connect_to: int | None = None,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._resolve, self._may_reach, self._connect_to = resolve, may_reach, connect_to
        self._longest_s = longest_s
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def require_public(self, url: str) -> None:
        """Refuse an address that we would not push to now. Raises `Forbidden`, `Unreachable`."""
        self._pin(read_url(url))

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Push once and return the status, a redirect's too. Raises `Forbidden`, `Unreachable`."""
        target = read_url(url)
        where = (self._pin(target), self._connect_to or target.port)
        try:
            with (
                socket.create_connection(where, CONNECT_TIMEOUT_S) as line,
                _cut_after(line, self._longest_s),
            ):
                line.settimeout(READ_TIMEOUT_S)
                with self._tls.wrap_socket(line, server_hostname=target.host) as secure:
                    return _post(secure, target, headers, body)
        except (OSError, http.client.HTTPException) as trouble:
            reason = type(trouble).__name__
        raise Unreachable(f"POST to {target.host}: {reason}")

    def _pin(self, target: Target) -> str:
        """The one address that we connect to; a name with any private address is refused altogether."""
        try:
            found = list(dict.fromkeys(self._resolve(target.host, target.port)))
        except (OSError, UnicodeError):
            raise Unreachable(f"{target.host} has no address") from None
        if not found:
            raise Unreachable(f"{target.host} has no address")
        if not all(map(self._may_reach, found)):
            raise Forbidden("the name leads into a private network")
        return found[0]


def _post(line: socket.socket, target: Target, headers: Mapping[str, str], body: bytes) -> int:
    talk = http.client.HTTPConnection(target.host)
    talk.sock = line
    talk.request("POST", target.path, body, {**headers, "Host": target.authority, "User-Agent": "Senhui"})
    answer = talk.getresponse()
    answer.read(_LARGEST_ANSWER_BYTES)
    return answer.status


@contextlib.contextmanager
def _cut_after(line: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection that takes longer altogether, whatever it waits for.

    Time-outs run anew with every byte: whoever sends one every few seconds would hold us for hours.
    """
    with line.dup() as end:  # TLS takes the socket over; this one still reaches the connection
        watch = threading.Timer(seconds, _cut, [end])
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            watch.join()


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        line.shutdown(socket.SHUT_RDWR)
