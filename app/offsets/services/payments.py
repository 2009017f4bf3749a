"""Recording payments 支付: what the provider, or two operators, have told us, once each."""

from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts import queries as accounts
from app.accounts.chart import PLATFORM, EntryKind
from app.kit import clock
from app.kit.database import db, run
from app.kit.transaction import ring_after_commit
from app.offsets.errors import OrderNotPayable, OrderUnknown
from app.offsets.models import Order, Payment
from app.offsets.rules import (
    ASK_AFTER,
    LEAST_PAY_TIME,
    Channel,
    DoubtName,
    Misfit,
    OrderChannel,
    PaymentFacts,
    PaymentOutcome,
    misfits,
)
from app.offsets.services import doubts
from app.offsets.services.refunds import open_refund
from app.offsets.services.words import PaidWord

SETTLE = "app.offsets.jobs.settle_paid"
_log = structlog.get_logger(__name__)


def open_payment(holder_id: int, code: str) -> Order:
    """Get an order ready for the payment sheet. Raises `OrderUnknown` or `OrderNotPayable`.

    The terms were frozen when it was placed, so asking the provider again repeats them exactly.
    """
    order = _lock(code)
    if order is None or order.holder_id != holder_id:
        raise OrderUnknown()
    now = clock.now()
    over = order.paid_at or order.expired_at or order.expires_at < now + LEAST_PAY_TIME
    if over or order.channel != OrderChannel.WECHAT:
        raise OrderNotPayable()
    order.prepaid_at = order.prepaid_at or now
    order.next_check_at = now + ASK_AFTER[0]
    return order


class _Found(NamedTuple):
    """An order as a word of payment finds it, locked."""

    id: int
    amount_fen: int
    paid_at: datetime | None
    expired_at: datetime | None
    openid: str | None


# The transaction's turn is waited for before the order is locked, and before the next statement looks
# whether its money is held: that one's snapshot sees what whoever had the turn has committed.
_PAYER = accounts.payer_of("orders.holder_id", f"(channel = '{OrderChannel.WECHAT}')")
_FIND = (
    f"SELECT id, amount_fen, paid_at, expired_at, {_PAYER}"
    f" FROM orders WHERE code = (SELECT %(code)s::text FROM {doubts.TURN}) FOR UPDATE"
)


def _credit_by(entry: EntryKind) -> str:
    """One round trip for all that a payment writes, since a busy minute brings thousands.

    A transaction that is held in suspense, or has paid before, credits nothing: then no row comes back.
    """
    return f"""
WITH credited AS (
  INSERT INTO payment (order_id, channel, transaction_id, amount_fen, paid_at, recorded_at)
  SELECT %(order)s::bigint, %(channel)s::text, %(transaction)s::text, %(fen)s::bigint,
    %(paid_at)s::timestamptz, %(now)s::timestamptz
  WHERE NOT EXISTS (SELECT FROM payment_doubt WHERE transaction_id = %(transaction)s AND held_fen IS NOT NULL)
  ON CONFLICT DO NOTHING
  RETURNING order_id AS reference, amount_fen AS amount,
    {PLATFORM} AS source_holder, {PLATFORM} AS target_holder
),
posted AS ({ledger.entries_from(entry, "credited")}),
stamped AS (
  UPDATE orders SET paid_at = %(now)s FROM credited WHERE orders.id = reference AND expired_at IS NULL
  RETURNING orders.id, lot_id, coalesce(cause_id, holder_id) AS owes, quantity_kg, orders.amount_fen,
    certificate_number, kept
),
waiting AS (
  INSERT INTO paid_order (order_id, lot_id, holder_id, quantity_kg, amount_fen, certificate_number)
  SELECT id, lot_id, owes, quantity_kg, amount_fen, certificate_number FROM stamped WHERE NOT kept
)
SELECT reference FROM credited
"""


_CREDITS = {
    Channel.WECHAT: _credit_by(chart.RECEIVE_PAYMENT),
    Channel.BANK: _credit_by(chart.RECEIVE_TRANSFER),
}


def record_payment(word: PaidWord) -> PaymentOutcome:
    """Take the provider's word, from a verified notice or an answered query, that an order is paid.

    Safe to hear twice, late and out of order. A payment that does not fit is never credited: it is
    kept as a doubt, with a name, for an operator.
    """
    row = run(_FIND, {"code": word.order_code, "transaction": word.transaction_id}).fetchone()
    if row is None:
        doubts.keep(word, [Misfit(DoubtName.UNKNOWN_ORDER, "", word.order_code)])
        return PaymentOutcome.UNKNOWN
    order = _Found(*row)
    known = db.session.get(Payment, order.id) if order.paid_at or order.expired_at else None
    found = misfits(_expected(order, known), _told(word))
    if known is not None and not found:
        return PaymentOutcome.DUPLICATE
    if word.refunded and not doubts.is_in_suspense(word.transaction_id):  # else it was ours to send back
        found.append(Misfit(DoubtName.REFUNDED_ELSEWHERE, "SUCCESS", "REFUND"))
    if not found and not _credit(order, word):
        held = doubts.is_in_suspense(word.transaction_id)
        name = DoubtName.HELD_TRANSACTION if held else DoubtName.REUSED_TRANSACTION
        found = [Misfit(name, "", word.transaction_id)]
    if found:
        doubts.keep(word, found)
        return PaymentOutcome.MISMATCH
    if order.expired_at is not None:
        open_refund(order.id, "late_payment")
        return PaymentOutcome.LATE
    ring_after_commit(SETTLE)
    return PaymentOutcome.PAID


def _expected(order: _Found, known: Payment | None) -> PaymentFacts:
    return PaymentFacts("CNY", order.amount_fen, order.openid, known.transaction_id if known else None)


def _told(word: PaidWord) -> PaymentFacts:
    return PaymentFacts(word.currency, word.amount_fen, word.payer_openid, word.transaction_id)


def _credit(order: _Found, word: PaidWord) -> bool:
    """Write the payment and all that follows from it; False where its transaction cannot pay (again)."""
    values = {
        "order": order.id,
        "channel": str(word.channel),
        "transaction": word.transaction_id,
        "fen": word.amount_fen,
        "paid_at": word.paid_at,
        "now": clock.now(),
    }
    return run(_CREDITS[Channel(word.channel)], values).fetchone() is not None


def _lock(code: str) -> Order | None:
    return db.session.scalar(
        select(Order).where(Order.code == code).with_for_update().execution_options(populate_existing=True)
    )
