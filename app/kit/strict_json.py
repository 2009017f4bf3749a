"""The one JSON loader: what two readers could read differently is refused.

Duplicate keys, NaN, endless nesting, numbers of thousands of digits, NUL and lone surrogates all
pass `json.loads`; each of them broke or fooled a plain stack when it was tried.
"""

import json
from typing import Any

DEEPEST = 32


class Malformed(ValueError):
    """The bytes are not the JSON we take; the message is a name in the message catalogue."""


def loads(raw: bytes) -> Any:
    """Parse UTF-8 JSON strictly. Raises `Malformed`."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_whole)
    except Malformed:
        raise
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Malformed("kit.json_invalid") from error
    _inspect(value, 0)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("kit.json_duplicate_key")
    return result


def _refuse(word: str) -> Any:
    raise Malformed("kit.json_invalid")


def _whole(digits: str) -> int:
    if len(digits) > 25:
        raise Malformed("kit.json_number_too_long")
    return int(digits)


def _inspect(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Malformed("kit.json_too_deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, member in value.items():
            _check_text(key)
            _inspect(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _inspect(member, depth + 1)


def _check_text(text: str) -> None:
    if text.isascii() and "\x00" not in text:
        return
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Malformed("kit.json_bad_text")
