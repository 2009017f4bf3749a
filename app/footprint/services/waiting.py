"""Acts that wait for an operator: how a review is opened, and dropped when its act is taken back."""

from typing import Any

from sqlalchemy import text

from app.footprint.models import ActReview
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db

_DROP = text(
    "UPDATE act_review SET dropped_at = :now"
    " WHERE action_id = :action AND holder_id = :holder AND decided_at IS NULL AND dropped_at IS NULL"
)
_RELEASE = text(
    "UPDATE act_photo SET released_at = :now WHERE released_at IS NULL AND holder_id = :holder AND first_id ="
    " coalesce((SELECT first_id FROM act_review WHERE outcome_id = :action), :action)"
)


def open_review(holder_id: int, action_id: int, kind: str, rule: str, **told: Any) -> ActReview:
    """Let an act wait for a decision; `told` are the columns that say more.

    The caller has made sure that it waits in no other one.
    """
    review = ActReview(
        code=random_code(12),
        holder_id=holder_id,
        action_id=action_id,
        kind=kind,
        rule=rule,
        opened_at=clock.now(),
        **{"first_id": action_id, **told},
    )
    db.session.add(review)
    db.session.flush()
    return review


def holds_from(rows: str) -> str:
    """The part of another statement that lets acts wait because they passed a limit.

    `rows` names a relation of that statement with `id`, `code`, `holder` and `holds`, NULL for what waits in
    nothing; the statement has a parameter `%(now)s`. The review's code is the end of its act's.
    """
    return (
        "INSERT INTO act_review (code, holder_id, action_id, first_id, kind, rule, allowed, found, opened_at)"
        " SELECT right(code, 12), holder, id, id, 'hold', holds->>'rule', (holds->>'allowed')::bigint,"
        f" (holds->>'found')::bigint, %(now)s FROM {rows} WHERE holds IS NOT NULL"
    )


def drop_review(holder_id: int, action_id: int) -> None:
    """End what an act waits in, without a decision."""
    db.session.execute(_DROP, {"now": clock.now(), "holder": holder_id, "action": action_id})


def drop(holder_id: int, action_id: int) -> None:
    """End what a withdrawn act waits in; its photos may prove another act, and nobody needs to see them."""
    drop_review(holder_id, action_id)
    db.session.execute(_RELEASE, {"now": clock.now(), "holder": holder_id, "action": action_id})
