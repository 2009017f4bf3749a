"""Keyset paging: `{items, next}`; no OFFSET and no COUNT, so page one thousand costs what page one does."""

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from marshmallow import fields

from app.kit.fields import Code, NewSchema, ViewSchema, WholeText
from app.kit.messages import t
from app.kit.problems import Unreadable


class PageQuery(NewSchema):
    """What a list takes: how many, and after which."""

    limit = WholeText(1, 100, load_default=20)
    after = Code(64)


def read_cursor(after: str | None) -> int | None:
    """The id a cursor stands for. Raises `Unreadable` for one that we did not give out."""
    if after is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        if len(raw) != 8:
            raise ValueError
        return int.from_bytes(raw, "big", signed=True)
    except (ValueError, binascii.Error) as error:
        raise Unreadable(errors=[{"pointer": "?after", "detail": t("kit.field_cursor")}]) from error


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], int]) -> dict[str, Any]:
    """`rows` holds up to limit + 1; the surplus one only tells that there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    cursor = base64.urlsafe_b64encode(key(items[-1]).to_bytes(8, "big", signed=True)) if more else None
    return {"items": items, "next": cursor.decode().rstrip("=") if cursor else None}


@cache
def page_of(view: type[ViewSchema]) -> type[ViewSchema]:
    """The schema of one page of `view`; one however many routes answer with it."""
    members = {
        "items": fields.List(fields.Nested(view), required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    return type(
        f"{view.__name__}Page", (ViewSchema,), {"__doc__": f"One page of {view.__name__}.", **members}
    )
