"""Refunds 退款: opened by themselves or by two operators, and what the provider says of them.

Each is a part of one payment; `claims` says how large, and locks the payment before its refunds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.accounts.services import audit
from app.kit import announcements, clock
from app.kit.codes import random_code
from app.kit.database import db
from app.offsets import rules
from app.offsets.errors import (
    BankReferenceUsed,
    CourtesyBarred,
    DoubtUnknown,
    NotTheRequester,
    OrderUnknown,
    RefundMoved,
    RefundTooSoon,
    RefundUnknown,
)
from app.offsets.models import Order, PaymentDoubt, Refund
from app.offsets.purposes import PURPOSES
from app.offsets.rules import Channel, RefundSource, RefundStatus, WordSource
from app.offsets.services.claims import (
    Claim,
    claim_of,
    is_settled,
    lock_refund,
    require_fees,
    require_room,
    same_payment,
)
from app.offsets.services.words import RefundWord

_log = structlog.get_logger(__name__)

ENTRIES = {
    (RefundSource.CLEARING, Channel.WECHAT): chart.REFUND,
    (RefundSource.CLEARING, Channel.BANK): chart.REFUND_TRANSFER,
    (RefundSource.FEES, Channel.WECHAT): chart.REFUND_GOODWILL,
    (RefundSource.FEES, Channel.BANK): chart.RETURN_GOODWILL,
    (RefundSource.SUSPENSE, Channel.WECHAT): chart.REFUND_DOUBT,
    (RefundSource.SUSPENSE, Channel.BANK): chart.RETURN_DOUBT,
}
"""What a refund that succeeded is in the books, by its source and its way."""


def open_refund(order_id: int, reason: str) -> Refund:
    """Send back the whole of an order that cannot be served; our number is committed first.

    What came through the provider is asked back from it afterwards; what came by bank waits for an
    operator to send it.
    """
    order = db.session.get_one(Order, order_id, with_for_update=True)
    order.refunding_at = clock.now()
    db.session.flush()
    refund = _new(claim_of(order), order.amount_fen, reason, opened_at=clock.now())
    _send(refund)
    return refund


def request_goodwill(
    operator_id: int, order_code: str, amount_fen: int, note: str, bank_reference: str | None = None
) -> Refund:
    """Ask for a part or the whole of a settled order to go back from the platform's own fees.

    An order paid by bank needs the reference of the transfer that brought the money back. Raises
    `OrderUnknown`, `RefundMoved` when it is not settled, `CourtesyBarred`, `RefundBeyond`,
    `RefundTooMany`, `FeesInsufficient`.
    """
    order = db.session.scalar(select(Order).where(Order.code == order_code).with_for_update())
    if order is None:
        raise OrderUnknown()
    if not is_settled(order.id):
        raise RefundMoved()
    if not PURPOSES[order.purpose].courtesies:
        raise CourtesyBarred()
    claim = claim_of(order)
    if (claim.channel is Channel.BANK) != (bank_reference is not None):
        raise RefundMoved()
    require_fees(amount_fen)
    return _request(operator_id, claim, amount_fen, "goodwill", note, bank_reference=bank_reference)


def request_doubt_refund(
    operator_id: int, doubt_id: int, note: str, bank_reference: str | None = None
) -> Refund:
    """Ask for a payment that is held in doubt to go back, the whole of it, the way it came.

    What came by bank needs the reference of the transfer that brought it back. Raises `DoubtUnknown`,
    `RefundMoved` when none of its money is held, `RefundBeyond` when it was asked for before,
    `BankReferenceUsed`.
    """
    doubt = db.session.get(PaymentDoubt, doubt_id, with_for_update=True)
    if doubt is None:
        raise DoubtUnknown()
    if doubt.held_fen is None:
        raise RefundMoved()
    channel = Channel.BANK if doubt.source == WordSource.BANK else Channel.WECHAT
    if (channel is Channel.BANK) != (bank_reference is not None):
        raise RefundMoved()
    claim = Claim(doubt.order_code, doubt.held_fen, RefundSource.SUSPENSE, channel, doubt_id=doubt.id)
    return _request(operator_id, claim, doubt.held_fen, "doubt", note, bank_reference)


def request_return(operator_id: int, code: str, bank_reference: str, note: str) -> Refund:
    """Ask to record that a refund's money went back by bank, because its own way is closed to it.

    From now on the provider is not asked for it any more, only whether it knows of it: once when no call
    can be under way any more, which the approval waits for. Raises `RefundUnknown`, `RefundMoved`.
    """
    refund = _request_instead(operator_id, code, note, bank_reference)
    announcements.announce(
        "offsets.refund_pending", {"refund_id": refund.replaces_id}, after=rules.CALL_IS_OVER
    )
    return refund


def request_again(operator_id: int, code: str, note: str) -> Refund:
    """Ask to send a refund that the provider closed once more, under a new number.

    Raises `RefundUnknown`, `RefundMoved`.
    """
    return _request_instead(operator_id, code, note, None)


def approve(operator_id: int, code: str) -> Refund:
    """Open what another operator requested: it is sent, or was sent by bank and is booked now.

    Raises `RefundUnknown`, `RefundMoved`, `NotTheRequester`, `RefundBeyond`, `RefundTooMany`,
    `RefundTooSoon`, `FeesInsufficient`.
    """
    refund = _require_requested(code)
    if refund.requested_by == operator_id:
        raise NotTheRequester()
    if refund.source == RefundSource.FEES:
        require_fees(refund.amount_fen, besides=refund.id)
    _require_silence(refund)
    require_room(refund)
    refund.approved_by, refund.opened_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "refund_approved", code, {"amount_fen": refund.amount_fen})
    if refund.channel == Channel.BANK:
        _succeed(refund)
    else:
        _send(refund)
    return refund


def decline(operator_id: int, code: str) -> Refund:
    """Turn a request down; its requester may take it back so too. Raises `RefundUnknown`, `RefundMoved`."""
    refund = _require_requested(code)
    refund.declined_by, refund.declined_at = operator_id, clock.now()
    db.session.flush()
    replaced = db.session.get(Refund, refund.replaces_id) if refund.replaces_id else None
    if replaced is not None and replaced.status() is RefundStatus.OPEN:
        _send(replaced)
    audit.record(operator_id, "refund_declined", code)
    return refund


def ask_now(operator_id: int, code: str) -> Refund:
    """Ask the provider at once how a refund stands, or for it again under the same number."""
    refund = _require(code)
    if refund.channel != Channel.WECHAT or refund.opened_at is None or refund.succeeded_at is not None:
        raise RefundMoved()
    announcements.announce("offsets.refund_pending", {"refund_id": refund.id})
    audit.record(operator_id, "refund_asked", code)
    return refund


def record_refund(word: RefundWord) -> bool:
    """Take the provider's word on a refund; True when this word ended it. Safe to hear twice.

    Words come late and out of order: success is believed whenever it comes, and nothing that comes
    after it counts. An abnormal or closed refund waits for an operator.
    """
    refund = lock_refund(word.refund_code)
    if refund is None or refund.succeeded_at is not None:
        return False
    now = clock.now()
    refund.provider_id, refund.refusal = word.provider_id, None
    refund.accepted_at = refund.accepted_at or now
    if word.status == "SUCCESS" and word.amount_fen == refund.amount_fen:
        _succeed(refund)
        return True
    if word.status == "CLOSED":
        refund.closed_at = refund.closed_at or now
    elif word.status != "PROCESSING":
        refund.abnormal_at = refund.abnormal_at or now
    if word.status != "PROCESSING":
        _log.error("refund needs an operator", refund=refund.code, status=word.status)
    return False


def record_refusal(refund_id: int, reason: str) -> None:
    """Remember why the provider does not take a refund, such as NOT_ENOUGH; it is asked again later."""
    refund = lock_refund(db.session.get_one(Refund, refund_id).code)
    if refund is not None and refund.accepted_at is None:
        refund.refusal = reason[:64]
        _log.error("refund refused", refund=refund.code, reason=reason)


def record_unknown(refund_id: int, asked_at: datetime) -> None:
    """Remember that the provider knew no such refund when it was asked."""
    refund = lock_refund(db.session.get_one(Refund, refund_id).code)
    if refund is not None and refund.accepted_at is None:
        refund.unknown_at = asked_at


def _request_instead(operator_id: int, code: str, note: str, bank_reference: str | None) -> Refund:
    """Request a refund in the place of one that is stuck."""
    stuck = _require(code)
    by_bank = bank_reference is not None
    if not rules.replaceable(stuck.status(), stuck.channel, stuck.refusal is not None, by_bank=by_bank):
        raise RefundMoved()
    if _replacement(stuck) is not None:
        raise RefundMoved()
    claim = Claim(
        stuck.trade_code,
        stuck.total_fen,
        RefundSource(stuck.source),
        Channel.BANK if by_bank else Channel.WECHAT,
        stuck.order_id,
        stuck.doubt_id,
    )
    return _request(
        operator_id,
        claim,
        stuck.amount_fen,
        stuck.reason,
        note,
        bank_reference=bank_reference,
        replaces_id=stuck.id,
    )


def _request(
    operator_id: int,
    claim: Claim,
    amount_fen: int,
    reason: str,
    note: str,
    bank_reference: str | None = None,
    replaces_id: int | None = None,
) -> Refund:
    refund = Refund(
        requested_by=operator_id,
        requested_at=clock.now(),
        note=note,
        bank_reference=rules.written(bank_reference) if bank_reference else None,
        replaces_id=replaces_id,
    )
    _fill(refund, claim, amount_fen, reason)
    require_room(refund)
    db.session.add(refund)
    try:
        db.session.flush()
    except IntegrityError as error:  # only the bank's reference may be taken by somebody unseen
        raise BankReferenceUsed() from error
    details = {"amount_fen": amount_fen, "reason": reason, "source": refund.source, "channel": refund.channel}
    audit.record(operator_id, "refund_requested", refund.code, details)
    return refund


def _new(claim: Claim, amount_fen: int, reason: str, **more: object) -> Refund:
    refund = Refund(**more)
    _fill(refund, claim, amount_fen, reason)
    db.session.add(refund)
    db.session.flush()
    return refund


def _fill(refund: Refund, claim: Claim, amount_fen: int, reason: str) -> None:
    refund.code = random_code()
    refund.order_id, refund.doubt_id = claim.order_id, claim.doubt_id
    refund.trade_code, refund.total_fen = claim.trade_code, claim.total_fen
    refund.source, refund.channel = claim.source, claim.channel
    refund.amount_fen, refund.reason = amount_fen, reason


def _send(refund: Refund) -> None:
    """Have the provider asked for it, at least a minute after the one before of the same payment."""
    if refund.channel != Channel.WECHAT:
        return
    before = db.session.scalar(
        select(func.max(Refund.opened_at)).where(
            same_payment(refund), Refund.id != refund.id, Refund.channel == Channel.WECHAT
        )
    )
    wait = before + rules.REFUNDS_APART - clock.now() if before else timedelta()
    announcements.announce("offsets.refund_opened", {"refund_id": refund.id}, after=max(wait, timedelta()))


def _succeed(refund: Refund) -> None:
    """The money is back. When what replaced it was sent as well, it went twice: at the platform's cost."""
    now = clock.now()
    source = RefundSource(refund.source)
    refund.succeeded_at = now
    for after in _replacements(refund):
        if after.opened_at is None:
            after.declined_at = now
        elif after.succeeded_at is not None or after.closed_at is None:
            refund.doubled_at, source = now, RefundSource.FEES
            _log.error("money went back twice", refund=refund.code, other=after.code)
    if source is RefundSource.CLEARING:
        db.session.get_one(Order, refund.order_id).refunded_at = now
    db.session.flush()
    entry = ENTRIES[source, Channel(refund.channel)]
    ledger.post([Posting(entry, refund.id, PLATFORM, PLATFORM, refund.amount_fen)])


