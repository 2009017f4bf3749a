"""Who says so: signatures to and from WeChat Pay, and the cipher of its notices.

Source: WeChat Pay API v3, "签名生成" (signing), "验签" (verification), "证书和回调报文解密" (decryption);
the five-minute window is that of wechatpay-java, `WechatPay2Validator`.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.clients.errors import Unverified
from app.clients.shapes import Fields, base64_bytes, optional_text, otherwise, text

SCHEME = "WECHATPAY2-SHA256-RSA2048"
# How far the time of a signature may lie from now, either way.
WINDOW_S = 300

_PROBE = "WECHATPAY/SIGNTEST/"
# Every header a signed message must have, and all that may stand in it.
_SEAL = {
    "wechatpay-signature-type": re.compile(re.escape(SCHEME)),
    "wechatpay-timestamp": re.compile(r"[0-9]{1,11}"),
    "wechatpay-nonce": re.compile(r"[\x21-\x7e]{1,128}"),
    "wechatpay-serial": re.compile(r"[0-9A-Za-z_]{1,64}"),
    "wechatpay-signature": re.compile(r"[0-9A-Za-z+/]{1,1366}={0,2}"),
}


def load_private_key(pem: bytes) -> RSAPrivateKey:
    """Read our key from PEM: PKCS#1 or PKCS#8, any line ends, 2048 bits or more. Raises `ValueError`."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not a private key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise ValueError("not an RSA key of 2048 bits or more")
    return key


def load_public_key(pem: bytes) -> RSAPublicKey:
    """Read WeChat Pay's key from PEM, as the merchant's console gives it. Raises `ValueError`."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("not a public key in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise ValueError("not an RSA key of 2048 bits or more")
    return key


@dataclass(frozen=True, slots=True)
class Merchant:
    """Our side: merchant `mchid` signing with `key`, whose certificate has the serial number `serial`."""

    mchid: str
    serial: str
    key: RSAPrivateKey = field(repr=False)

    def sign(self, *lines: str | bytes) -> str:
        """Sign the lines, each ended by a line feed, with RSA-SHA256; in base64."""
        message = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
        return b64encode(self.key.sign(message, PKCS1v15(), SHA256())).decode()

    def authorization(self, method: str, target: str, body: bytes, at: datetime) -> str:
        """Write the Authorization header of a request with this path and query and exactly this body."""
        timestamp, nonce = str(int(at.timestamp())), token_hex(16)
        signature = self.sign(method, target, timestamp, nonce, body)
        return (
            f'{SCHEME} mchid="{self.mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self.serial}"'
        )


@dataclass(frozen=True, slots=True)
class Platform:
    """Their side: the public keys we were configured with, by serial; the first is the one we ask for.

    An unknown serial is refused without a look outside: a stranger must not make us call anybody.
    """

    keys: Mapping[str, RSAPublicKey]

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Make sure WeChat Pay signed these raw bytes within five minutes of `now`, or raise `Unverified`."""
        found = {name.lower(): value for name, value in headers.items()}
        for name, allowed in _SEAL.items():
            if not allowed.fullmatch(found.get(name, "")):
                raise Unverified(f"header {name} is missing or malformed")
        timestamp, nonce, serial, signature = (
            found[f"wechatpay-{name}"] for name in ("timestamp", "nonce", "serial", "signature")
        )
        if signature.startswith(_PROBE):
            raise Unverified("a probe: WeChat Pay tests whether signatures are checked")
        if abs(now.timestamp() - int(timestamp)) >= WINDOW_S:
            raise Unverified("signed too long ago or ahead of time")
        if not (key := self.keys.get(serial)):
            raise Unverified("signed under a serial that is not configured")
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        with otherwise(Unverified("the signature is not base64")):
            signed = base64_bytes(signature)
        try:
            key.verify(signed, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise Unverified("the signature is wrong") from None


def open_resource(resource: Fields, apiv3_key: bytes) -> bytes:
    """Decrypt the resource of a notice (AEAD_AES_256_GCM). Raises `ValueError`."""
    if text(resource, "algorithm") != "AEAD_AES_256_GCM":
        raise ValueError("another cipher")
    nonce = text(resource, "nonce", 32).encode("ascii")
    ciphertext = base64_bytes(text(resource, "ciphertext", 1 << 20))
    associated = (optional_text(resource, "associated_data") or "").encode()
    try:
        return AESGCM(apiv3_key).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise ValueError("does not decrypt") from None
