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
from app.accounts.services import audit
from app.kit import clock, letters, signing
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.announcements import tell_letter
from app.registry.errors import (
    BlockNotFound,
    HandoverState,
    HandoverUnknown,
    LetterRefused,
    SecondPerson,
)
from app.registry.models import Block, Handover, Programme
from app.registry.queries import sanctions
from app.registry.queries.handovers import may_leave, offer_content
from app.registry.queries.programmes import believe, get_programme
from app.registry.rules import GRAMS_PER_UNIT, HANDED_OVER, whole_steps
from app.registry.rules.handovers import OFFER_LIFE, Given, Letter, may_withdraw, misfit
from app.registry.services.acts import By, perform, perform_part
from app.registry.services.blocks import Held, lock_block, lock_blocks


@dataclass(frozen=True, slots=True)
class HandoverWish:
    """Which units go to whom: a free block, how much of its beginning, and the receiving holder's code."""

    block_id: int
    quantity_kg: int
    programme_code: str
    recipient: str


def request_handover(operator_id: int, wish: HandoverWish) -> Handover:
    """Lock units under a new number; another operator signs the offer.

    Raises `ProgrammeUnknown`, `Sanctioned`, `HandingOverBarred`, and `BlockNotFound` for what is not free or
    no whole number of steps.
    """
    programme = get_programme(wish.programme_code)
    asked = db.session.get(Block, wish.block_id)
    if asked is None:
        raise BlockNotFound()
    sanctions.require_free(asked.holder_id, issuance_id=asked.issuance_id)
    sanctions.require_may_hand_over(asked.holder_id)
    block = lock_block(Block.id == wish.block_id, *may_leave())
    if block is None or not 0 < wish.quantity_kg <= block.serials.quantity_kg:
        raise BlockNotFound()
    number, by = random_code(), By(operator_id=operator_id)
    locked = perform_part("reserve", block, wish.quantity_kg, by, reference=number).block
    handover = Handover(
        number=number,
        programme_id=programme.id,
        block_id=locked.id,
        holder_id=block.holder_id,
        quantity_kg=wish.quantity_kg,
        recipient=wish.recipient,
        requested_by=operator_id,
        requested_at=clock.now(),
    )
    told = offer_content(handover)
    if not whole_steps(told["product"], wish.quantity_kg):
        raise BlockNotFound()
    handover.serial = told["serial"]
    db.session.add(handover)
    db.session.flush()
    _record(operator_id, "handover_requested", handover)
    return handover


def approve_handover(operator_id: int, number: str) -> Handover:
    """Sign the offer that another operator asked for, and send it.

    Raises `HandoverUnknown`, `HandoverState`, and `SecondPerson` for whoever asked.
    """
    handover = _lock(number)
    if handover.status is not Given.DRAFTED:
        raise HandoverState()
    if handover.requested_by == operator_id:
        raise SecondPerson()
    now = clock.now()
    life = {"offered_at": _written(now), "expires_at": _written(now + OFFER_LIFE)}
    offer = _sign(handover, Letter.OFFER, offer_content(handover) | life)
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
        deed = _sign(handover, Letter.DEED, offer_content(handover) | said | _about(handover))
        by = By(operator_id=operator_id)
        free = _unlock(handover, by)
        perform("cancel", free, by, reference=handover.number, reason=HANDED_OVER)
        grams = handover.quantity_kg * GRAMS_PER_UNIT
        ledger.post([Posting(chart.HAND_OVER, handover.id, handover.holder_id, chart.PLATFORM, grams)])
        handover.acceptance, handover.deed, handover.executed_at = document, deed, now
        db.session.flush()
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
    giver = db.session.get_one(Programme, handover.programme_id)
    if handover.offer is None or giver.code != programme.code:
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
        said = {"withdrawn_at": _written(now), **_about(handover)}
        withdrawal = _sign(handover, Letter.WITHDRAWAL, said)
        tell_letter("given", handover.id)
    _unlock(handover, by)
    handover.refusal, handover.withdrawal, handover.withdrawn_at = refusal, withdrawal, now
    db.session.flush()


def _unlock(handover: Handover, by: By) -> Held:
    """Free the handover's block; it was nobody else's meanwhile."""
    (block,) = lock_blocks(Block.id == handover.block_id, states=("reserved",))
    return perform("release", block, by, reference=handover.number).block


def _sign(handover: Handover, kind: Letter, content: dict[str, Any]) -> str:
    seal, programme = signing.seal(), db.session.get_one(Programme, handover.programme_id)
    return seal.sign({**content, "iss": seal.kid, "aud": programme.public_keys[0].kid}, kind)


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