def _replacement(refund: Refund) -> Refund | None:
    """The refund that stands in the place of this one."""
    return db.session.scalar(
        select(Refund).where(Refund.replaces_id == refund.id, Refund.declined_at.is_(None))
    )


def _replacements(refund: Refund) -> Iterator[Refund]:
    """What stands in the place of this one, what stands in the place of that, and so on."""
    after = _replacement(refund)
    while after is not None:
        yield after
        after = _replacement(after)


def _require(code: str) -> Refund:
    refund = lock_refund(code)
    if refund is None:
        raise RefundUnknown()
    return refund


def _require_requested(code: str) -> Refund:
    refund = _require(code)
    if refund.status() is not RefundStatus.REQUESTED:
        raise RefundMoved()
    return refund


def _require_silence(refund: Refund) -> None:
    """What the refund replaces must be over at the provider, or unknown to it with no call under way.

    A call may have been taken and its answer lost, so that only the provider knows.
    """
    replaced = db.session.get(Refund, refund.replaces_id) if refund.replaces_id else None
    if replaced is None:
        return
    by_bank = refund.channel == Channel.BANK
    refused = replaced.refusal is not None
    if not rules.replaceable(replaced.status(), replaced.channel, refused, by_bank=by_bank):
        raise RefundMoved()
    sent = replaced.status() is RefundStatus.OPEN and replaced.channel == Channel.WECHAT
    if sent and not rules.is_over(refund.requested_at, replaced.unknown_at):
        raise RefundTooSoon()
