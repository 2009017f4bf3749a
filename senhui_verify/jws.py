"""Signatures: compact JWS (RFC 7515) with Ed25519 (RFC 8037), against a JWK set (RFC 7517)."""

import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from senhui_verify.documents import from_base64, members, parse
from senhui_verify.refusals import Unreadable, Wrong

CERTIFICATE, HEAD = "cert+jws", "log+jws"
ATTESTATION, DIGEST = "attestation+jws", "digest+jws"
_REMEMBERED = 64


class Keys:
    """The public keys of an instance, the present one and those before it, as `/v1/keys` gives them."""

    def __init__(self, text: str) -> None:
        listed = members(parse(text), "keys", keys=list)["keys"]
        self._keys = dict(map(_key, listed))
        if not self._keys:
            raise Unreadable("no_keys")
        self._heads: dict[str, dict[str, Any]] = {}

    def read(self, document: str, kind: str) -> dict[str, Any]:
        """What was signed as `kind`. Raises `Wrong` for a key we do not have or a signature that fails."""
        parts = document.split(".")
        if len(parts) != 3:
            raise Unreadable("not_signed", what=kind)
        head, claims, signature = (from_base64(part, kind) for part in parts)
        said = members(parse(_text(head, kind)), kind, typ=str, alg=str, kid=str)
        if (said["typ"], said["alg"]) != (kind, "EdDSA"):
            raise Unreadable("other_kind", what=kind, found=said["typ"])
        self.check(said["kid"], signature, f"{parts[0]}.{parts[1]}".encode(), kind)
        found = parse(_text(claims, kind))
        if not isinstance(found, dict):
            raise Unreadable("not_object", what=kind)
        return found

    def read_head(self, document: str) -> dict[str, Any]:
        """A head's claims; one that thousands of certificates share is checked once."""
        if document not in self._heads:
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            self._heads[document] = self.read(document, HEAD)
        return self._heads[document]

    def check(self, kid: str, signature: bytes, signed: bytes, kind: str) -> None:
        """Raises `Wrong` unless key `kid` signed this."""
        key = self._keys.get(kid)
        if key is None:
            raise Wrong("key_unknown", what=kind, kid=kid)
        try:
            key.verify(signature, signed)
        except InvalidSignature as error:
            raise Wrong("signature", what=kind, kid=kid) from error


def header(kid: str, kind: str) -> bytes:
    """A signature's header, in the one way in which it is written."""
    return json.dumps({"alg": "EdDSA", "kid": kid, "typ": kind}, separators=(",", ":")).encode()


def _key(jwk: Any) -> tuple[str, Ed25519PublicKey]:
    found = members(jwk, "keys", kty=str, crv=str, use=str, alg=str, kid=str, x=str)
    raw = from_base64(found["x"], "keys")
    if (found["kty"], found["crv"], found["use"], found["alg"]) != ("OKP", "Ed25519", "sig", "EdDSA"):
        raise Unreadable("key_odd", kid=found["kid"])
    if len(raw) != 32 or hashlib.sha256(raw).hexdigest()[:16] != found["kid"]:
        raise Unreadable("key_odd", kid=found["kid"])
    return found["kid"], Ed25519PublicKey.from_public_bytes(raw)


def _text(raw: bytes, what: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("not_base64", what=what) from error
