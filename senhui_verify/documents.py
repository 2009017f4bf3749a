"""Reading JSON so strictly that no byte of it can change unnoticed.

A key twice, a fraction, NaN or a key we do not know is refused; whatever has a value is compared, hashed
or covered by a signature.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from senhui_verify.refusals import Unreadable

LONGEST_NUMBER = 20


def parse(text: str, line: int | None = None) -> Any:
    """The value that is written. Raises `Unreadable`, which says where the text ends or breaks."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        row = line if line is not None else error.lineno
        raise Unreadable("cut_off" if cut else "not_json", line=row, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        name = str(error) if str(error) in ("key_twice", "not_whole") else "not_json"
        raise Unreadable(name, line=line or 1, column=1) from error


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way to write a document (RFC 8785 for what occurs here: no fractions)."""
    try:
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise Unreadable("not_text") from error


def is_moment(written: Any, signed: Any) -> bool:
    """Whether `written` is the moment that was signed to the second, in whatever way it is written."""
    try:
        return datetime.fromisoformat(written).replace(microsecond=0) == datetime.fromisoformat(signed)
    except (ValueError, TypeError):
        return False


def members(document: Any, what: str, /, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """`document` if it has exactly these members of these kinds. Raises `Unreadable`, naming the first."""
    if not isinstance(document, dict):
        raise Unreadable("not_object", what=what)
    for name in (*kinds, *document):
        if name not in document:
            raise Unreadable("member_missing", what=what, member=name)
        if name not in kinds:
            raise Unreadable("member_unknown", what=what, member=name)
        value = document[name]
        if not isinstance(value, kinds[name]) or (isinstance(value, bool) and kinds[name] is int):
            raise Unreadable("member_odd", what=what, member=name)
    return document


def from_hex(text: str, what: str) -> bytes:
    """The 32 bytes of a hash as 64 small hexadecimal digits."""
    try:
        raw = bytes.fromhex(text)
    except ValueError as error:
        raise Unreadable("not_hash", what=what) from error
    if len(raw) != 32 or raw.hex() != text:
        raise Unreadable("not_hash", what=what)
    return raw


def from_base64(text: str, what: str) -> bytes:
    """Bytes as base64url without padding, in the one way they can be written."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, UnicodeError) as error:
        raise Unreadable("not_base64", what=what) from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise Unreadable("not_base64", what=what)
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("key_twice")
    return found


def _refuse(text: str) -> Any:
    raise ValueError("not_whole")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER or digits == "-0":
        raise ValueError("not_whole")
    return int(digits)
