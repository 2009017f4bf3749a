"""Orders and dues as their holder may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.kit.database import db
from app.offsets.errors import OrderUnknown
from app.offsets.models import Certificate, Delivery, Due, Order, PaidOrder, Refund, Retirement
from app.offsets.rules import OrderChannel, OrderStatus


@dataclass(frozen=True)
class OrderFacts:
    """An order with what has become of it."""

    id: int
    code: str
    holder_id: int
    purpose: str
    lot_id: int
    quantity_kg: int
    amount_fen: int
    description: str
    beneficiary: str | None
    status: OrderStatus
    reserved_at: datetime
    expires_at: datetime
    paid_at: datetime | None = None
    settled_at: datetime | None = None
    expired_at: datetime | None = None
    refunding_at: datetime | None = None
    refunded_at: datetime | None = None
    certificate_number: str | None = None
    due_g: int | None = None
    carry_g: int | None = None
    cause_id: int | None = None
    channel: str = OrderChannel.WECHAT
    kept: bool = False
    """Whether its units are handed over to the buyer instead of being retired."""
    refunded_fen: int = 0
    """What went back of it so far, also after it was settled."""


def get_order(holder_id: int, code: str) -> OrderFacts:
    """One order of this holder. Raises `OrderUnknown` also for another's."""
    row = db.session.execute(select_orders().where(Order.code == code, Order.holder_id == holder_id)).first()
    if row is None:
        raise OrderUnknown()
    return order_facts(row)


def get_orders(order_ids: Sequence[int]) -> dict[int, OrderFacts]:
    """Orders by their ids, whoever's they are: for the rooms above."""
    rows = db.session.execute(select_orders().where(Order.id.in_(order_ids)))
    return {each.id: each for each in map(order_facts, rows)}


def list_orders(holder_id: int, limit: int, before: int | None = None) -> list[OrderFacts]:
    """A holder's orders, newest first; `before` is an order's id."""
    wanted = select_orders().where(Order.holder_id == holder_id).order_by(Order.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return [order_facts(row) for row in db.session.execute(wanted)]


def select_orders() -> Any:
    """Orders with what has become of them, for `order_facts`."""
    refunded = (
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .where(Refund.order_id == Order.id, Refund.succeeded_at.is_not(None))
        .scalar_subquery()
    )
    return (
        select(Order, Retirement, Certificate.number, refunded, Delivery.settled_at)
        .outerjoin(Retirement, Retirement.order_id == Order.id)
        .outerjoin(Certificate, Certificate.order_id == Order.id)
        .outerjoin(Delivery, Delivery.order_id == Order.id)
    )


def order_facts(row: Any) -> OrderFacts:
    """The facts in a row of `select_orders`."""
    order, retirement, number, refunded_fen, delivered_at = row
    settled_at = retirement.settled_at if retirement else delivered_at
    return OrderFacts(
        id=order.id,
        code=order.code,
        holder_id=order.holder_id,
        purpose=order.purpose,
        lot_id=order.lot_id,
        quantity_kg=order.quantity_kg,
        amount_fen=order.amount_fen,
        description=order.description,
        beneficiary=order.beneficiary,
        status=order.status(settled_at),
        reserved_at=order.reserved_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        settled_at=settled_at,
        expired_at=order.expired_at,
        refunding_at=order.refunding_at,
        refunded_at=order.refunded_at,
        certificate_number=number,
        cause_id=order.cause_id,
        due_g=retirement.due_g if retirement else None,
        carry_g=retirement.carry_g if retirement else None,
        channel=order.channel,
        kept=order.kept,
        refunded_fen=int(refunded_fen),
    )


def retired_g(holder_id: int) -> int:
    """Grams that were ever retired for a holder: what closed their own dues and what is carried over."""
    grams = func.sum(Retirement.due_g + Retirement.carry_g)
    total = db.session.scalar(
        select(grams)
        .join(Order, Order.id == Retirement.order_id)
        .where(Order.holder_id == holder_id, Order.cause_id.is_(None))
    )
    return int(total or 0)


def count_waiting() -> int:
    """How many paid orders wait for settlement: it grows while more is paid than settled."""
    return db.session.scalar(select(func.count()).select_from(PaidOrder)) or 0


def list_dues(holder_id: int, limit: int = 100, before: int | None = None) -> Sequence[Due]:
    """A holder's dues, newest first."""
    wanted = select(Due).where(Due.holder_id == holder_id).order_by(Due.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Due.id < before)
    return db.session.scalars(wanted).all()
