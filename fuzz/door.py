"""The application's door: one WSGI call, exactly as a server makes it, without the socket."""

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

ESCAPED = 599
"""What stands for an exception that came out of the application; it counts as a 5xx."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One request that must neither be believed nor answered 5xx.

    `refused_with` are the statuses that mean it was not believed. An authentic word that does not fit
    may be answered 204; that it paid for nothing is read from the tables afterwards.
    """

    kind: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    refused_with: frozenset[int] = frozenset({400, 401, 413})
    environ: Mapping[str, str] = field(default_factory=dict)


class Door:
    """Calls a WSGI application. Header values may be any latin-1 text, as servers hand them on."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._base = {
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "HTTP_HOST": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def knock(self, attack: Attack) -> int:
        """Send it; the status of the answer."""
        environ: dict[str, Any] = {
            **self._base,
            "REQUEST_METHOD": attack.method,
            "PATH_INFO": attack.path,
            "CONTENT_LENGTH": str(len(attack.body)),
            "wsgi.input": BytesIO(attack.body),
        }
        for name, value in attack.headers.items():
            key = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        environ |= attack.environ
        status = ESCAPED

        def start(line: str, _headers: list[tuple[str, str]], _fault: Any = None) -> Callable[[bytes], Any]:
            nonlocal status
            status = int(line[:3])
            return lambda _: None

        try:
            answer = self._application(environ, start)
            try:
                for _ in answer:
                    pass
            finally:
                if hasattr(answer, "close"):
                    answer.close()
        except Exception:
            traceback.print_exc()
            return ESCAPED
        return status
