"""Who is calling: short access tokens, signed with Ed25519.

One algorithm, chosen by us and never by the token's header; every claim required; the audience and
the kind of token checked. Source: RFC 8725 (JWT best practices), RFC 9068 (`at+jwt`).
"""

import functools
import hashlib
import re
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, current_app, g, request

from app.kit import clock
from app.kit.problems import NotSignedIn

ISSUER = "senhui"
ACCESS_LIFE = timedelta(minutes=15)
_LONGEST = 4096
# Only as we write it: padding, or other loose bits at the end of the signature's 64 bytes, would make
# many texts of one token, and only the first two parts are covered by the signature as text.
_WRITTEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
# What PostgreSQL keeps of an id, and floats of a moment.
_NUMBERS = range(1, 1 << 53)
_CLAIMS = ["exp", "iat", "nbf", "sub", "aud", "iss", "jti", "sid"]


@dataclass(frozen=True)
class Identity:
    """A signed-in holder and the session (family of refresh tokens) behind the token."""

    holder_id: int
    session_id: int
    expires_at: float


class Signer:
    """Signs and reads tokens with one key; remembers what it has verified until it expires."""

    def __init__(self, private_pem: bytes) -> None:
        key = serialization.load_pem_private_key(private_pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the token key must be Ed25519")
        self._private = key
        self._public = key.public_key()
        raw = self._public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.kid = hashlib.sha256(raw).hexdigest()[:16]
        self._seen: OrderedDict[tuple[str, str], Identity] = OrderedDict()

    def issue(self, holder_id: int, session_id: int, audience: str, life: timedelta = ACCESS_LIFE) -> str:
        """A token for `audience` (`api` or `web`) that lives for `life`."""
        now = clock.now()
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": str(holder_id),
            "sid": session_id,
            "iat": now,
            "nbf": now,
            "exp": now + life,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode(claims, self._private, "EdDSA", headers={"kid": self.kid, "typ": "at+jwt"})

    def read(self, token: str, audience: str) -> Identity:
        """The identity in `token`. Raises `NotSignedIn` for whatever is wrong with it."""
        known = self._seen.get((audience, token))
        if known is None:
            known = self._verify(token, audience)
            self._seen[(audience, token)] = known
            if len(self._seen) > _LONGEST:
                self._seen.popitem(last=False)
        if known.expires_at <= clock.now().timestamp():
            raise NotSignedIn()
        return known

    def _verify(self, token: str, audience: str) -> Identity:
        try:
            if len(token) > _LONGEST or not _WRITTEN.fullmatch(token):
                raise NotSignedIn()
            decoded = jwt.decode_complete(
                token,
                self._public,
                algorithms=["EdDSA"],
                audience=audience,
                issuer=ISSUER,
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            header, claims = decoded["header"], decoded["payload"]
            if (header.get("typ"), header.get("kid"), claims["aud"]) != ("at+jwt", self.kid, audience):
                raise NotSignedIn()
            holder_id, session_id, expires_at = int(claims["sub"]), claims["sid"], claims["exp"]
            numbers = (holder_id, session_id, claims["iat"], claims["nbf"], expires_at)
            if str(holder_id) != claims["sub"] or not all(type(n) is int and n in _NUMBERS for n in numbers):
                raise NotSignedIn()
            if claims["nbf"] > clock.now().timestamp() + 30:
                raise NotSignedIn()
            return Identity(holder_id, session_id, float(expires_at))
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotSignedIn() from error


def connect(app: Flask, private_pem: bytes) -> None:
    """Give `app` its signer."""
    app.extensions["signer"] = Signer(private_pem)


def signer() -> Signer:
    """The application's signer."""
    found: Signer = current_app.extensions["signer"]
    return found


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only a signed-in holder through; the view finds them in `caller()`."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn()
        g.identity = signer().read(token.strip(), "api")
        return view(*args, **kwargs)

    guarded.policy = "signed_in"  # type: ignore[attr-defined]
    return guarded


def caller() -> Identity:
    """The identity of this request; only inside a view that `signed_in` guards."""
    identity: Identity = g.identity
    return identity
