"""The offline channel 对公转账: orders of organisations and courts, paid by bank transfer.

The transfer is named by a remittance code in its purpose line. It counts as received when two
operators have each read the same amount, reference and day from the bank's statement; what they read
that does not fit the order is kept as a doubt, its money in suspense.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, func, select

from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.codes import checked_code
from app.kit.database import db
from app.kit.messages import t
from app.offsets import rules
from app.offsets.errors import (
    BankReferenceUsed,
    ProofRefused,
    TooManyProofs,
    TransferDay,
    TransferDiffers,
    TransferMoved,
    TransferUnknown,
)
from app.offsets.models import Order, Payment, Transfer, TransferConfirmation, TransferProof
from app.offsets.queries import OrderFacts
from app.offsets.rules import Channel, OrderChannel, PaymentOutcome, WordSource
from app.offsets.services import doubts
from app.offsets.services.orders import Wish, place_order
from app.offsets.services.payments import record_payment
from app.offsets.services.words import PaidWord


@dataclass(frozen=True)
class Statement:
    """One line of the bank's statement, as one operator read it."""

    amount_fen: int
    bank_reference: str
    received_on: date


def place_transfer_order(
    operator_id: int | None, holder_id: int, wish: Wish, reservation: timedelta
) -> OrderFacts:
    """Reserve units for an organisation, to be paid by bank; `operator_id` None is the organisation itself.

    Raises what `place_order` refuses.
    """
    order = place_order(
        holder_id,
        replace(wish, channel=OrderChannel.OFFLINE, admitted=operator_id is not None),
        reservation,
    )
    remittance_code, link = checked_code(8), secrets.token_urlsafe(24)
    db.session.add(
        Transfer(
            order_id=order.id,
            remittance_code=remittance_code,
            link_hash=hash_of(link),
            link_sealed=sealing.seal(link, f"transfer_link:{remittance_code}"),
            placed_by=operator_id,
        )
    )
    db.session.flush()
    if operator_id is not None:
        details = {"amount_fen": order.amount_fen, "quantity_kg": order.quantity_kg}
        audit.record(operator_id, "transfer_order_placed", order.code, details)
    return order


def hash_of(link: str) -> bytes:
    """What a link's secret is found by."""
    return hashlib.sha256(link.encode()).digest()


def keep_proof(order_code: str, content: bytes, operator_id: int | None = None) -> TransferProof:
    """Keep a picture or PDF of the transfer, sealed; the same file twice is kept once.

    It proves nothing by itself: only the bank's statement does. The holder of the link and the operators
    have places of their own. Raises `TransferUnknown`, `TransferMoved` when the order is paid,
    `ProofRefused`, `TooManyProofs`.
    """
    order = _lock(order_code)
    if order.paid_at is not None or order.refunding_at is not None:
        raise TransferMoved()
    media = rules.media_of(content)
    if media is None or len(content) > rules.LARGEST_PROOF_BYTES:
        raise ProofRefused()
    digest = hashlib.sha256(content).digest()
    known = db.session.scalar(
        select(TransferProof).where(TransferProof.order_id == order.id, TransferProof.sha256 == digest)
    )
    if known is not None:
        return known
    of_operators = TransferProof.uploaded_by.is_not(None)
    kept = db.session.scalar(
        select(func.count())
        .select_from(TransferProof)
        .where(TransferProof.order_id == order.id, of_operators.is_(operator_id is not None))
    )
    if (kept or 0) >= rules.MOST_PROOFS:
        raise TooManyProofs(most=rules.MOST_PROOFS)
    proof = TransferProof(
        order_id=order.id,
        media=media,
        sha256=digest,
        size_bytes=len(content),
        content_sealed=sealing.seal_bytes(content, f"transfer_proof:{digest.hex()}"),
        uploaded_by=operator_id,
        uploaded_at=clock.now(),
    )
    db.session.add(proof)
    db.session.flush()
    if operator_id is not None:
        audit.record(operator_id, "transfer_proof_kept", order.code, {"sha256": digest.hex()})
    return proof


