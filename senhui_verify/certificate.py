"""A certificate from a file: its signature, what it says, and its place in the public log."""

import hashlib
from dataclasses import dataclass
from typing import Any

from senhui_verify.documents import canonical, from_hex, is_moment, members, parse
from senhui_verify.heads import Head, read_head
from senhui_verify.jws import CERTIFICATE, Keys
from senhui_verify.merkle import leaf_hash, root_by_inclusion
from senhui_verify.refusals import Unreadable, Wrong

FORMAT = "senhui-certificate-1"
_TRANSLATED = {"methodology"}
"""What the API's answer says in the reader's language, and the signature in a word."""


@dataclass(frozen=True)
class Checked:
    """What holds: the signed facts; the head that seals them, None before its day is sealed.

    `unsigned` are texts around the facts that no signature covers, such as translations.
    """

    claims: dict[str, Any]
    head: Head | None
    position: int | None
    beneficiary_opened: bool
    unsigned: tuple[str, ...]


def check_certificate(keys: Keys, text: str) -> Checked:
    """Check a certificate's file, or the API's answer about it. Raises `Wrong`, which says what is false."""
    document = parse(text)
    if isinstance(document, dict) and "number" in document:
        members({name: document.get(name) for name in ("signature", "log")}, "certificate", **_SIGNED)
        claims = keys.read(document["signature"], CERTIFICATE)
        unsigned = _compare(document, claims)
    else:
        members(document, "certificate", format=str, **_SIGNED)
        if document["format"] != FORMAT:
            raise Unreadable("other_format", found=document["format"])
        claims, unsigned = keys.read(document["signature"], CERTIFICATE), ()
    if document["log"] is None:
        return Checked(claims, None, None, False, unsigned)
    proof = members(document["log"], "log", position=int, leaf=str, salt=_OPTIONAL, path=list, head=str)
    opened = _compare_leaf(proof, claims)
    return Checked(claims, _check_place(keys, proof), proof["position"], opened, unsigned)


_OPTIONAL = (str, type(None))
_SIGNED: dict[str, Any] = {"signature": str, "log": (dict, type(None))}


def _compare(document: dict[str, Any], claims: dict[str, Any]) -> tuple[str, ...]:
    """Hold what is written against what is signed; gives what is said beyond it."""
    for name, value in claims.items():
        if name not in document:
            raise Unreadable("member_missing", what="certificate", member=name)
        if name not in _TRANSLATED and not _same(name, document[name], value):
            raise Wrong("certificate_differs", member=name, written=document[name], signed=value)
    signed = {*claims, *_SIGNED} - _TRANSLATED
    return tuple(sorted(name for name, said in document.items() if said is not None and name not in signed))


def _same(name: str, written: Any, signed: Any) -> bool:
    if name == "retired_at":
        return is_moment(written, signed)
    return type(written) is type(signed) and bool(written == signed)


def _compare_leaf(proof: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Hold the logged line against the signed facts; gives whether the beneficiary could be opened."""
    leaf = parse(proof["leaf"])
    if not isinstance(leaf, dict) or canonical(leaf) != proof["leaf"].encode():
        raise Unreadable("not_canonical", what="leaf")
    expected = {
        "kind": "retirement",
        "at": claims.get("retired_at"),
        "certificate": digest_of(str(claims.get("number"))),
        "quantity_kg": claims.get("quantity_kg"),
        "serial": claims.get("serial"),
        "purpose": claims.get("purpose"),
        "sample": claims.get("sample"),
    }
    for name, value in expected.items():
        if leaf.get(name) != value:
            raise Wrong("leaf_differs", member=name, logged=leaf.get(name), signed=value)
    beneficiary, salt = claims.get("beneficiary"), proof["salt"]
    if salt is None and beneficiary is None:
        return False
    commitment = canonical({"beneficiary": beneficiary, "salt": salt})
    if hashlib.sha256(commitment).hexdigest() != leaf.get("beneficiary"):
        raise Wrong("leaf_differs", member="beneficiary", logged=leaf.get("beneficiary"), signed=beneficiary)
    return True


def digest_of(number: str) -> str:
    """What stands for a certificate in the log."""
    return hashlib.sha256(b"senhui certificate\0" + number.encode()).hexdigest()


def _check_place(keys: Keys, proof: dict[str, Any]) -> Head:
    head = read_head(keys.read_head(proof["head"]))
    path = [from_hex(str(node), "path") for node in proof["path"]]
    root = root_by_inclusion(leaf_hash(proof["leaf"].encode()), proof["position"], head.size, path)
    if root != head.root:
        raise Wrong("not_included", position=proof["position"], head=head.name)
    return head
