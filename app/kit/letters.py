"""Letters that others have signed: compact JWS with Ed25519, checked with the keys that we know of them.

The signer's key is named in the letter itself (`kid`), its kind too (`typ`), so that no letter can be
taken for another. Sources: RFC 7515, RFC 8037, RFC 8725 section 3.11 (explicit typing).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.kit import strict_json

LONGEST = 48 * 1024


class LetterRefused(ValueError):
    """The letter is not what it should be; the message is a name in the catalogue."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter before it is believed: what kind it says it is and whose key it names."""

    kind: str
    kid: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Somebody's Ed25519 key: 32 bytes, named by the beginning of their SHA-256."""

    raw: bytes

    @property
    def kid(self) -> str:
        """The name under which letters speak of it."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def x(self) -> str:
        """The key as a JWK writes it."""
        return _encoded(self.raw)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(written: str) -> bytes:
    return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)


def read_key(written: str) -> PublicKey:
    """The key whose JWK has `written` as its `x`. Raises ValueError."""
    try:
        raw = _decoded(written)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
    key = PublicKey(raw)
    if len(raw) != 32 or key.x != written:
        raise ValueError("an Ed25519 key has 32 bytes")
    return key


def open_letter(document: str) -> Opened:
    """What a letter says of itself; nothing of it is proved yet. Raises `LetterRefused`."""
    if len(document) > LONGEST or not document.isascii():
        raise LetterRefused("kit.letter_unreadable")
    try:
        if any(_encoded(_decoded(part)) != part for part in document.split(".")):
            raise LetterRefused("kit.letter_unreadable")  # a second writing would have a second digest
        header = jwt.get_unverified_header(document)
    except (jwt.InvalidTokenError, binascii.Error) as error:
        raise LetterRefused("kit.letter_unreadable") from error
    kind, kid = header.get("typ"), header.get("kid")
    if not (isinstance(kind, str) and isinstance(kid, str) and header.get("alg") == "EdDSA"):
        raise LetterRefused("kit.letter_unreadable")
    return Opened(kind, kid)


def read_letter(document: str, kind: str, keys: Iterable[PublicKey]) -> dict[str, Any]:
    """What one of `keys` has signed as a letter of this kind. Raises `LetterRefused`, saying why."""
    opened = open_letter(document)
    if opened.kind != kind:
        raise LetterRefused("kit.letter_other_kind")
    key = next((each for each in keys if each.kid == opened.kid), None)
    if key is None:
        raise LetterRefused("kit.letter_unknown_key")
    try:
        found = jwt.PyJWS().decode_complete(
            document, Ed25519PublicKey.from_public_bytes(key.raw), algorithms=["EdDSA"]
        )
        content = strict_json.loads(found["payload"])
    except jwt.InvalidTokenError as error:
        raise LetterRefused("kit.letter_forged") from error
    except strict_json.Malformed as error:
        raise LetterRefused("kit.letter_unreadable") from error
    if not isinstance(content, dict) or content.get("iss") != opened.kid:
        raise LetterRefused("kit.letter_other_sender")
    return content


def content_of(document: str) -> dict[str, Any]:
    """What stands in a letter that was believed before, when we kept it."""
    content: dict[str, Any] = json.loads(_decoded(document.split(".")[1]))
    return content


def digest(document: str) -> str:
    """The SHA-256 by which one letter names another."""
    return hashlib.sha256(document.encode()).hexdigest()
