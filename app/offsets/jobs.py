"""What happens later: settling, asking the provider, sending money back.

The queue's jobs and the sweeper call the same functions, so that everything here also gets done with
Redis away. Calls to WeChat Pay stand between transactions, never inside one.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from app.clients import errors as outside
from app.kit import announcements, queue
from app.kit.messages import t
from app.kit.transaction import transaction
from app.offsets import queries
from app.offsets.provider import paid_word, refund_word, wechat_pay
from app.offsets.services import orders, payments, settlement
from app.offsets.services.words import RefundWord

_log = structlog.get_logger(__name__)


@queue.job
def settle_paid() -> int:
    """Settle every paid order that waits, lot by lot; returns how many were settled or turned to refunds."""
    done = 0
    for lot_id in settlement.lots_waiting():
        while True:
            with transaction():
                run = settlement.settle_lot(lot_id)
            done += run.claimed
            if run.claimed < settlement.RUN_LENGTH:
                break
    return done


def watch_unpaid(limit: int = 20) -> int:
    """Look at unpaid orders whose turn it is: ask the provider, and let go what nobody can pay any more."""
    with transaction():
        claimed = orders.claim_unpaid(limit)
    for order in claimed:
        try:
            _look_at(order.id, order.code, order.prepaid_at is not None)
        except outside.OutsideError as error:
            _log.warning("the provider did not answer", order=order.code, reason=type(error).__name__)
    return len(claimed)


def _look_at(order_id: int, code: str, prepaid: bool) -> None:
    """Query, close when the time is over, query again, and only then release the units.

    Source: WeChat Pay's rule for expiry: a payment may succeed between the last query and the close.
    """
    if prepaid and _hear_if_paid(code):
        return
    if not queries.is_overdue(order_id):
        return
    if prepaid:
        try:
            wechat_pay().close(code)
        except outside.Refused as refusal:
            _log.info("close refused", order=code, code=refusal.code)
        if _hear_if_paid(code):
            return
    with transaction():
        orders.expire_order(order_id)


def _hear_if_paid(code: str) -> bool:
    """Ask the provider; record the payment when there is one."""
    answer = wechat_pay().query(code)
    if answer is None or answer.trade_state not in ("SUCCESS", "REFUND"):
        return False
    with transaction():
        payments.record_payment(paid_word(answer))
    return True


@announcements.listens("offsets.refund_opened", outside=True)
def request_refund(payload: dict[str, Any]) -> Callable[[], None]:
    """Ask the provider to send the money back, under the number that we committed before."""
    terms = queries.get_refund_terms(payload["refund_id"])
    answer = wechat_pay().refund(
        out_refund_no=terms.code,
        out_trade_no=terms.order_code,
        amount_fen=terms.amount_fen,
        total_fen=terms.amount_fen,
        reason=t(f"offsets.refund_{terms.reason}", "zh"),
    )
    return lambda: _record_refund(payload, refund_word(answer))


@announcements.listens("offsets.refund_pending", outside=True)
def check_refund(payload: dict[str, Any]) -> Callable[[], None]:
    """Ask how a refund stands, in case its notice does not come."""
    terms = queries.get_refund_terms(payload["refund_id"])
    answer = wechat_pay().query_refund(terms.code)
    if answer is None:
        return lambda: announcements.announce("offsets.refund_opened", payload)
    return lambda: _record_refund(payload, refund_word(answer))


def _record_refund(payload: dict[str, Any], word: RefundWord) -> None:
    payments.record_refund(word)
    if word.status == "PROCESSING":
        announcements.announce("offsets.refund_pending", payload, after=timedelta(minutes=1))
