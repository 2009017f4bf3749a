"""Encryption at rest of the little we must keep secret (AES-256-GCM), and digests that need our key.

The context (table, column, owner) is authenticated along, so that a sealed value moved to another
row does not open there.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app


class SealBroken(RuntimeError):
    """The value was not sealed with this key for this place."""


def seal(plain: str, context: str) -> bytes:
    """Encrypt `plain` for `context`."""
    return seal_bytes(plain.encode(), context)


def unseal(sealed: bytes, context: str) -> str:
    """What was sealed for `context`. Raises `SealBroken`."""
    return unseal_bytes(sealed, context).decode()


def seal_bytes(plain: bytes, context: str) -> bytes:
    """Encrypt bytes, such as a file, for `context`."""
    nonce = os.urandom(12)
    return nonce + _cipher().encrypt(nonce, plain, context.encode())


def unseal_bytes(sealed: bytes, context: str) -> bytes:
    """The bytes that were sealed for `context`. Raises `SealBroken`."""
    try:
        return _cipher().decrypt(sealed[:12], sealed[12:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken(context) from error


def keyed_digest(plain: str, context: str) -> str:
    """A digest of `plain` that nobody can compute or guess from without our key, as 44 characters."""
    return base64.b64encode(digester(context)(plain)).decode()


def digester(context: str) -> Callable[[str], bytes]:
    """What makes such digests of many texts of one context, as 32 bytes each."""
    key = hmac.digest(current_app.extensions["settings"].data_key, b"keyed-digest", hashlib.sha256)
    return lambda plain: hmac.digest(key, f"{context}\0{plain}".encode(), hashlib.sha256)


def _cipher() -> AESGCM:
    return AESGCM(current_app.extensions["settings"].data_key)
