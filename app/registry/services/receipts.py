"""Receiving units from another registry 移交（移入方）: an offer kept, accepted, and completed by the deed.

Until the deed nothing is held. Everything that could stop the issuance is checked at the acceptance,
which also keeps the serials free for it, so that a deed can always be completed.
"""

from typing import Any

from marshmallow import ValidationError
from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit, notices
from app.kit import clock, letters, signing
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.announcements import tell_letter
from app.registry.errors import (
    HandoverState,
    HandoverUnknown,
    HoldsNothing,
    LetterRefused,
    SamplesStayOut,
    SecondPerson,
)
from app.registry.models import HandoverReceipt, Origin, Programme
from app.registry.queries.handovers import received_serial
from app.registry.queries.programmes import believe, get_programme
from app.registry.queries.receivers import find_receiver
from app.registry.rules import FOREST_TYPES, PRODUCTS
from app.registry.rules.handovers import Letter, Taken, misfit
from app.registry.schemas.letters import OfferContent
from app.registry.services.origins import OriginFacts, claim_origin, issue_origin
from app.registry.services.projects import ProjectFacts


def take_offer(document: str, operator_id: int | None = None) -> HandoverReceipt:
    """Keep a programme's offer, pending: nothing is held by it. The same offer again changes nothing.

    Raises `LetterRefused`, saying what is wrong with it.
    """
    programme, content = believe(document, Letter.OFFER)
    # An offer binds us as long as we publish the key that it names, also after another has followed.
    if content.get("aud") not in [jwk["kid"] for jwk in signing.seal().public_jwks()]:
        raise LetterRefused(reason="registry.letter_for_another")
    offer = _read_offer(content)
    known = _find(programme.code, offer["number"])
    if known is None:
        known = HandoverReceipt(
            giver=programme.code,
            number=offer["number"],
            quantity_kg=offer["quantity_kg"],
            serial=offer["serial"],
            recipient=offer["recipient"],
            offer=document,
            expires_at=offer["expires_at"],
            imported_by=operator_id,
            imported_at=clock.now(),
        )
        db.session.add(known)
        try:
            db.session.flush()
        except IntegrityError as error:  # the same letter came twice at once; the sender repeats it
            if isinstance(error.orig, pg.UniqueViolation):
                raise HandoverState() from error
            raise
        _record(operator_id, "handover_received", known)
    if known.offer != document:
        raise LetterRefused(reason="registry.letter_number_used")
    return known


def _read_offer(content: dict[str, Any]) -> dict[str, Any]:
    """What an offer says. What its giver let in by a proof is refused: that proof may come here too."""
    try:
        offer: dict[str, Any] = OfferContent().load(content)
    except ValidationError as error:
        found = error.messages
        named = ", ".join(map(str, found)) if isinstance(found, dict) else ""
        raise LetterRefused(reason="registry.letter_member", member=named) from error
    if offer["product"] not in PRODUCTS:
        raise LetterRefused(reason="registry.letter_member", member="product")
    if offer["origin"] is not None and not offer["origin"]["serial"].startswith("SH-"):
        raise LetterRefused(reason="registry.letter_foreign")
    return offer


def propose_acceptance(operator_id: int, giver: str, number: str) -> HandoverReceipt:
    """Say that an offer is to be accepted; nothing happens until another operator accepts it.

    Raises `HandoverUnknown`, and `HandoverState` also for what is proposed already.
    """
    receipt = _pending(giver, number)
    if receipt.proposed_by is not None:
        raise HandoverState()
    receipt.proposed_by, receipt.proposed_at = operator_id, clock.now()
    db.session.flush()
    _record(operator_id, "handover_proposed", receipt)
    return receipt


def accept_offer(operator_id: int, giver: str, number: str, *, samples: bool) -> HandoverReceipt:
    """Keep room for exactly these units and sign the acceptance that another operator has proposed.

    From now on only the giver can end it. `samples` says whether this instance takes sample units.
    Raises `HandoverUnknown`, `HandoverState` also for what nobody proposed, `SecondPerson`,
    `ProgrammeUnknown`, `HoldsNothing`, `SamplesStayOut`, `OriginUnclear`, `OriginTaken`.
    """
    receipt = _pending(giver, number)
    if receipt.proposed_by is None:
        raise HandoverState()
    if receipt.proposed_by == operator_id:
        raise SecondPerson()
    programme = get_programme(giver)
    offer = _read_offer(letters.content_of(receipt.offer))
    holder = find_receiver(receipt.recipient)
    if holder is None:
        raise HoldsNothing(code=receipt.recipient)
    if offer["project"]["sample"] and not samples:
        raise SamplesStayOut()
    facts, project = _origin_facts(programme, offer), _project_facts(giver, offer)
    receipt.origin_id = claim_origin(facts, project, holder.id, channel="handover").id
    receipt.accepted_by, receipt.accepted_at = operator_id, clock.now()
    receipt.acceptance = _answer(receipt, Letter.ACCEPTANCE)
    db.session.flush()
    tell_letter("taken", receipt.id)
    _record(operator_id, "handover_accepted", receipt)
    return receipt


