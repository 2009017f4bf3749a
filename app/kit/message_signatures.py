"""Requests that a program signs: RFC 9421 with Ed25519, over the exact bytes of the body (RFC 9530).

The part of both standards that two servers need: one signature a request, derived components and plain
header fields, `sha-256` digests. Whatever could be read in two ways is refused.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM = "ed25519"
_INPUT = re.compile(
    r'([a-z*][a-z0-9_.*-]{0,31})=(\(("[a-z0-9@-]{1,40}"(?: "[a-z0-9@-]{1,40}"){0,15})\)'
    r'((?:;[a-z]{1,10}=(?:"[\x20-\x21\x23-\x5b\x5d-\x7e]{0,200}"|[0-9]{1,15}))*))'
)
_PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
_BYTES = re.compile(r"([a-z*][a-z0-9_.*-]{0,31})=:([A-Za-z0-9+/]{1,200}={0,2}):")
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?=,|$)")
_PRIME = 2**255 - 19
_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_LOW_HEIGHTS = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})
"""The y of the eight points of the curve whose order divides 8."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SignatureUnreadable(ValueError):
    """There is no signature of this form; the text says what is missing or wrong."""


@dataclass(frozen=True)
class SentRequest:
    """What of a request can be signed; `headers` by their lower-case names."""

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]

    def component(self, name: str) -> str:
        """The value of a covered component. Raises `SignatureUnreadable` for one that is not there."""
        derived = {
            "@method": self.method.upper(),
            "@authority": self.authority,
            "@path": self.path or "/",
            "@query": f"?{self.query}",
        }
        value = derived.get(name) if name.startswith("@") else self.headers.get(name)
        if value is None:
            raise SignatureUnreadable(f"{name} is covered but not there")
        return value.strip()


@dataclass(frozen=True)
class MessageSignature:
    """A signature as it was read: whose, when, over which components, and the text that was signed."""

    keyid: str
    created_s: int
    expires_s: int | None
    covered: frozenset[str]
    base: bytes
    signature: bytes

    def made_by(self, public_key: bytes) -> bool:
        """Whether the holder of this raw Ed25519 key made it."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.base)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_signature(sent: SentRequest) -> MessageSignature:
    """The one signature of a request. Raises `SignatureUnreadable`; says nothing about its truth."""
    told = _INPUT.fullmatch(sent.headers.get("signature-input", "").strip())
    given = _BYTES.fullmatch(sent.headers.get("signature", "").strip())
    if told is None or given is None or told[1] != given[1]:
        raise SignatureUnreadable("Signature-Input and Signature must hold one signature of one label")
    names = told[3].replace('"', "").split(" ")
    parameters = _parameters(told[4])
    if len(set(names)) < len(names):
        raise SignatureUnreadable("a component is covered twice")
    lines = [f'"{name}": {sent.component(name)}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {told[2]}']).encode("latin-1", "replace")
    return MessageSignature(
        keyid=parameters["keyid"],
        created_s=int(parameters["created"]),
        expires_s=int(parameters["expires"]) if "expires" in parameters else None,
        covered=frozenset(names),
        base=base,
        signature=_decode(given[2]),
    )


def _parameters(written: str) -> dict[str, str]:
    found = _PARAMETER.findall(written)
    parameters = {name: text or number for name, text, number in found}
    if len(parameters) < len(found):
        raise SignatureUnreadable("a parameter stands twice")
    for name in ("created", "expires"):
        if not parameters.get(name, "0").isdecimal():
            raise SignatureUnreadable(f"{name} must be a whole number")
    if not parameters.get("keyid") or "created" not in parameters:
        raise SignatureUnreadable("keyid and created are required")
    if parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise SignatureUnreadable(f"alg must be {ALGORITHM}")
    return parameters


def _decode(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except binascii.Error as error:
        raise SignatureUnreadable("the signature is not base64") from error


def content_digest(body: bytes) -> str:
    """The Content-Digest header of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def digest_matches(header: str, body: bytes) -> bool:
    """Whether a Content-Digest header names the SHA-256 of these very bytes."""
    found = _DIGEST.findall(header)
    return len(found) == 1 and compare_digest(f"sha-256=:{found[0]}:", content_digest(body))


def signed_headers(
    sent: SentRequest, body: bytes, keyid: str, created_s: int, sign: Callable[[bytes], bytes]
) -> dict[str, str]:
    """The headers that make `sent` with this body a signed request; `sign` gives an Ed25519 signature."""
    digest = content_digest(body)
    covered = SentRequest(
        sent.method, sent.authority, sent.path, sent.query, {**sent.headers, "content-digest": digest}
    )
    names = ("@method", "@authority", "@path", "content-digest")
    inside = " ".join(f'"{name}"' for name in names)
    parameters = f'({inside});created={created_s};keyid="{keyid}"'
    lines = [f'"{name}": {covered.component(name)}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode("latin-1")
    return {
        "Content-Digest": digest,
        "Signature-Input": f"senhui={parameters}",
        "Signature": f"senhui=:{base64.b64encode(sign(base)).decode()}:",
    }


def key_id(public_key: bytes) -> str:
    """The name of a public key: the beginning of its SHA-256, which nobody has to give out."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def authority_of(url: str) -> str:
    """The `@authority` of requests to an address: host and port in small letters, no default port."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    host = (parts.hostname or "").lower()
    return f"[{host}]{port}" if ":" in host else f"{host}{port}"


def is_low_order(public_key: bytes) -> bool:
    """Whether a raw Ed25519 public key is a point of small order, for which anybody makes signatures."""
    height = int.from_bytes(public_key, "little") & (2**255 - 1)
    return height % _PRIME in _LOW_HEIGHTS


def read_public_key(text: str) -> bytes:
    """The raw bytes of an Ed25519 public key in base64 or PEM, as people paste it; else empty."""
    try:
        if "BEGIN PUBLIC KEY" in text:
            # A form's field has lost its line ends.
            inner = re.sub(r"-----[A-Z ]+-----|\s", "", text)
            key = serialization.load_der_public_key(base64.b64decode(inner, validate=True))
            if not isinstance(key, Ed25519PublicKey):
                return b""
            return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        raw = base64.b64decode(text.strip(), validate=True)
        return raw if len(raw) == 32 else b""
    except (ValueError, UnsupportedAlgorithm):
        return b""
