"""Signatures that outlive us: compact JWS with Ed25519, checked with the published public key alone.

Source: RFC 7515 (JWS), RFC 8037 (EdDSA in JOSE), RFC 7517 (JWK sets).
"""

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, current_app


class Seal:
    """Signs documents with one key. Ed25519 is deterministic: the same facts give the same signature."""

    def __init__(self, private_pem: bytes) -> None:
        key = serialization.load_pem_private_key(private_pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the certificate key must be Ed25519")
        self._private = key
        self._raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.kid = hashlib.sha256(self._raw).hexdigest()[:16]

    def sign(self, document: dict[str, Any], kind: str) -> str:
        """The compact JWS of `document`; `kind` becomes its `typ`."""
        payload = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return jwt.PyJWS().encode(payload, self._private, "EdDSA", headers={"kid": self.kid, "typ": kind})

    def read(self, document: str, kind: str) -> dict[str, Any]:
        """What this very key signed as `kind`. Raises ValueError for anything else."""
        try:
            found = jwt.PyJWS().decode_complete(document, self._private.public_key(), algorithms=["EdDSA"])
        except jwt.InvalidTokenError as error:
            raise ValueError("not signed with this key") from error
        if found["header"].get("typ") != kind:
            raise ValueError(f"not a {kind}")
        payload: dict[str, Any] = json.loads(found["payload"])
        return payload

    def public_jwk(self) -> dict[str, str]:
        """The public key as strangers need it."""
        x = base64.urlsafe_b64encode(self._raw).decode().rstrip("=")
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x}


def connect(app: Flask, private_pem: bytes) -> None:
    """Give `app` its seal."""
    app.extensions["seal"] = Seal(private_pem)


def seal() -> Seal:
    """The application's seal."""
    found: Seal = current_app.extensions["seal"]
    return found
