"""Refunds as operators see them, and as the provider has to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.offsets.errors import RefundUnknown
from app.offsets.models import Order, Refund
from app.offsets.rules import Channel, RefundSource, RefundStatus, replaceable

_After = aliased(Refund)
_REPLACED = exists().where(_After.replaces_id == Refund.id, _After.declined_at.is_(None))


@dataclass(frozen=True)
class RefundTerms:
    """What the provider must be told to send money back; what is being replaced is only asked about."""

    code: str
    trade_code: str
    amount_fen: int
    total_fen: int
    reason: str
    replaced: bool


@dataclass(frozen=True)
class RefundFacts:
    """A refund with who asked for it, and what came of it. `replaced_by` is a refund's code."""

    id: int
    code: str
    trade_code: str
    amount_fen: int
    total_fen: int
    source: str
    channel: str
    reason: str
    status: RefundStatus
    note: str | None
    bank_reference: str | None
    requested_by: int | None
    requested_at: datetime | None
    approved_by: int | None
    opened_at: datetime | None
    declined_by: int | None
    declined_at: datetime | None
    provider_id: str | None
    refusal: str | None
    accepted_at: datetime | None
    abnormal_at: datetime | None
    closed_at: datetime | None
    succeeded_at: datetime | None
    doubled_at: datetime | None
    replaces: str | None
    replaced_by: str | None

    @property
    def may_go_by_bank(self) -> bool:
        """Whether an operator may record that the money went back by bank."""
        return self._replaceable(by_bank=True)

    @property
    def may_go_again(self) -> bool:
        """Whether an operator may send it again under a new number."""
        return self._replaceable(by_bank=False)

    @property
    def may_be_asked(self) -> bool:
        """Whether the provider can be asked for it now."""
        sent = self.channel == Channel.WECHAT and self.opened_at is not None
        return sent and self.succeeded_at is None and self.replaced_by is None

    @property
    def advice(self) -> str | None:
        """What the operators should do: the last part of a message's name; None when nothing."""
        if self.doubled_at is not None:
            return "doubled"
        if self.replaced_by is not None or self.succeeded_at is not None:
            return None
        if self.status is RefundStatus.OPEN:
            return "bank" if self.channel == Channel.BANK else ("refused" if self.refusal else None)
        stuck = (RefundStatus.REQUESTED, RefundStatus.ABNORMAL, RefundStatus.CLOSED)
        return str(self.status) if self.status in stuck else None

    def _replaceable(self, *, by_bank: bool) -> bool:
        free = self.replaced_by is None
        refused = self.refusal is not None
        return free and replaceable(self.status, self.channel, refused, by_bank=by_bank)


def get_refund_terms(refund_id: int) -> RefundTerms | None:
    """What to tell the provider; None when the money is back, or is not the provider's to send."""
    row = db.session.execute(
        select(
            Refund.code, Refund.trade_code, Refund.amount_fen, Refund.total_fen, Refund.reason, _REPLACED
        ).where(Refund.id == refund_id, Refund.succeeded_at.is_(None), Refund.channel == Channel.WECHAT)
    ).one_or_none()
    return RefundTerms(*row) if row else None


def get_refund(code: str) -> RefundFacts:
    """One refund. Raises `RefundUnknown`."""
    row = db.session.execute(_refunds().where(Refund.code == code)).one_or_none()
    if row is None:
        raise RefundUnknown()
    return _facts(row)


def list_refunds(limit: int, before: int | None = None) -> list[RefundFacts]:
    """All refunds, newest first; `before` is a refund's id."""
    wanted = _refunds().order_by(Refund.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Refund.id < before)
    return [_facts(row) for row in db.session.execute(wanted)]


def list_refunds_of(order_code: str) -> list[RefundFacts]:
    """The refunds of one order, oldest first."""
    wanted = _refunds().join(Order, Order.id == Refund.order_id).where(Order.code == order_code)
    return [_facts(row) for row in db.session.execute(wanted.order_by(Refund.id))]