def _origin_facts(programme: Programme, offer: dict[str, Any]) -> OriginFacts:
    return OriginFacts(
        home=programme.code,
        home_name=programme.name_zh,
        project_code=offer["project"]["code"],
        serial=offer["serial"],
        quantity_kg=offer["quantity_kg"],
        methodology=offer["methodology"],
        reference=offer["number"],
        period_start=offer["monitoring_start"],
        period_end=offer["monitoring_end"],
        vintage=offer["vintage"],
        verification=offer["verification"],
    )


def _project_facts(giver: str, offer: dict[str, Any]) -> ProjectFacts:
    told = dict(offer["project"])
    known = told["forest_type"] if told["forest_type"] in FOREST_TYPES else "other"
    # Read aloud, and ours alone: of what the giver writes two things could begin alike.
    code = f"{giver}-{random_code(7)}"
    return ProjectFacts(
        **{**told, "code": code, "forest_type": known}, methodology="origin", product=offer["product"]
    )


def refuse_offer(operator_id: int, giver: str, number: str) -> HandoverReceipt:
    """Sign that the units are not wanted; the giver takes them back.

    Raises `HandoverUnknown` and `HandoverState`.
    """
    receipt = _lock(giver, number)
    if receipt.status is not Taken.PENDING:
        raise HandoverState()
    receipt.closed_at = clock.now()
    receipt.refusal = _answer(receipt, Letter.REFUSAL)
    db.session.flush()
    tell_letter("taken", receipt.id)
    _record(operator_id, "handover_declined", receipt)
    return receipt


def hear_deed(document: str, operator_id: int | None = None) -> HandoverReceipt:
    """Issue the units that the giver's deed makes ours. The same deed again changes nothing.

    Raises `LetterRefused`, `HandoverUnknown`, and `HandoverState` for what was not accepted.
    """
    receipt = _addressed(document, Letter.DEED)
    if receipt.status is Taken.ACCEPTED:
        origin = db.session.get_one(Origin, receipt.origin_id)
        issue_origin(origin)
        receipt.deed, receipt.completed_at = document, clock.now()
        db.session.flush()
        _tell_recipient(receipt, origin.holder_id)
        _record(operator_id, "handover_completed", receipt)
    if receipt.status is not Taken.COMPLETED:
        raise HandoverState()
    return receipt


def _tell_recipient(receipt: HandoverReceipt, holder_id: int) -> None:
    told = {"kg": receipt.quantity_kg, "serial": received_serial(receipt), "giver": receipt.giver}
    notices.tell([holder_id], "registry.notice_received_over", f"{receipt.giver}-{receipt.number}", **told)


def hear_withdrawal(document: str, operator_id: int | None = None) -> HandoverReceipt:
    """Close what the giver has taken back; the serials are free again.

    Raises `LetterRefused`, `HandoverUnknown`, and `HandoverState` for what is completed.
    """
    receipt = _addressed(document, Letter.WITHDRAWAL)
    if receipt.status in (Taken.PENDING, Taken.ACCEPTED):
        receipt.withdrawal, receipt.closed_at = document, clock.now()
        if receipt.origin_id is not None:
            db.session.get_one(Origin, receipt.origin_id).ended_at = receipt.closed_at
        db.session.flush()
        _record(operator_id, "handover_closed", receipt)
    if receipt.status is not Taken.CLOSED:
        raise HandoverState()
    return receipt


def _addressed(document: str, kind: Letter) -> HandoverReceipt:
    """The receipt that a giver's letter is about, locked; the letter fits it."""
    programme, content = believe(document, kind)
    receipt = _lock(programme.code, str(content.get("number")))
    offered = letters.content_of(receipt.offer)
    expected = {"aud": offered["aud"], "offer_sha256": letters.digest(receipt.offer)}
    wrong = misfit(expected, content)
    if wrong is not None:
        raise LetterRefused(reason="registry.letter_member", member=wrong)
    return receipt


def _answer(receipt: HandoverReceipt, kind: Letter) -> str:
    """Our signed answer to an offer, for the very key that signed it."""
    seal = signing.seal()
    content = {
        "iss": seal.kid,
        "aud": letters.content_of(receipt.offer)["iss"],
        "number": receipt.number,
        "offer_sha256": letters.digest(receipt.offer),
        "answered_at": clock.now().isoformat(timespec="seconds"),
    }
    return seal.sign(content, kind)


def _find(giver: str, number: str) -> HandoverReceipt | None:
    if not (number.isascii() and number.isalnum()):
        return None
    wanted = select(HandoverReceipt).where(HandoverReceipt.giver == giver, HandoverReceipt.number == number)
    return db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _pending(giver: str, number: str) -> HandoverReceipt:
    """The receipt of an offer that can still be accepted, locked."""
    receipt = _lock(giver, number)
    if receipt.status is not Taken.PENDING or clock.now() >= receipt.expires_at:
        raise HandoverState()
    return receipt


def _lock(giver: str, number: str) -> HandoverReceipt:
    receipt = _find(giver, number)
    if receipt is None:
        raise HandoverUnknown()
    return receipt


def _record(operator_id: int | None, action: str, receipt: HandoverReceipt) -> None:
    details = {"giver": receipt.giver, "quantity_kg": receipt.quantity_kg}
    audit.record(operator_id, action, receipt.number, details)
