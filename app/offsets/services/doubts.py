"""Keeping payments in doubt 存疑: a record and an alarm for each, its money in suspense, an operator's word.

No doubt is ever credited or sent back by itself.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.accounts.services import audit
from app.kit import clock
from app.kit.database import db, run
from app.offsets.errors import DoubtResolved, DoubtUnknown
from app.offsets.models import Payment, PaymentDoubt
from app.offsets.rules import Channel, Misfit, is_held
from app.offsets.services.words import ForeignWord, PaidWord

HOLDS = {Channel.WECHAT: chart.HOLD_DOUBT, Channel.BANK: chart.HOLD_TRANSFER_DOUBT}
"""What holding a doubt's money is in the books, by the way that it came."""
_log = structlog.get_logger(__name__)


def keep(word: PaidWord, found: Sequence[Misfit]) -> None:
    """Keep everything that does not fit in a word of payment, and hold its money where it is ours."""
    _queue_up(word.transaction_id)
    for misfit in found:
        doubt = _note(word, misfit, word.transaction_id, word.amount_fen)
        held = is_held(misfit.name, word.source, word.currency, refunded=word.refunded)
        if held and not _in_books(word.transaction_id):
            doubt.held_fen = word.amount_fen
            db.session.flush()
            entry = HOLDS[Channel(word.channel)]
            ledger.post([Posting(entry, doubt.id, PLATFORM, PLATFORM, word.amount_fen)])


def keep_foreign(word: ForeignWord) -> None:
    """Keep a word that speaks of another merchant, mini-program or currency; nothing of it is booked."""
    _queue_up(word.transaction_id or word.order_code)
    _note(word, Misfit(word.name, word.expected, word.told), word.transaction_id, word.amount_fen)


def is_in_suspense(transaction_id: str) -> bool:
    """Whether this transaction's money is held for a doubt, so that it can no longer be credited."""
    held = exists().where(PaymentDoubt.transaction_id == transaction_id, PaymentDoubt.held_fen.is_not(None))
    return bool(db.session.scalar(select(held)))


def resolve(doubt_id: int, operator_id: int, explanation: str) -> None:
    """Close a doubt with an operator's explanation. Raises `DoubtUnknown` or `DoubtResolved`.

    Money that is held stays in suspense: words move no money.
    """
    doubt = db.session.get(PaymentDoubt, doubt_id, with_for_update=True)
    if doubt is None:
        raise DoubtUnknown()
    if doubt.resolved_at is not None:
        raise DoubtResolved()
    doubt.resolved_at, doubt.resolved_by, doubt.explanation = clock.now(), operator_id, explanation
    details = {"name": doubt.name, "order": doubt.order_code, "explanation": explanation}
    audit.record(operator_id, "doubt_resolved", str(doubt_id), details)


TURN = "pg_advisory_xact_lock(hashtextextended('doubt:' || %(transaction)s::text, 0))"
"""Lets two words about one transaction follow one another, also where they name two orders."""


def _queue_up(mark: str) -> None:
    run(f"SELECT {TURN}", {"transaction": mark})


def _note(
    word: PaidWord | ForeignWord, misfit: Misfit, transaction_id: str | None, amount_fen: int | None
) -> PaymentDoubt:
    """The doubt's one row; the first sighting is the alarm."""
    now = clock.now()
    fresh = insert(PaymentDoubt).values(
        name=misfit.name,
        expected=misfit.expected[:64],
        told=misfit.told[:64],
        order_code=word.order_code,
        transaction_id=transaction_id,
        amount_fen=amount_fen,
        source=word.source,
        sightings=1,
        seen_at=now,
        last_seen_at=now,
    )
    doubt = db.session.scalars(
        fresh.on_conflict_do_update(
            index_elements=["name", "order_code", "transaction_id"],
            set_={"sightings": PaymentDoubt.sightings + 1, "last_seen_at": now},
        ).returning(PaymentDoubt),
        execution_options={"populate_existing": True},
    ).one()
    alarm = _log.error if doubt.sightings == 1 else _log.warning
    alarm(ALARM, doubt=doubt.id, name=misfit.name, order=word.order_code, sightings=doubt.sightings)
    return doubt


ALARM = "payment_doubt"
"""The name of the log line that an operator's monitoring waits for."""


def _in_books(transaction_id: str) -> bool:
    credited = select(exists().where(Payment.transaction_id == transaction_id))
    return is_in_suspense(transaction_id) or bool(db.session.scalar(credited))
