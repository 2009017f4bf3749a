"""Answering for breaks 差错: one person explains, another confirms what carries money."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update

from app.accounts.services import audit
from app.kit import clock
from app.kit.database import db, write
from app.treasury.errors import NothingToExplain, SecondPersonNeeded
from app.treasury.models import BillBreak
from app.treasury.queries.bills import UNSETTLED_BREAK
from app.treasury.rules.breaks import Break


def explain_breaks(
    operator_id: int, day: date, kind: Break, explanation: str, seen_at: datetime, break_id: int | None = None
) -> int:
    """Explain one open break, or all of a kind of a day; returns how many. Raises `NothingToExplain`.

    Only what the operator can have seen at `seen_at` is meant. An explanation that nobody has confirmed
    may be written anew, by anybody with the right.
    """
    wanted = [*_meant(day, kind, break_id), UNSETTLED_BREAK, BillBreak.found_at <= seen_at]
    return _answer(
        "breaks_explained",
        operator_id,
        (day, kind, break_id),
        wanted,
        {"explanation": explanation, "explained_at": clock.now(), "explained_by": operator_id},
    )


def confirm_breaks(
    operator_id: int, day: date, kind: Break, seen_at: datetime, break_id: int | None = None
) -> int:
    """Confirm another's explanations as they stood at `seen_at`; returns how many were confirmed.

    Raises `SecondPersonNeeded` where only one's own wait, `NothingToExplain` where none does.
    """
    waiting: list[Any] = [
        *_meant(day, kind, break_id),
        UNSETTLED_BREAK,
        BillBreak.explained_at <= seen_at,
    ]
    others = [*waiting, BillBreak.explained_by != operator_id]
    own = db.session.scalar(
        select(func.count(BillBreak.id)).where(and_(*waiting), BillBreak.explained_by == operator_id)
    )
    try:
        return _answer(
            "breaks_confirmed",
            operator_id,
            (day, kind, break_id),
            others,
            {"confirmed_at": clock.now(), "confirmed_by": operator_id},
        )
    except NothingToExplain:
        if own:
            raise SecondPersonNeeded() from None
        raise


def _meant(day: date, kind: Break, break_id: int | None) -> list[ColumnElement[bool]]:
    meant: list[ColumnElement[bool]] = [BillBreak.day == day, BillBreak.kind == kind]
    return meant if break_id is None else [*meant, BillBreak.id == break_id]


def _answer(
    action: str,
    operator_id: int,
    about: tuple[date, Break, int | None],
    wanted: list[Any],
    values: dict[str, Any],
) -> int:
    """Set `values` on the breaks that are `wanted`, and write into the log who did."""
    done = write(update(BillBreak).where(*wanted).values(values).execution_options(synchronize_session=False))
    if not done:
        raise NothingToExplain()
    day, kind, break_id = about
    details = {"breaks": done, "break": break_id, "explanation": values.get("explanation")}
    audit.record(operator_id, action, f"{day}:{kind}", {k: v for k, v in details.items() if v is not None})
    return done
