"""Telling holders what happened to what is theirs."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import Notice
from app.kit import clock
from app.kit.database import db, write


def tell(holder_ids: Iterable[int], message: str, reference: str, **details: Any) -> int:
    """Tell each of these holders `message` about `reference`; what was told stays said once.

    `message` is a name of the catalogue and `details` are its parameters, so that everybody reads it in
    their own language. Returns how many are told now.
    """
    rows = [
        {"holder_id": each, "message": message, "reference": reference, "details": details}
        for each in sorted(set(holder_ids))
    ]
    if not rows:
        return 0
    at = clock.now()
    told = insert(Notice).values([{**row, "told_at": at} for row in rows]).on_conflict_do_nothing()
    return len(db.session.scalars(told.returning(Notice.id)).all())


def tell_from(
    rows: str, values: Mapping[str, Any], message: str, reference: str, details: Mapping[str, Any]
) -> int:
    """The bulk form: tell every holder of `rows`, another room's SQL with a column `holder_id`.

    `values` are the parameters of `rows`. Returns how many are told now.
    """
    concerned = f"SELECT DISTINCT holder_id, CAST(:details AS jsonb) AS details FROM ({rows}) AS concerned"
    return tell_each(concerned, {**values, "details": json.dumps(details)}, message, reference)


def tell_each(rows: str, values: Mapping[str, Any], message: str, reference: str) -> int:
    """Tell every holder of `rows`, with columns `holder_id` and `details`, each the details of their own."""
    return write(
        text(
            "INSERT INTO notice (holder_id, message, reference, details, told_at)"
            " SELECT holder_id, :message, :reference, details, CAST(:at AS timestamptz)"
            f" FROM ({rows}) AS told ON CONFLICT DO NOTHING"
        ),
        {**values, "message": message, "reference": reference, "at": clock.now()},
    )
