"""An attestation from its file: its signature, and what it says of an event, a duty or a case."""

import hashlib
from typing import Any

from senhui_verify.documents import canonical, is_moment, members, parse
from senhui_verify.jws import ATTESTATION, Keys
from senhui_verify.refusals import Unreadable, Wrong

FORMAT = "senhui-attestation-1"


def check_attestation(keys: Keys, text: str) -> tuple[dict[str, Any], str]:
    """What is attested in a file or in the API's answer, and the digest of its facts as a QR code has it.

    Raises `Wrong` where what is written is not what was signed.
    """
    document = parse(text)
    if isinstance(document, dict) and "number" in document:
        members({"signature": document.get("signature")}, "attestation", signature=str)
        claims = keys.read(document["signature"], ATTESTATION)
        _compare(document, claims)
    else:
        members(document, "attestation", format=str, signature=str)
        if document["format"] != FORMAT:
            raise Unreadable("other_format", found=document["format"])
        claims = keys.read(document["signature"], ATTESTATION)
    facts = claims.get("facts")
    if not isinstance(facts, dict):
        raise Unreadable("member_missing", what="attestation", member="facts")
    return claims, hashlib.sha256(canonical(facts)).hexdigest()


def _compare(document: dict[str, Any], claims: dict[str, Any]) -> None:
    """Hold what is written against what is signed."""
    for name, value in claims.items():
        if name not in document:
            raise Unreadable("member_missing", what="attestation", member=name)
        written = document[name]
        alike = is_moment(written, value) if name == "issued_at" else _text(written) == _text(value)
        if not alike:
            raise Wrong("attestation_differs", number=claims.get("number"))


def _text(value: Any) -> bytes:
    return canonical({"value": value})
