"""WeChat Pay's cryptography, seen from the platform's side.

Source: WeChat Pay API v3, "签名生成" and "签名验证" (RSASSA-PKCS1-v1_5 with SHA-256 over lines that each end
in a line feed) and "回调报文解密" (AES-256-GCM, 12-character nonce).
"""

import base64
import binascii
import json
import re
import secrets
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PAIR = re.compile(r'\s*(mchid|nonce_str|signature|timestamp|serial_no)="([^"]*)"\s*(?:,|$)')


def signed_text(*lines: str | bytes) -> bytes:
    """Join the lines of a message to be signed, each ended by a line feed."""
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


def sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    """Sign and return base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, text: bytes, signature: str) -> bool:
    """Tell whether `signature` (base64) is this key's over `text`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def authorization_fields(header: str) -> dict[str, str] | None:
    """Take an Authorization header apart; None when it is not one of this scheme with its five fields."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        return None
    fields, end = {}, 0
    while match := _PAIR.match(rest, end):
        fields[match[1]] = match[2]
        end = match.end()
    return fields if end == len(rest) and len(fields) == 5 else None


def encrypted_resource(apiv3_key: str, kind: str, plain: dict[str, Any]) -> dict[str, str]:
    """Encrypt a notice's resource; `kind` is its `original_type` and its associated data."""
    nonce = secrets.token_hex(6)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), text, kind.encode())
    return {
        "original_type": kind,
        "algorithm": "AEAD_AES_256_GCM",
        "associated_data": kind,
        "nonce": nonce,
        "ciphertext": base64.b64encode(sealed).decode(),
    }
