"""Causes 事由: what owes in books of its own, and how its due is set.

A cause is a holder, so that one unit serves one purpose without another word: what is bought for an event
closes the event's due and nobody else's.
"""

from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts.services import open_holder
from app.kit import clock
from app.kit.announcements import announce
from app.kit.codes import random_code
from app.kit.database import db
from app.offsets.announcements import CAUSE_ORDER_ENDED
from app.offsets.errors import CauseClosed, CauseOther, CauseUnknown
from app.offsets.models import Cause, CauseTurn, Due, Order, Retirement
from app.offsets.purposes import PURPOSES
from app.offsets.queries.causes import CauseFacts, cause_facts, standing
from app.offsets.services.dues import settle_changes


def open_cause(
    purpose: str, owner_id: int | None, title: str, *, region: str | None = None, shared: bool = False
) -> CauseFacts:
    """Open the books of an event, duty, case or gift. Raises ValueError for a purpose without causes."""
    kind = PURPOSES[purpose].cause
    if kind is None:
        raise ValueError(f"nobody owes for {purpose} but the buyer")
    holder = open_holder(kind, None, region)
    cause = Cause(
        holder_id=holder.id,
        code=holder.code,
        purpose=purpose,
        owner_id=owner_id,
        title=title,
        shared=shared,
        opened_at=clock.now(),
    )
    db.session.add(cause)
    db.session.flush()
    ledger.open_accounts([chart.DUE.of(holder.id), chart.CARRY.of(holder.id)])
    return cause_facts(cause)


def require_cause(holder_id: int, code: str, purpose: str | None, *, admitted: bool) -> CauseFacts:
    """The open cause with this code that `holder_id` may buy for, kept from closing until the commit.

    Its owner may, anybody if it is shared, and whoever is `admitted` by an operator or its own rules. Raises
    `CauseUnknown` also for another's, `CauseOther`, `CauseClosed`.
    """
    cause = db.session.scalar(
        select(Cause)
        .where(Cause.code == code)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if cause is None or not (cause.shared or admitted or cause.owner_id == holder_id):
        raise CauseUnknown()
    if purpose not in (None, cause.purpose):
        raise CauseOther()
    if cause.closed_at is not None:
        raise CauseClosed()
    return cause_facts(cause)


def set_due(cause_id: int, due_g: int, reason: str) -> None:
    """Let a cause owe `due_g` in all from now on, whatever it owed before; the same again does nothing.

    More is closed from what was carried first; of less, what was closed beyond it is carried. `reason`
    says why in a word, such as `estimate`. Raises ValueError below zero.
    """
    if due_g < 0:
        raise ValueError("nobody owes less than nothing")
    cause = _lock(cause_id)
    change_g = due_g - standing(cause_id).due_g
    if not change_g:
        return
    due = Due(
        code=random_code(),
        holder_id=cause_id,
        purpose=cause.purpose,
        reason=reason,
        due_g=due_g,
        change_g=change_g,
        opened_at=clock.now(),
    )
    db.session.add(due)
    db.session.flush()
    settle_changes(cause_id, [due])


def owe_bought(cause_id: int, reason: str) -> None:
    """Let a cause owe what was retired for it so far: for dues that come about by buying.

    Safe to call after every settlement; nothing stays carried.
    """
    _lock(cause_id)
    set_due(cause_id, standing(cause_id).retired_g, reason)


def close_cause(cause_id: int) -> bool:
    """Let nothing more be bought for a cause; False when it was closed before. Orders placed stand."""
    cause = _lock(cause_id)
    if cause.closed_at is not None:
        return False
    cause.closed_at = clock.now()
    db.session.flush()
    return True


def rename_cause(cause_id: int, title: str) -> None:
    """Give a cause another title; orders keep the words they were placed with."""
    _lock(cause_id).title = title
    db.session.flush()


def share_cause(cause_id: int, shared: bool) -> None:
    """Let anybody buy for a cause, or its owner alone."""
    _lock(cause_id).shared = shared
    db.session.flush()


def tell_ended(limit: int = 200) -> int:
    """Announce the orders for causes that were settled, expired or turned to refunds; returns how many."""
    settled = Retirement.order_id.is_not(None)
    ended = db.session.execute(
        select(CauseTurn, Order, settled)
        .join(Order, Order.id == CauseTurn.order_id)
        .outerjoin(Retirement, Retirement.order_id == CauseTurn.order_id)
        .where(settled | Order.expired_at.is_not(None) | Order.refunding_at.is_not(None))
        .order_by(CauseTurn.order_id)
        .limit(limit)
        .with_for_update(of=CauseTurn, skip_locked=True)
    ).all()
    for turn, order, is_settled in ended:
        announce(
            CAUSE_ORDER_ENDED,
            {
                "order_id": order.id,
                "order_code": order.code,
                "cause_id": order.cause_id,
                "purpose": order.purpose,
                "settled": bool(is_settled),
            },
        )
        db.session.delete(turn)
    db.session.flush()
    return len(ended)


def _lock(cause_id: int) -> Cause:
    """The cause, locked: dues of one cause are set one after another."""
    return db.session.get_one(Cause, cause_id, with_for_update=True, populate_existing=True)
