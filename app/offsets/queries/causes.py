"""Causes and where they stand: what they owe, what was ordered, paid and retired for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.offsets.errors import CauseUnknown
from app.offsets.models import Cause, Due, Order, Retirement, SettlementRun
from app.offsets.queries.orders import OrderFacts, order_facts, select_orders
from app.registry import queries as registry


@dataclass(frozen=True)
class CauseFacts:
    """A cause; `id` is its holder's."""

    id: int
    code: str
    purpose: str
    owner_id: int | None
    title: str
    shared: bool
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """Where a cause stands: due, still owed, retired beyond it, and what is on its way."""

    due_g: int
    owed_g: int
    carry_g: int
    retired_g: int
    reserved_kg: int
    paid_kg: int
    paid_fen: int
    """What was paid and did not go back, as a refund or as a courtesy."""

    @property
    def neutral(self) -> bool:
        """Whether something was owed and all of it is closed."""
        return self.due_g > 0 and self.owed_g == 0


@dataclass(frozen=True)
class CauseRetirement:
    """Units retired for a cause by one order: the certificate, the serials, whose forest."""

    order_id: int
    holder_id: int
    number: str
    quantity_kg: int
    amount_fen: int
    beneficiary: str | None
    first_serial: int
    last_serial: int
    serial: str
    retired_at: datetime
    forest: registry.CertificateFacts


def cause_facts(cause: Cause) -> CauseFacts:
    """The facts in a row."""
    return CauseFacts(
        id=cause.holder_id,
        code=cause.code,
        purpose=cause.purpose,
        owner_id=cause.owner_id,
        title=cause.title,
        shared=cause.shared,
        opened_at=cause.opened_at,
        closed_at=cause.closed_at,
    )


def get_cause(cause_id: int) -> CauseFacts:
    """The cause of this id. Raises `CauseUnknown`."""
    cause = db.session.get(Cause, cause_id)
    if cause is None:
        raise CauseUnknown()
    return cause_facts(cause)


def read_causes(ids: Sequence[int]) -> dict[int, CauseFacts]:
    """Causes by id."""
    rows = db.session.scalars(select(Cause).where(Cause.holder_id.in_(ids)))
    return {cause.holder_id: cause_facts(cause) for cause in rows}


def sum_dues(ids: Sequence[int]) -> dict[int, int]:
    """What each of these causes owes in all, by its dues; for the proofs of whoever set them."""
    wanted = select(Due.holder_id, func.sum(Due.change_g)).where(Due.holder_id.in_(ids))
    return {each: int(grams) for each, grams in db.session.execute(wanted.group_by(Due.holder_id))}


def find_cause(code: str) -> CauseFacts | None:
    """The cause with this public code; None for whatever is none, too."""
    if not (code.isascii() and code.isalnum()):
        return None
    cause = db.session.scalar(select(Cause).where(Cause.code == code))
    return cause_facts(cause) if cause else None


def list_codes(cause_ids: Sequence[int]) -> dict[int, str]:
    """The public codes of these causes, by their ids."""
    rows = db.session.execute(select(Cause.holder_id, Cause.code).where(Cause.holder_id.in_(cause_ids)))
    return {row.holder_id: row.code for row in rows}


def find_open_cause(code: str, holder_id: int | None) -> CauseFacts | None:
    """The cause with this code if `holder_id`, None for a stranger, may buy for it now."""
    cause = find_cause(code)
    if cause is None or cause.closed_at is not None:
        return None
    return cause if cause.shared or (holder_id is not None and cause.owner_id == holder_id) else None


def list_causes(owner_id: int, purpose: str, limit: int, before: int | None = None) -> list[CauseFacts]:
    """An owner's causes of a purpose, newest first; `before` is a cause's id."""
    wanted = select(Cause).where(Cause.owner_id == owner_id, Cause.purpose == purpose)
    if before is not None:
        wanted = wanted.where(Cause.holder_id < before)
    rows = db.session.scalars(wanted.order_by(Cause.holder_id.desc()).limit(limit))
    return [cause_facts(cause) for cause in rows]


def list_open_ids(purpose: str, opened_before: datetime, limit: int) -> Sequence[int]:
    """Causes of a purpose that were opened before a moment and are open still, the oldest first."""
    still_open = (Cause.purpose == purpose, Cause.opened_at < opened_before, Cause.closed_at.is_(None))
    return db.session.scalars(
        select(Cause.holder_id).where(*still_open).order_by(Cause.holder_id).limit(limit)
    ).all()


_PAID = "paid_at IS NOT NULL AND refunding_at IS NULL"
# One statement, so that all figures are of one moment: what settles in between would show in half of them.
_STANDING = text(
    "SELECT (SELECT coalesce(sum(change_g), 0) FROM due WHERE holder_id = :cause)::bigint AS due_g,"
    f" -{accounts.balance_of(chart.DUE, 'CAST(:cause AS bigint)')} AS owed_g,"
    f" {accounts.balance_of(chart.CARRY, 'CAST(:cause AS bigint)')} AS carry_g,"
    " coalesce(sum(due_g + carry_g), 0)::bigint AS retired_g,"
    " coalesce(sum(quantity_kg) FILTER (WHERE paid_at IS NULL AND expired_at IS NULL), 0)::bigint"
    "   AS reserved_kg,"
    f" coalesce(sum(quantity_kg) FILTER (WHERE {_PAID}), 0)::bigint AS paid_kg,"
    f" (coalesce(sum(amount_fen) FILTER (WHERE {_PAID}), 0) - (SELECT coalesce(sum(refund.amount_fen), 0)"
    f"   FROM refund JOIN orders ON orders.id = order_id WHERE cause_id = :cause AND {_PAID}"
    "   AND succeeded_at IS NOT NULL))::bigint AS paid_fen"
    " FROM orders LEFT JOIN retirement ON order_id = orders.id WHERE cause_id = :cause"
)


def standing(cause_id: int) -> Standing:
    """Where a cause stands now."""
    return Standing(**db.session.execute(_STANDING, {"cause": cause_id}).one()._mapping)


def list_cause_orders(cause_id: int, limit: int, before: int | None = None) -> list[OrderFacts]:
    """Orders placed for a cause, newest first; `before` is an order's id."""
    wanted = select_orders().where(Order.cause_id == cause_id).order_by(Order.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return [order_facts(row) for row in db.session.execute(wanted)]


def list_retirements(*cause_ids: int) -> Sequence[CauseRetirement]:
    """Everything retired for these causes, in the order it was bought."""
    rows = db.session.execute(
        select(Order, Retirement, SettlementRun.issuance_id)
        .join(Retirement, Retirement.order_id == Order.id)
        .join(SettlementRun, SettlementRun.id == Retirement.run_id)
        .where(Order.cause_id.in_(cause_ids))
        .order_by(Order.id)
    ).all()
    forests = {each: registry.certificate_facts(each) for each in {issuance for _, _, issuance in rows}}
    return [
        CauseRetirement(
            order_id=order.id,
            holder_id=order.holder_id,
            number=order.certificate_number,
            quantity_kg=order.quantity_kg,
            amount_fen=order.amount_fen,
            beneficiary=order.beneficiary,
            first_serial=retirement.first_serial,
            last_serial=retirement.last_serial,
            serial=forests[issuance].serial_text(retirement.first_serial, retirement.last_serial),
            retired_at=retirement.settled_at,
            forest=forests[issuance],
        )
        for order, retirement, issuance in rows
    ]
