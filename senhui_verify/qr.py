"""A certificate or an attestation from its QR code: an address, and behind the # what is signed, packed."""

import base64
import zlib
from typing import Any

from senhui_verify.documents import canonical, from_base64, parse
from senhui_verify.jws import CERTIFICATE, DIGEST, Keys, header
from senhui_verify.refusals import Unreadable, Wrong

_FORMS = {1: CERTIFICATE, 2: DIGEST}
_LONGEST = 8192
DICTIONARY = (
    b'{"beneficiary":null,"compliance":false,"methodology":"yiyuan","monitoring_end":"2024-12-31",'
    b'"monitoring_start":"2023-01-01","number":"","project":"SAMPLE-","purpose":"personal","quantity_kg":10,'
    b'"region":"3507","retired_at":"2026-01-01T00:00:00+00:00","sample":true,"seller":"\xe6\x9d\x91\xe9\x9b'
    b'\x86\xe4\xbd\x93","serial":"SH-3507-SAMPLE-2024-1-10","vintage":2024}'
)


def check_qr(keys: Keys, content: str) -> dict[str, Any]:
    """What is signed in a QR code's content, or in what stands behind its #: facts, or a digest of them."""
    address, _, fragment = content.strip().rpartition("#")
    packed = from_base64(fragment, "qr")
    if len(packed) < 74:
        raise Unreadable("qr_short")
    kind = _FORMS.get(packed[0])
    if kind is None:
        raise Unreadable("other_format", found=packed[0])
    kid, signature, text = packed[1:9].hex(), packed[9:73], _inflate(packed[73:])
    payload = base64.urlsafe_b64encode(text).rstrip(b"=")
    signed = base64.urlsafe_b64encode(header(kid, kind)).rstrip(b"=") + b"." + payload
    keys.check(kid, signature, signed, kind)
    claims = parse(text.decode())
    if not isinstance(claims, dict) or canonical(claims) != text:
        raise Unreadable("not_canonical", what="qr")
    if address and address.rpartition("/")[2] != claims.get("number"):
        raise Wrong("other_address", address=address, number=claims.get("number"))
    return claims


def _inflate(packed: bytes) -> bytes:
    inflate = zlib.decompressobj(-15, zdict=DICTIONARY)
    try:
        text = inflate.decompress(packed, _LONGEST)
    except zlib.error as error:
        raise Unreadable("qr_short") from error
    if not inflate.eof or inflate.unused_data or inflate.unconsumed_tail:
        raise Unreadable("qr_short")
    return text
