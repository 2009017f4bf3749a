"""How the words of the outside are read: strict JSON, strict base64, fields of one type and size.

Everything here raises `ValueError`, so `otherwise` at the edge of a client turns every surprise into
that client's own error.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.clients.errors import OutsideError

Fields = Mapping[str, object]

# The zone in which WeChat counts days and writes times.
SHANGHAI = ZoneInfo("Asia/Shanghai")

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def utc_now() -> datetime:
    """Tell the present moment, aware and in UTC: a client's clock unless it is given another."""
    return datetime.now(UTC)


@contextmanager
def otherwise(error: OutsideError) -> Iterator[None]:
    """Turn a wrong shape inside the block into `error`, leaving no trace of what was wrong with it."""
    try:
        yield
    except ValueError:
        raise error from None


def json_object(raw: bytes) -> dict[str, object]:
    """Read one JSON object; UTF-8 only, no key twice, no NaN or infinity, no NUL, no lone surrogate."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
        # Writing it again finds at once what PostgreSQL would refuse later, however deep it sits.
        rewritten = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict) or b"\\u0000" in rewritten:
        raise ValueError("not a plain JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def base64_bytes(text: str) -> bytes:
    """Decode standard base64, accepting only the one canonical way to write the bytes."""
    data = b64decode(text.encode("ascii"), validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def text(fields: Fields, name: str, longest: int = 128) -> str:
    """Take the text called `name`, of 1 to `longest` characters."""
    value = fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise ValueError(f"{name} is not a text of 1 to {longest} characters")
    return value


def optional_text(fields: Fields, name: str, longest: int = 128) -> str | None:
    """Take the text called `name`, or None where it is missing, null or empty."""
    return None if fields.get(name) in (None, "") else text(fields, name, longest)


def whole(fields: Fields, name: str, least: int, most: int) -> int:
    """Take the whole number called `name` from `least` to `most`; `true` and `1.0` are none."""
    value = fields.get(name)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is not a whole number from {least} to {most}")
    return value


def flag(fields: Fields, name: str) -> bool:
    """Take the `true` or `false` called `name`; 1 and 0 are neither."""
    value = fields.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is not true or false")
    return value


def section(fields: Fields, name: str) -> Fields:
    """Take the object called `name`."""
    return as_object(fields.get(name))


def as_object(value: object) -> Fields:
    """Return the same value, known to be a JSON object."""
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def moment(fields: Fields, name: str) -> datetime:
    """Take the RFC 3339 time called `name`, in UTC."""
    written = text(fields, name, 40)
    if not _RFC_3339.fullmatch(written):
        raise ValueError(f"{name} is not an RFC 3339 time")
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} lies outside the calendar") from None