def list_refunds_of_doubts(doubt_ids: Sequence[int]) -> dict[int, list[RefundFacts]]:
    """The refunds of these payments in doubt by the doubt's id, oldest first."""
    found: dict[int, list[RefundFacts]] = {}
    wanted = _refunds().where(Refund.doubt_id.in_(doubt_ids)).order_by(Refund.id)
    for row in db.session.execute(wanted):
        found.setdefault(row[0].doubt_id, []).append(_facts(row))
    return found


def list_stuck_refunds(limit: int = 200) -> list[RefundFacts]:
    """Refunds that an operator must look at, oldest first."""
    wanted = _refunds().where(_stuck()).order_by(Refund.id).limit(limit)
    return [_facts(row) for row in db.session.execute(wanted)]


def count_stuck_refunds() -> int:
    """How many refunds an operator must look at."""
    return int(db.session.scalar(select(func.count()).select_from(Refund).where(_stuck())) or 0)


def sum_fees_promised(besides: int | None = None) -> int:
    """What refunds will take from the platform's fees, asked for or on their way; `besides` is one's id."""
    return _sum(*_FROM_FEES, *_UNFINISHED, Refund.id != (besides or 0))


def sum_fees_pledged() -> int:
    """What refunds on their way will take from the fees: the part of the promises that is approved."""
    return _sum(*_FROM_FEES, *_UNFINISHED, Refund.opened_at.is_not(None))


def sum_fees_given() -> int:
    """What refunds took that was free when it was promised: none closed before, and none that came twice."""
    kept = (Refund.succeeded_at.is_not(None), Refund.doubled_at.is_(None), Refund.closed_at.is_(None))
    return _sum(*_FROM_FEES, *kept, ~_REPLACED)


def sum_fees_unasked() -> int:
    """What left the fees by nobody's decision: the provider's charges, refunds twice or too late."""
    given = sum(map(accounts.sum_entries, (chart.REFUND_GOODWILL, chart.RETURN_GOODWILL)))
    return accounts.sum_entries(chart.PROVIDER_FEE) + given - sum_fees_given()


_FROM_FEES = (Refund.source == RefundSource.FEES,)
_UNFINISHED = (
    Refund.succeeded_at.is_(None),
    Refund.declined_at.is_(None),
    Refund.closed_at.is_(None),
    ~_REPLACED,
)


def _sum(*conditions: ColumnElement[bool]) -> int:
    total = db.session.scalar(select(func.coalesce(func.sum(Refund.amount_fen), 0)).where(*conditions))
    return int(total or 0)


def _stuck() -> ColumnElement[bool]:
    """The same as `RefundFacts.advice is not None`, for the database."""
    asks = or_(
        and_(Refund.requested_by.is_not(None), Refund.opened_at.is_(None), Refund.declined_at.is_(None)),
        Refund.abnormal_at.is_not(None),
        Refund.closed_at.is_not(None),
        and_(Refund.channel == Channel.BANK, Refund.opened_at.is_not(None)),
        and_(Refund.refusal.is_not(None), Refund.accepted_at.is_(None)),
    )
    doubled, unfinished = Refund.doubled_at.is_not(None), Refund.succeeded_at.is_(None)
    # Said twice, so that the small index of what is unfinished serves.
    return and_(or_(unfinished, doubled), or_(doubled, and_(unfinished, ~_REPLACED, asks)))


def _refunds() -> Any:
    before, after = aliased(Refund), aliased(Refund)
    replaces = select(before.code).where(before.id == Refund.replaces_id).scalar_subquery()
    stands = (after.replaces_id == Refund.id, after.declined_at.is_(None))
    return select(Refund, replaces, select(after.code).where(*stands).scalar_subquery())


_TAKEN = tuple(
    name for name in RefundFacts.__dataclass_fields__ if name not in ("status", "replaces", "replaced_by")
)


def _facts(row: Sequence[Any]) -> RefundFacts:
    refund, replaces, replaced_by = row
    taken = {name: getattr(refund, name) for name in _TAKEN}
    return RefundFacts(**taken, status=refund.status(), replaces=replaces, replaced_by=replaced_by)
