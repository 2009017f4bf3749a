"""Giving units to another registry 移交（移出方）: lock, offer, and on the acceptance the deed.

The one moment that counts is `hear_acceptance`: in its transaction the acceptance is recorded, the
block ends here, the books are written and the deed is signed. Before it the units are ours; after it
never again. Whatever letter comes twice is answered with what stands.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.accounts.services import audit, notices
from app.kit import clock, letters, signing
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.announcements import tell_letter
from app.registry.errors import (
    HandoverState,
    HandoverUnknown,
    LetterRefused,
    NoWholeSteps,
    SecondPerson,
    SharesDue,
)
from app.registry.models import Block, Handover, Programme
from app.registry.queries import sanctions
from app.registry.queries.handovers import get_given, may_leave, offer_content
from app.registry.queries.programmes import believe, get_programme
from app.registry.queries.sales import is_share_due
from app.registry.queries.serials import find_run
from app.registry.rules import GRAMS_PER_UNIT, HANDED_OVER, whole_steps
from app.registry.rules.handovers import OFFER_LIFE, Given, Letter, may_withdraw, misfit
from app.registry.services.acts import By, holder_of, perform, perform_part, take
from app.registry.services.blocks import Held, lock_blocks


@dataclass(frozen=True, slots=True)
class HandoverWish:
    """Which units go to whom: so many of these serials, to a holder there by their code; `note` says why."""

    serial: str
    quantity_kg: int
    programme_code: str
    recipient: str
    note: str


def request_handover(operator_id: int, wish: HandoverWish) -> Handover:
    """Lock units under a new number; another operator signs the offer.

    Raises `ProgrammeUnknown`, `SerialUnknown`, `HoldingUnknown`, `NotEnoughFree`, `UnitsBound`, `Sanctioned`,
    `HandingOverBarred`, `SharesDue`, and `NoWholeSteps`.
    """
    programme, run = get_programme(wish.programme_code), find_run(wish.serial)
    if not whole_steps(run.series.product, wish.quantity_kg):
        raise NoWholeSteps()
    holder_id = holder_of(run, wish.quantity_kg, *may_leave())
    sanctions.require_may_leave(holder_id, run.series.issuance_id)
    if is_share_due(holder_id, run.series.issuance_id):
        raise SharesDue()
    block = take(holder_id, run, wish.quantity_kg, *may_leave())
    number, by = random_code(), By(operator_id=operator_id)
    locked = perform_part("reserve", block, wish.quantity_kg, by, reference=number).block
    handover = Handover(
        number=number,
        programme_id=programme.id,
        block_id=locked.id,
        holder_id=block.holder_id,
        quantity_kg=wish.quantity_kg,
        recipient=wish.recipient,
        note=wish.note,
        requested_by=operator_id,
        requested_at=clock.now(),
    )
    handover.serial = run.series.text(locked.serials)
    db.session.add(handover)
    db.session.flush()
    _record(operator_id, "handover_requested", handover)
    return handover


def approve_handover(operator_id: int, number: str) -> Handover:
    """Sign the offer that another operator asked for, and send it to the programme as it stands now.

    Raises `HandoverUnknown`, `HandoverState`, `SecondPerson` for whoever asked, `ProgrammeUnknown`,
    `Sanctioned` and `HandingOverBarred`.
    """
    asked = get_given(number)
    issuance_id = db.session.get_one(Block, asked.block_id).issuance_id
    sanctions.require_may_leave(asked.holder_id, issuance_id)
    handover = _lock(number)
    if handover.status is not Given.DRAFTED:
        raise HandoverState()
    if handover.requested_by == operator_id:
        raise SecondPerson()
    programme = get_programme(_programme(handover).code)
    now = clock.now()
    life = {"offered_at": _written(now), "expires_at": _written(now + OFFER_LIFE)}
    offer = _sign(Letter.OFFER, offer_content(handover) | life, programme.public_keys[0].kid)
    handover.approved_by, handover.offered_at, handover.expires_at = operator_id, now, now + OFFER_LIFE
    handover.offer = offer
    db.session.flush()
    tell_letter("given", handover.id)
    _record(operator_id, "handover_offered", handover)
    return handover


def withdraw_handover(operator_id: int, number: str) -> Handover:
    """Take the units back: a draft at once, an offer after its expiry; never after the acceptance.

    Raises `HandoverUnknown` and `HandoverState`.
    """
    handover = _lock(number)
    if not may_withdraw(handover.status, handover.expires_at, clock.now()):
        raise HandoverState()
    _withdraw(handover, By(operator_id=operator_id))
    _record(operator_id, "handover_withdrawn", handover)
    return handover


def hear_acceptance(document: str, operator_id: int | None = None) -> Handover:
    """Record the receiver's acceptance and sign the deed; what is executed or withdrawn stays so.

    Raises `LetterRefused` and `HandoverUnknown`.
    """
    handover = _addressed(document, Letter.ACCEPTANCE)
    if handover.status is Given.OFFERED:
        now = clock.now()
        said = {"acceptance_sha256": letters.digest(document), "executed_at": _written(now)}
        deed = _answer(handover, Letter.DEED, offer_content(handover) | said)
        by = By(operator_id=operator_id)
        free = _unlock(handover, by)
        perform("cancel", free, by, reference=handover.number, reason=HANDED_OVER)
        grams = handover.quantity_kg * GRAMS_PER_UNIT
        ledger.post([Posting(chart.HAND_OVER, handover.id, handover.holder_id, chart.PLATFORM, grams)])
        handover.acceptance, handover.deed, handover.executed_at = document, deed, now
        db.session.flush()
        notices.tell(
            [handover.holder_id],
            "registry.notice_handed_over",
            handover.number,
            kg=handover.quantity_kg,
            serial=handover.serial,
            programme=_programme(handover).code,
        )
        _record(operator_id, "handover_executed", handover)
    return handover


def hear_refusal(document: str, operator_id: int | None = None) -> Handover:
    """Record that the receiver does not want the units, and take them back.

    Raises `LetterRefused` and `HandoverUnknown`.
    """
    handover = _addressed(document, Letter.REFUSAL)
    if handover.status is Given.OFFERED:
        _withdraw(handover, By(operator_id=operator_id), refusal=document)
        _record(operator_id, "handover_refused", handover)
    return handover


def _addressed(document: str, kind: Letter) -> Handover:
    """The handover that a receiver's letter answers, locked; the letter fits it."""
    programme, content = believe(document, kind)
    handover = _lock(str(content.get("number")))
    if handover.offer is None or _programme(handover).code != programme.code:
        raise HandoverUnknown()
    expected = {"aud": letters.content_of(handover.offer)["iss"], **_about(handover)}
    wrong = misfit(expected, content)
    if wrong is not None:
        raise LetterRefused(reason="registry.letter_member", member=wrong)
    return handover


