"""What happens later: settling, asking the provider, sending money back.

The queue's jobs and the sweeper call the same functions, so that everything here also gets done with
Redis away. Calls to WeChat Pay stand between transactions, never inside one.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import structlog

from app.clients import errors as outside
from app.clients.pay import ForeignRecord
from app.kit import announcements, clock, queue
from app.kit.messages import t
from app.kit.transaction import transaction
from app.offsets import queries
from app.offsets.provider import (
    foreign_word,
    miniprogram,
    paid_word,
    refund_word,
    settings,
    wechat_pay,
)
from app.offsets.queries.logged import SOURCES
from app.offsets.rules import PaymentOutcome, WordSource
from app.offsets.services import (
    causes,
    deliveries,
    doubts,
    orders,
    payments,
    refunds,
    retired,
    settlement,
    shipping,
    wishes,
)
from app.offsets.services.words import RefundWord
from app.registry.queries import log as public_log
from app.registry.queries.log import Source
from app.registry.rules.log import LATE, SAFE_AFTER
from app.registry.services import log

_log = structlog.get_logger(__name__)


@queue.job
def settle_paid() -> int:
    """Settle every paid order that waits, lot by lot; returns how many were settled or turned to refunds.

    A lot that fails does not keep the others waiting; its error is raised when they are done.
    """
    done, failed = 0, None
    for lot_id in settlement.lots_waiting():
        try:
            done += _settle_lot(lot_id)
        except Exception as error:  # one lot's trouble, such as a lock that was not given in time
            _log.error("a lot was not settled", lot=lot_id, exc_info=True)
            failed = error
    if failed is not None:
        raise failed
    return done


def deliver_kept() -> int:
    """Hand over what paid orders bought to be kept; returns how many were delivered or turned to refunds."""
    done = 0
    with transaction():
        waiting = deliveries.find_waiting()
    for order_id in waiting:
        with transaction():
            done += deliveries.deliver_order(order_id)
    return done


def _settle_lot(lot_id: int) -> int:
    done = 0
    while True:
        with transaction():
            run = settlement.settle_lot(lot_id)
        done += run.claimed
        if run.claimed < settlement.RUN_LENGTH:
            return done


def watch_unpaid(limit: int = 20) -> int:
    """Look at unpaid orders whose turn it is: ask the provider, and let go what nobody can pay any more.

    Returns how many were looked at. When the provider does not answer, the rest waits for its next
    turn: nobody is helped by twenty time-outs in a row.
    """
    looked = 0
    while claimed := _claim(limit):
        for each in claimed:
            try:
                _look_at(each)
            except outside.Unreachable as error:
                _log.warning("the provider did not answer", order=each.code, reason=type(error).__name__)
                return looked
            except outside.OutsideError as error:
                _log.error("the provider refused", order=each.code, reason=type(error).__name__)
            looked += 1
        if len(claimed) < limit:
            break
    return looked


def _claim(limit: int) -> list[orders.Unpaid]:
    with transaction():
        return orders.claim_unpaid(limit)


def _look_at(order: orders.Unpaid) -> None:
    """Query, close when the time is over, query again, and only then release the units.

    Source: WeChat Pay's rule for expiry: a payment may succeed between the last query and the close.
    """
    if order.prepaid and _hear_if_paid(order.code):
        return
    if not order.overdue:
        return
    if order.prepaid:
        try:
            wechat_pay().close(order.code)
        except outside.Refused as refusal:
            _log.info("close refused", order=order.code, code=refusal.code)
        if _hear_if_paid(order.code):
            return
    with transaction():
        orders.expire_order(order.id)


def _hear_if_paid(code: str) -> bool:
    """Ask the provider; whether the order is paid now. A payment that does not fit is kept as a doubt."""
    try:
        answer = wechat_pay().query(code)
    except ForeignRecord as foreign:
        with transaction():
            doubts.keep_foreign(foreign_word(foreign, WordSource.QUERY))
        return False
    if answer is None or answer.trade_state not in ("SUCCESS", "REFUND"):
        return False
    with transaction():
        return payments.record_payment(paid_word(answer, WordSource.QUERY)) is not PaymentOutcome.MISMATCH


@announcements.listens("offsets.refund_opened", outside=True)
def request_refund(payload: dict[str, Any]) -> Callable[[], None] | None:
    """Ask the provider to send the money back, under the number that we committed before.

    What it refuses is remembered for the operators and asked again later: a balance fills up again.
    What is being replaced is not asked for any more, but looked up: an earlier call may have been taken
    although its answer was lost.
    """
    with transaction():
        terms = queries.get_refund_terms(payload["refund_id"])
    if terms is None:
        return None
    if terms.replaced:
        return _look_up(payload, terms)
    try:
        answer = wechat_pay().refund(
            out_refund_no=terms.code,
            out_trade_no=terms.trade_code,
            amount_fen=terms.amount_fen,
            total_fen=terms.total_fen,
            reason=t(f"offsets.refund_{terms.reason}", "zh"),
        )
    except (outside.RateLimited, outside.Misconfigured):
        raise
    except outside.Refused as refusal:
        code = refusal.code
        return lambda: _record_refusal(payload, code)
    return lambda: _record_refund(payload, refund_word(answer))


@announcements.listens("offsets.refund_pending", outside=True)
def check_refund(payload: dict[str, Any]) -> Callable[[], None] | None:
    """Ask how a refund stands, in case its notice does not come."""
    with transaction():
        terms = queries.get_refund_terms(payload["refund_id"])
    return None if terms is None else _look_up(payload, terms)


def _look_up(payload: dict[str, Any], terms: queries.RefundTerms) -> Callable[[], None]:
    """Query; what the provider does not know is asked for, or noted where something else replaces it."""
    asked_at = clock.now()
    answer = wechat_pay().query_refund(terms.code)
    if answer is not None:
        return lambda: _record_refund(payload, refund_word(answer))
    if terms.replaced:
        return lambda: refunds.record_unknown(payload["refund_id"], asked_at)
    return lambda: announcements.announce("offsets.refund_opened", payload)


def _record_refusal(payload: dict[str, Any], code: str) -> None:
    refunds.record_refusal(payload["refund_id"], code)
    announcements.announce("offsets.refund_opened", payload, after=timedelta(minutes=10))


def _record_refund(payload: dict[str, Any], word: RefundWord) -> None:
    refunds.record_refund(word)
    if word.status == "PROCESSING":
        announcements.announce("offsets.refund_pending", payload, after=timedelta(minutes=1))


def upload_shippings(limit: int = 20) -> int:
    """Tell WeChat which orders are delivered, where it holds the funds until then; returns how many.

    When it does not answer, or answers nobody, the rest waits for its next turn.
    """
    if not settings().trade_managed:
        return 0
    with transaction():
        shipping.list_settled()
    told = 0
    while parcels := _claim_parcels(limit):
        for parcel in parcels:
            try:
                _upload(parcel)
            except (outside.Unreachable, outside.Misconfigured, outside.RateLimited) as error:
                _log.warning("WeChat takes no deliveries now", reason=type(error).__name__)
                return told
            told += 1
        if len(parcels) < limit:
            break
    return told


def tell_causes() -> int:
    """Announce the orders for causes that have come to an end; returns how many."""
    with transaction():
        return causes.tell_ended()


def tell_wishes() -> int:
    """Count settled orders towards the wishes they answer; returns how many orders had come to an end."""
    with transaction():
        return wishes.tell_wishes()


def _claim_parcels(limit: int) -> list[shipping.Parcel]:
    with transaction():
        return shipping.claim_parcels(limit)


def _upload(parcel: shipping.Parcel) -> None:
    try:
        miniprogram().upload_shipping_info(
            mchid=settings().wechat.mchid,
            out_trade_no=parcel.order_code,
            item_desc=parcel.description,
            payer_openid=parcel.payer_openid,
            uploaded_at=clock.now(),
        )
    except (outside.Misconfigured, outside.RateLimited):
        raise
    except outside.Refused as refusal:
        with transaction():
            shipping.record_refused(parcel.order_id, refusal.code)
        return
    with transaction():
        shipping.record_uploaded(parcel.order_id)


def seal_days() -> int:
    """Seal every business day that is over, in order; returns how many. For the sweeper.

    The database says what is done, so any number of sweepers may look, and one that died is gone on from.
    """
    done = 0
    while True:
        with transaction():
            day, decided = public_log.find_day_to_seal(), log.decided_until()
        if day is None:
            return done
        midnight = _midnight_after(day)
        if clock.now() < midnight + SAFE_AFTER or decided < midnight:
            return done
        if seal_log(midnight, day) is None:  # another sweeper was faster
            return done
        done += 1


def seal_so_far() -> int | None:
    """Seal what has been decided by now, in the middle of a day; the head's number, None if there is one.

    Nothing while a day that is over waits for its own head: one beyond its midnight would take its place
    for ever.
    """
    with transaction():
        day, until = public_log.find_day_to_seal(), log.decided_until()
    if day is None or until >= _midnight_after(day):
        return None
    return seal_log(until, None)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), clock.SHANGHAI).astimezone(UTC)


def seal_log(until: datetime, day: date | None) -> int | None:
    """Append all that happened before `until`, source by source, then sign the head. Raises `LogGap`.

    Gives the head's number, None when a later or equal head is there already.
    """
    with transaction():
        last = public_log.find_head()
    since = last.until - LATE if last else datetime.min.replace(tzinfo=UTC)
    for source in SOURCES:
        _append(source, since, until)
    with transaction():
        head = log.seal(until, day)
        return head.number if head else None


def _append(source: Source, since: datetime, until: datetime) -> None:
    while True:
        with transaction():
            leaves = log.append_unlogged(source, since, until)
        if len(leaves) < log.BATCH:
            return
        since = leaves[-1].at


@announcements.listens("registry.units_reversed")
def tell_buyers_of_reversal(payload: dict[str, Any]) -> None:
    """Tell whoever retired units of a forest that lost something: theirs stay retired."""
    retired.tell_retired(payload["code"])
