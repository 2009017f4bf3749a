"""What a refund may claim: a part of one payment, and of the platform's fees no more than there are.

Whoever writes a refund locks its payment first (its order, or its doubt), so that all refunds of one
payment are written one after the other.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.offsets import rules
from app.offsets.errors import FeesInsufficient, RefundBeyond, RefundTooMany
from app.offsets.models import Delivery, Order, Payment, PaymentDoubt, Refund, Retirement
from app.offsets.queries.refunds import sum_fees_promised
from app.offsets.rules import Channel, RefundSource

_FEES_LOCK = text("SELECT pg_advisory_xact_lock(7304212)")


@dataclass(frozen=True)
class Claim:
    """The payment that a refund is a part of, as it must stand in the refund."""

    trade_code: str
    total_fen: int
    source: RefundSource
    channel: Channel
    order_id: int | None = None
    doubt_id: int | None = None


def claim_of(order: Order) -> Claim:
    """What an order's refund is a part of: its clearing while it is not settled, our fees afterwards."""
    settled = is_settled(order.id)
    paid = db.session.get_one(Payment, order.id)
    return Claim(
        order.code,
        order.amount_fen,
        RefundSource.FEES if settled else RefundSource.CLEARING,
        Channel(paid.channel),
        order_id=order.id,
    )


def is_settled(order_id: int) -> bool:
    """Whether an order's units were retired or handed over."""
    return any(db.session.get(each, order_id) is not None for each in (Retirement, Delivery))


def require_room(refund: Refund) -> None:
    """All refunds of a payment together are never more than it, nor too many. The database says so too."""
    others = db.session.scalars(select(Refund).where(same_payment(refund))).all()
    replaced = {each.replaces_id for each in others if each.declined_at is None} | {refund.replaces_id}
    claimed = sum(each.amount_fen for each in others if each.code != refund.code and _claims(each, replaced))
    if claimed + refund.amount_fen > refund.total_fen:
        raise RefundBeyond(left_fen=max(0, refund.total_fen - claimed))
    sent = sum(1 for each in others if each.channel == Channel.WECHAT and each.opened_at is not None)
    if refund.channel == Channel.WECHAT and sent >= rules.MOST_REFUNDS:
        raise RefundTooMany()


def _claims(refund: Refund, replaced: set[int | None]) -> bool:
    if refund.succeeded_at is not None:
        return True
    return refund.declined_at is None and refund.closed_at is None and refund.id not in replaced


def require_fees(amount_fen: int, besides: int | None = None) -> None:
    """A courtesy is paid from what the platform has earned, less what it has promised already."""
    if amount_fen > lock_free_fees(besides):
        raise FeesInsufficient()


def lock_free_fees(besides: int | None = None) -> int:
    """What the platform has earned and promised to no refund; `besides` is a refund that does not count.

    Whoever asks is the only one who may spend or promise fees until the commit. Promises are read first:
    one that is kept in between counts twice, never not at all.
    """
    db.session.execute(_FEES_LOCK)
    promised = sum_fees_promised(besides)
    return accounts.sum_boundary(chart.FEES) - promised


def lock_refund(code: str) -> Refund | None:
    """The refund with this number, its payment locked before it."""
    found = db.session.scalar(select(Refund).where(Refund.code == code))
    if found is None:
        return None
    parent = (Order, found.order_id) if found.order_id is not None else (PaymentDoubt, found.doubt_id)
    db.session.get_one(*parent, with_for_update=True, populate_existing=True)
    db.session.refresh(found, with_for_update=True)
    return found


def same_payment(refund: Refund) -> ColumnElement[bool]:
    """Which refunds are a part of the same payment as this one."""
    if refund.order_id is not None:
        return Refund.order_id == refund.order_id
    return Refund.doubt_id == refund.doubt_id
