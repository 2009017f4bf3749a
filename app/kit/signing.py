"""Signatures that outlive us: compact JWS with Ed25519, checked with the published public key alone.

Source: RFC 7515 (JWS), RFC 8037 (EdDSA in JOSE), RFC 7517 (JWK sets).
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask, current_app


class Seal:
    """Signs documents with one key. Ed25519 is deterministic: the same facts give the same signature.

    `past` are the public keys, as JWKs, that signed before: what they signed stays good.
    """

    def __init__(self, private_pem: bytes, past: Sequence[dict[str, str]] = ()) -> None:
        key = serialization.load_pem_private_key(private_pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the certificate key must be Ed25519")
        self._private = key
        self._raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.kid = _kid(self._raw)
        self._keys = {jwk["kid"]: jwk for jwk in (self.public_jwk(), *past)}

    def sign(self, document: dict[str, Any], kind: str) -> str:
        """The compact JWS of `document`; `kind` becomes its `typ`."""
        headers = {"kid": self.kid, "typ": kind}
        return jwt.PyJWS().encode(_canonical(document), self._private, "EdDSA", headers=headers)

    def sign_bytes(self, content: bytes) -> bytes:
        """The bare signature of what is no document of ours, such as a request (RFC 9421).

        What a JWS signs is letters, digits, hyphens and a dot; whatever is signed here holds a quotation
        mark, so that neither can be taken for the other. Raises ValueError otherwise.
        """
        if b'"' not in content:
            raise ValueError("this could be taken for a document")
        return self._private.sign(content)

    def read(self, document: str, kind: str) -> dict[str, Any]:
        """What this key or one before it signed as `kind`. Raises ValueError for anything else."""
        try:
            kid = jwt.get_unverified_header(document).get("kid", "")
            key = Ed25519PublicKey.from_public_bytes(_raw(self._keys.get(kid) or self.public_jwk()))
            found = jwt.PyJWS().decode_complete(document, key, algorithms=["EdDSA"])
        except jwt.InvalidTokenError as error:
            raise ValueError("not signed with this key") from error
        if found["header"].get("typ") != kind:
            raise ValueError(f"not a {kind}")
        payload: dict[str, Any] = json.loads(found["payload"])
        return payload

    def public_jwk(self) -> dict[str, str]:
        """The public key as strangers need it."""
        x = base64.urlsafe_b64encode(self._raw).decode().rstrip("=")
        return {**_FIXED, "kid": self.kid, "x": x}

    def public_jwks(self) -> list[dict[str, str]]:
        """The present key, then those before it."""
        return list(self._keys.values())


_FIXED = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
CERTIFICATE, DIGEST = b"\x01", b"\x02"
"""The first byte of a packed document: whether it holds a certificate's facts, or an attestation's digest."""
PACKING = (
    b'{"beneficiary":null,"compliance":false,"methodology":"yiyuan","monitoring_end":"2024-12-31",'
    b'"monitoring_start":"2023-01-01","number":"","project":"SAMPLE-","purpose":"personal","quantity_kg":10,'
    b'"region":"3507","retired_at":"2026-01-01T00:00:00+00:00","sample":true,"seller":"\xe6\x9d\x91\xe9\x9b'
    b'\x86\xe4\xbd\x93","serial":"SH-3507-SAMPLE-2024-1-10","vintage":2024}'
)
"""What a packed certificate is likely to hold, so that it shrinks to what is its own. Never changes."""


def pack(document: str, form: bytes = CERTIFICATE) -> str:
    """A signed document small enough for a QR code: form, key, signature, and the claims deflated."""
    _, payload, signature = document.split(".")
    kid = jwt.get_unverified_header(document)["kid"]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=PACKING)
    claims = deflate.compress(_decode(payload)) + deflate.flush()
    packed = form + bytes.fromhex(kid) + _decode(signature) + claims
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def digest_of(facts: Mapping[str, Any]) -> str:
    """The SHA-256 of JSON facts in their one canonical form, in hex."""
    return hashlib.sha256(_canonical(facts)).hexdigest()


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read_jwks(content: bytes) -> list[dict[str, str]]:
    """The public keys in a JWK set, as `/v1/keys` gives it. Raises ValueError for any other."""
    try:
        keys = [dict(jwk) for jwk in json.loads(content)["keys"]]
        whole = all({**jwk, **_FIXED} == jwk and _kid(_raw(jwk)) == jwk["kid"] for jwk in keys)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not a JWK set") from error
    if not whole or any(len(_raw(jwk)) != 32 for jwk in keys):
        raise ValueError("a key in the JWK set is not an Ed25519 key of ours")
    return keys


def _kid(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _raw(jwk: dict[str, str]) -> bytes:
    return _decode(jwk["x"])


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def connect(app: Flask, private_pem: bytes, past: bytes = b"") -> None:
    """Give `app` its seal; `past` is the JWK set of the keys before this one, if there were any."""
    app.extensions["seal"] = Seal(private_pem, read_jwks(past) if past else ())


def seal() -> Seal:
    """The application's seal."""
    found: Seal = current_app.extensions["seal"]
    return found
