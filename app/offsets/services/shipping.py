"""Reporting settled orders to WeChat as delivered 发货信息录入, where it holds funds until then.

Settlement knows nothing of it: a chore lists what was settled, run by run in one statement, and each
order is then reported under a lease. A unit is delivered when it is retired.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, text

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db, write
from app.offsets.models import Order, Shipping
from app.offsets.rules import shipping_pause

LOOK_BACK = timedelta(days=7)
"""How old a settlement may be when it is first listed: WeChat wants to know within 48 hours."""
LEASE = timedelta(minutes=1)
RUNS = 200
_log = structlog.get_logger(__name__)
_LIST = text(
    "WITH fresh AS ("
    "  SELECT id, first_serial, last_serial FROM settlement_run run"
    "  WHERE settled_at > :since AND NOT EXISTS (SELECT 1 FROM shipping_run WHERE run_id = run.id)"
    "  ORDER BY id LIMIT :most),"
    " listed AS (INSERT INTO shipping_run (run_id) SELECT id FROM fresh ON CONFLICT DO NOTHING"
    "  RETURNING run_id)"
    " INSERT INTO shipping (order_id, next_at, attempts)"
    " SELECT r.order_id, :now, 0 FROM fresh JOIN listed ON listed.run_id = fresh.id"
    " JOIN retirement r ON r.first_serial BETWEEN fresh.first_serial AND fresh.last_serial"
    " JOIN payment p ON p.order_id = r.order_id AND p.channel = 'wechat'"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class Parcel:
    """What WeChat must be told of one order."""

    order_id: int
    order_code: str
    description: str
    payer_openid: str


def list_settled() -> int:
    """List what was settled since the last time; returns how many orders were new."""
    now = clock.now()
    return write(_LIST, {"now": now, "since": now - LOOK_BACK, "most": RUNS})


def claim_parcels(limit: int) -> list[Parcel]:
    """Orders whose turn it is to be reported, each leased, so that no other takes them."""
    now = clock.now()
    rows = db.session.execute(
        select(Shipping, Order)
        .join(Order, Order.id == Shipping.order_id)
        .where(Shipping.uploaded_at.is_(None), Shipping.next_at <= now)
        .order_by(Shipping.next_at)
        .limit(limit)
        .with_for_update(of=Shipping, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for waiting, _ in rows:
        waiting.next_at = now + LEASE
    return [
        Parcel(order.id, order.code, order.description, accounts.find_openid(order.holder_id) or "")
        for _, order in rows
    ]


def record_uploaded(order_id: int) -> None:
    """WeChat knows that this order is delivered."""
    waiting = db.session.get_one(Shipping, order_id, with_for_update=True)
    waiting.uploaded_at = waiting.uploaded_at or clock.now()
    waiting.refusal = None


def record_refused(order_id: int, reason: str) -> None:
    """WeChat does not take it; it is tried again later, ever more seldom."""
    waiting = db.session.get_one(Shipping, order_id, with_for_update=True)
    if waiting.uploaded_at is None:
        waiting.attempts += 1
        waiting.refusal = reason[:64]
        waiting.next_at = clock.now() + shipping_pause(waiting.attempts)
        _log.error("WeChat refuses a delivery", order_id=order_id, reason=reason)
