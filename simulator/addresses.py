"""Which addresses the simulator will send people, notices and form data to: this machine and the app's own.

Anything else would make it an open redirect and a way to call other people's servers.
"""

from urllib.parse import SplitResult, urlencode, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"http": 80, "https": 443}


class Addresses:
    """Knows loopback and, when configured, the base address of the app under development."""

    def __init__(self, app_base: str | None = None) -> None:
        """Keep the origin of `app_base`; ValueError when it is not an http(s) address."""
        self._app_origin = None
        if app_base is not None:
            parts = _split(app_base)
            if parts is None:
                raise ValueError(f"not an http(s) address: {app_base}")
            self._app_origin = _origin(parts)

    def allows(self, url: str) -> bool:
        """Tell whether `url` leads to this machine or to the app."""
        parts = _split(url)
        return parts is not None and (parts.hostname in LOOPBACK or _origin(parts) == self._app_origin)


def origin(url: str) -> str:
    """Return `scheme://host[:port]` of an address that `Addresses.allows`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_parameters(url: str, **parameters: str) -> str:
    """Add query parameters to an address and leave the rest of it as it is."""
    parts = urlsplit(url)
    added = urlencode({name: value for name, value in parameters.items() if value})
    return parts._replace(query="&".join(part for part in (parts.query, added) if part)).geturl()


def _split(url: str) -> SplitResult | None:
    """Take an address apart; None for whatever a browser could read differently from Python."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        # Reading the port of an address that has a bad one raises ValueError.
        bad = parts.port == 0 or "@" in parts.netloc
    except ValueError:
        return None
    return None if bad or parts.scheme not in _PORTS or not parts.hostname else parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    """Return what makes two addresses the same origin."""
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
