"""Values that no field should hold, and bodies that are no plain JSON object."""

from collections.abc import Mapping
from random import Random
from typing import Any


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.0, 1e300, 2**63, 10**30, [], [1], {}, {"total": "100"}, _nested(200)),
    *("", " ", "0", "１００", "100", "x" * 129, "x" * 5000, "森" * 40, "a\nb"),
    *("\x00", "\ud800", "\u202e\u200b", "CNY\u0000"),
    *("'; DROP TABLE payment; --", "../../etc/passwd", "{{7*7}}", "%s%n"),
)
"""Some are text that a free field may hold; a field that decides must refuse each."""

UNPLAIN = (
    b"",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"{",
    b"{}",
    b'{"id": NaN}',
    b'{"id": -Infinity}',
    b'{"id": 1, "id": 2}',
    b'{"id": "\\u0000"}',
    b'{"id": "\\ud800"}',
    b'{"id": ' + b"9" * 5000 + b"}",
    b'{"id": 1e999}',
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    '{"id": 1}'.encode("utf-16"),
    b"[" * 20_000 + b"]" * 20_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
)


def changed(dice: Random, fields: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """A copy of `fields` where one field, perhaps an inner one, is `value`, missing, or written otherwise."""
    copy = dict(fields)
    if not copy:
        return copy
    name = dice.choice(list(copy))
    if isinstance(copy[name], Mapping) and dice.random() < 0.5:
        copy[name] = changed(dice, copy[name], value)
    elif dice.random() < 0.2:
        del copy[name]
    elif dice.random() < 0.1:
        copy[name.upper()] = copy.pop(name)
    else:
        copy[name] = value
    return copy
