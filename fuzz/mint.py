"""Tokens struck with the application's own key, with a stranger's, or with none."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from app.kit.identity import ISSUER, Signer

HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


class Mint:
    """Writes tokens segment by segment, so that each may hold what no library would write."""

    def __init__(self, pem: bytes, holder_id: int, session_id: int, dice: Random) -> None:
        key = load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("tokens are signed with Ed25519")
        self._key, self._stranger = key, Ed25519PrivateKey.generate()
        self._kid, self._dice = Signer(pem).kid, dice
        self._subject = {"sub": str(holder_id), "sid": session_id}
        public = key.public_key()
        self._public_forms = (
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.Raw, PublicFormat.Raw),
            public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
            self._kid.encode(),
            b"",
        )
        raw = self._stranger.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.stranger_jwk = {"kty": "OKP", "crv": "Ed25519", "x": _base64(raw)}

    def claims(self, audience: str) -> dict[str, Any]:
        """What a true token for `audience` says."""
        now = int(datetime.now(UTC).timestamp())
        times = {"iat": now, "nbf": now, "exp": now + 900}
        jti = f"{self._dice.randrange(16**32):032x}"
        return {"iss": ISSUER, "aud": audience, **self._subject, **times, "jti": jti}

    def own(self, claims: Any, **header: Any) -> str:
        """Signed with the application's key; `header` replaces members of the usual one."""
        text = self._text(claims, header)
        return f"{text}.{_base64(self._key.sign(text.encode()))}"

    def strangers(self, claims: Any, **header: Any) -> str:
        """Signed with another key of the same kind."""
        text = self._text(claims, header)
        return f"{text}.{_base64(self._stranger.sign(text.encode()))}"

    def unsigned(self, claims: Any, algorithm: Any) -> str:
        """With nothing, or with nonsense, for a signature."""
        tail = self._dice.choice(("", _base64(self._dice.randbytes(64)), _base64(b"\x00" * 64)))
        return f"{self._text(claims, {'alg': algorithm})}.{tail}"

    def hashed(self, claims: Any) -> str:
        """Signed as if the public key, which everybody has, were a shared secret."""
        algorithm = self._dice.choice(list(HASHES))
        text = self._text(claims, {"alg": algorithm})
        mac = hmac.new(self._dice.choice(self._public_forms), text.encode(), HASHES[algorithm])
        return f"{text}.{_base64(mac.digest())}"

    def _text(self, claims: Any, header: dict[str, Any]) -> str:
        head = {"alg": "EdDSA", "kid": self._kid, "typ": "at+jwt"} | header
        kept = {name: value for name, value in head.items() if value is not MISSING}
        return f"{_segment(kept)}.{_segment(claims)}"


MISSING = object()
"""Stands for a member that is left out."""


def _segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return _base64(raw)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