def confirm_transfer(operator_id: int, order_code: str, read: Statement) -> PaymentOutcome | None:
    """Record what one operator read at the bank; what it means when it was the second, else None.

    Each enters it without seeing the other's; who was wrong enters it again. A transfer that comes
    after the order has expired is received all the same, and its refund opened. One of another amount,
    or for an order that was paid before, becomes a doubt. Raises `TransferUnknown`, `TransferDiffers`
    when two have read differently, `TransferDay` for a day that cannot be, `BankReferenceUsed`.
    """
    read = replace(read, bank_reference=rules.written(read.bank_reference))
    order = _lock(order_code)
    _require_day(order, read.received_on)
    require_unused(read.bank_reference, order.id)
    rows = db.session.scalars(_open_readings(order.id)).all()
    others = [row for row in rows if row.operator_id != operator_id]
    if any((row.amount_fen, row.bank_reference, row.received_on) != _columns(read) for row in others):
        raise TransferDiffers()
    mine = next((row for row in rows if row.operator_id == operator_id), None)
    if mine is None:
        mine = TransferConfirmation(order_id=order.id, operator_id=operator_id)
        db.session.add(mine)
    mine.amount_fen, mine.bank_reference, mine.received_on = _columns(read)
    mine.confirmed_at = clock.now()
    db.session.flush()
    details = {"amount_fen": read.amount_fen, "bank_reference": read.bank_reference}
    audit.record(operator_id, "transfer_confirmed", order.code, details)
    if not others:
        return None
    for row in (*others, mine):
        row.agreed_at = mine.confirmed_at
    db.session.flush()
    return _receive(order, read)


def take_back(operator_id: int, order_code: str) -> None:
    """Forget what this operator has read, before a second one agreed; for a slip of the pen."""
    order = _lock(order_code)
    mine = db.session.scalar(_open_readings(order.id).where(TransferConfirmation.operator_id == operator_id))
    if mine is None:
        raise TransferMoved()
    db.session.delete(mine)
    db.session.flush()
    audit.record(operator_id, "transfer_confirmation_taken_back", order.code)


def _open_readings(order_id: int) -> Select[TransferConfirmation]:
    return select(TransferConfirmation).where(
        TransferConfirmation.order_id == order_id, TransferConfirmation.agreed_at.is_(None)
    )


def _receive(order: Order, read: Statement) -> PaymentOutcome:
    noon = datetime.combine(read.received_on, time(12), clock.SHANGHAI).astimezone(UTC)
    word = PaidWord(
        order_code=order.code,
        transaction_id=_transaction_id(read.bank_reference),
        amount_fen=read.amount_fen,
        currency="CNY",
        paid_at=noon,
        channel=Channel.BANK,
        source=WordSource.BANK,
    )
    outcome = record_payment(word)
    if outcome is PaymentOutcome.MISMATCH and not doubts.is_in_suspense(word.transaction_id):
        raise BankReferenceUsed()  # the same transfer was received for another order just now
    return outcome


def _require_day(order: Order, received_on: date) -> None:
    earliest, latest = clock.business_day(order.reserved_at) - rules.PAID_AHEAD, clock.business_day()
    if not earliest <= received_on <= latest:
        span = {"earliest": earliest, "latest": latest}
        detail = t(f"{TransferDay.message}_detail", **span)
        raise TransferDay(errors=[{"pointer": "#/received_on", "detail": detail}], **span)


def require_unused(bank_reference: str, order_id: int = 0) -> None:
    """Raise `BankReferenceUsed` for a transfer that stands for another order, or is held for a doubt."""
    paid = select(Payment.order_id).where(Payment.transaction_id == _transaction_id(bank_reference))
    read = select(TransferConfirmation.order_id).where(
        TransferConfirmation.bank_reference == bank_reference, TransferConfirmation.order_id != order_id
    )
    known = db.session.scalar(paid) is not None or doubts.is_in_suspense(_transaction_id(bank_reference))
    if known or db.session.scalar(read.limit(1)) is not None:
        raise BankReferenceUsed()


def _transaction_id(bank_reference: str) -> str:
    return f"bank:{bank_reference}"


def _columns(read: Statement) -> tuple[int, str, date]:
    return read.amount_fen, read.bank_reference, read.received_on


def _lock(order_code: str) -> Order:
    order = db.session.scalar(
        select(Order)
        .where(Order.code == order_code, Order.channel == OrderChannel.OFFLINE)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise TransferUnknown()
    return order
