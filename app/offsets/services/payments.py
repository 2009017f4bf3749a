"""Recording payments 支付 and refunds 退款: what the provider has told us, once each."""

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.accounts import chart, ledger
from app.accounts import queries as accounts
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import announcements, clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import ring_after_commit
from app.offsets.errors import OrderNotPayable, OrderUnknown
from app.offsets.models import Order, PaidOrder, Payment, PaymentDoubt, Refund
from app.offsets.rules import ASK_AFTER, LEAST_PAY_TIME, PaymentOutcome
from app.offsets.services.words import PaidWord, RefundWord

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
    if order.paid_at or order.expired_at or order.expires_at < now + LEAST_PAY_TIME:
        raise OrderNotPayable()
    order.prepaid_at = order.prepaid_at or now
    order.next_check_at = now + ASK_AFTER[0]
    return order


def record_payment(word: PaidWord) -> PaymentOutcome:
    """Take the provider's word, from a verified notice or an answered query, that an order is paid.

    Safe to hear twice, late and out of order. A payment that does not fit its order is never
    credited: it is kept as a `PaymentDoubt`.
    """
    order = _lock(word.order_code)
    if order is None:
        _log.error("payment for an unknown order", order=word.order_code)
        return PaymentOutcome.UNKNOWN
    known = db.session.get(Payment, order.id)
    if known is not None and known.transaction_id == word.transaction_id:
        return PaymentOutcome.DUPLICATE
    reason = _doubt(order, known, word)
    if reason is not None:
        _keep_doubt(word, reason)
        return PaymentOutcome.MISMATCH
    db.session.add(
        Payment(
            order_id=order.id,
            channel=word.channel,
            transaction_id=word.transaction_id,
            amount_fen=word.amount_fen,
            paid_at=word.paid_at,
            recorded_at=clock.now(),
        )
    )
    ledger.post([Posting(chart.RECEIVE_PAYMENT, order.id, PLATFORM, PLATFORM, word.amount_fen)])
    if order.expired_at is not None:
        open_refund(order.id, "late_payment")
        return PaymentOutcome.LATE
    order.paid_at = clock.now()
    db.session.add(
        PaidOrder(
            order_id=order.id,
            lot_id=order.lot_id,
            holder_id=order.holder_id,
            quantity_kg=order.quantity_kg,
            amount_fen=order.amount_fen,
            certificate_number=order.certificate_number,
        )
    )
    ring_after_commit(SETTLE)
    return PaymentOutcome.PAID


def _doubt(order: Order, known: Payment | None, word: PaidWord) -> str | None:
    """Why the word does not fit the order, if it does not."""
    faults = {
        "a second transaction for a paid order": known is not None,
        f"amount {word.amount_fen}, expected {order.amount_fen}": word.amount_fen != order.amount_fen,
        f"currency {word.currency}": word.currency != "CNY",
        "another payer": word.payer_openid not in (None, accounts.find_openid(order.holder_id)),
    }
    return next((reason for reason, is_so in faults.items() if is_so), None)


def _keep_doubt(word: PaidWord, reason: str) -> None:
    _log.error("payment does not fit its order", order=word.order_code, reason=reason)
    db.session.execute(
        insert(PaymentDoubt)
        .values(
            order_code=word.order_code,
            transaction_id=word.transaction_id,
            reason=reason[:200],
            seen_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def open_refund(order_id: int, reason: str) -> Refund:
    """Send an order's money back: our number is committed first, the provider is asked afterwards."""
    order = db.session.get_one(Order, order_id, with_for_update=True)
    order.refunding_at = clock.now()
    refund = Refund(
        code=random_code(),
        order_id=order.id,
        amount_fen=order.amount_fen,
        reason=reason,
        opened_at=clock.now(),
    )
    db.session.add(refund)
    db.session.flush()
    announcements.announce("offsets.refund_opened", {"refund_id": refund.id})
    return refund


def record_refund(word: RefundWord) -> bool:
    """Take the provider's word on a refund; True when this word ended it. Safe to hear twice.

    An abnormal refund stays open with its mark: an operator must look (WeChat could not return the
    money to where it came from).
    """
    refund = db.session.scalar(select(Refund).where(Refund.code == word.refund_code).with_for_update())
    if refund is None or refund.succeeded_at is not None:
        return False
    now = clock.now()
    refund.provider_id = word.provider_id
    refund.accepted_at = refund.accepted_at or now
    if word.status == "SUCCESS" and word.amount_fen == refund.amount_fen:
        refund.succeeded_at = now
        db.session.get_one(Order, refund.order_id, with_for_update=True).refunded_at = now
        ledger.post([Posting(chart.REFUND, refund.id, PLATFORM, PLATFORM, refund.amount_fen)])
        return True
    if word.status != "PROCESSING":
        refund.abnormal_at = refund.abnormal_at or now
        _log.error("refund needs an operator", refund=refund.code, status=word.status)
    return False


def _lock(code: str) -> Order | None:
    return db.session.scalar(
        select(Order).where(Order.code == code).with_for_update().execution_options(populate_existing=True)
    )