def _about(handover: Handover) -> dict[str, Any]:
    return {"number": handover.number, "offer_sha256": letters.digest(handover.offer or "")}


def _withdraw(handover: Handover, by: By, refusal: str | None = None) -> None:
    now, withdrawal = clock.now(), None
    if handover.offer is not None:
        withdrawal = _answer(handover, Letter.WITHDRAWAL, {"withdrawn_at": _written(now)})
        tell_letter("given", handover.id)
    _unlock(handover, by)
    handover.refusal, handover.withdrawal, handover.withdrawn_at = refusal, withdrawal, now
    db.session.flush()


def _unlock(handover: Handover, by: By) -> Held:
    """Free the handover's block; it was nobody else's meanwhile."""
    (block,) = lock_blocks(Block.id == handover.block_id, states=("reserved",))
    return perform("release", block, by, reference=handover.number).block


def _answer(handover: Handover, kind: Letter, content: dict[str, Any]) -> str:
    """Our letter that follows an offer, for the very key that the offer was signed to."""
    to = letters.content_of(handover.offer or "")["aud"]
    return _sign(kind, {**content, **_about(handover)}, to)


def _sign(kind: Letter, content: dict[str, Any], to: str) -> str:
    seal = signing.seal()
    return seal.sign({**content, "iss": seal.kid, "aud": to}, kind)


def _programme(handover: Handover) -> Programme:
    """To whom it was asked for, as they were known then."""
    return db.session.get_one(Programme, handover.programme_id)


def _lock(number: str) -> Handover:
    found = select(Handover).where(Handover.number == number)
    is_code = number.isascii() and number.isalnum()
    handover = (
        db.session.scalar(found.with_for_update().execution_options(populate_existing=True))
        if is_code
        else None
    )
    if handover is None:
        raise HandoverUnknown()
    return handover


def _written(at: Any) -> str:
    return str(at.isoformat(timespec="seconds"))


def _record(operator_id: int | None, action: str, handover: Handover) -> None:
    details = {"programme": handover.programme_id, "quantity_kg": handover.quantity_kg}
    audit.record(operator_id, action, handover.number, details)
