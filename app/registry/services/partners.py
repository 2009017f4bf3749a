"""Recognised programmes 互认伙伴: entered by one operator, confirmed by another; and what they state."""

from dataclasses import asdict, dataclass

from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.kit import clock, letters, signing
from app.kit.database import db
from app.registry.errors import (
    LetterRefused,
    PartnerEnded,
    PartnerKeyTaken,
    PartnerPending,
    PartnerUnknown,
    SecondPerson,
)
from app.registry.models import Partner, PartnerStatement
from app.registry.queries.partners import believe, our_key, our_statement
from app.registry.rules.statements import STATEMENT, read_statement


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """A programme as it names itself: a short code, its names, its address, its public keys."""

    code: str
    name_zh: str
    name_en: str
    base_url: str | None
    keys: list[str]


def enter_partner(operator_id: int, facts: PartnerFacts) -> Partner:
    """Write down a programme, or what has changed of it; believed once another operator confirms.

    Raises `PartnerPending` while other particulars of it wait, and `PartnerKeyTaken` for a key that is
    ours or another programme's: a letter has one sender.
    """
    others = select(Partner).where(Partner.code != facts.code, Partner.ended_at.is_(None))
    taken = {key for each in db.session.scalars(others) for key in each.keys} | {our_key().x}
    if taken & set(facts.keys):
        raise PartnerKeyTaken()
    partner = Partner(**asdict(facts), entered_by=operator_id, entered_at=clock.now())
    db.session.add(partner)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise PartnerPending() from error
        raise
    _record(operator_id, "partner_entered", partner)
    return partner


def confirm_partner(operator_id: int, partner_id: int) -> Partner:
    """Believe a programme's letters from now on; its particulars before end.

    Raises `PartnerUnknown`, `PartnerEnded`, and `SecondPerson` for whoever entered it.
    """
    partner = _lock(partner_id)
    if not partner.waits:
        raise PartnerEnded()
    if partner.entered_by == operator_id:
        raise SecondPerson()
    standing = select(Partner).where(
        Partner.code == partner.code, Partner.confirmed_at.is_not(None), Partner.ended_at.is_(None)
    )
    before = db.session.scalar(standing.with_for_update())
    if before is not None:
        before.ended_at = clock.now()
        db.session.flush()
    partner.confirmed_by, partner.confirmed_at = operator_id, clock.now()
    db.session.flush()
    _record(operator_id, "partner_confirmed", partner)
    return partner


def end_partner(operator_id: int, partner_id: int) -> Partner:
    """Believe a programme no more, or decline it. One person is enough to stop.

    Raises `PartnerUnknown` and `PartnerEnded`.
    """
    partner = _lock(partner_id)
    if partner.ended_at is not None:
        raise PartnerEnded()
    partner.ended_at = clock.now()
    db.session.flush()
    _record(operator_id, "partner_ended", partner)
    return partner


def _lock(partner_id: int) -> Partner:
    partner = db.session.get(Partner, partner_id, with_for_update=True, populate_existing=True)
    if partner is None:
        raise PartnerUnknown()
    return partner


def _record(operator_id: int, action: str, partner: Partner) -> None:
    kids = [key.kid for key in partner.public_keys]
    audit.record(operator_id, action, partner.code, {"base_url": partner.base_url, "keys": kids})


def sign_statement() -> str:
    """What is issued, held and retired here at this moment, signed for whoever recognises us."""
    seal = signing.seal()
    return seal.sign({"iss": seal.kid, **our_statement()}, STATEMENT)


def import_statement(document: str, operator_id: int | None = None) -> PartnerStatement:
    """Keep what a partner states of its own units. The same document again changes nothing.

    Raises `LetterRefused`.
    """
    partner, content = believe(document, STATEMENT)
    try:
        figures = read_statement(content)
    except ValueError as fault:
        raise LetterRefused(reason=str(fault)) from fault
    row = {**figures, "kid": content["iss"], "document": document}
    row |= {"partner_code": partner.code, "imported_by": operator_id, "imported_at": clock.now()}
    db.session.execute(insert(PartnerStatement).values(row).on_conflict_do_nothing())
    kept = db.session.get_one(PartnerStatement, (partner.code, figures["stated_at"]))
    if letters.digest(kept.document) != letters.digest(document):
        raise LetterRefused(reason="registry.statement_twice")
    if operator_id is not None:
        audit.record(operator_id, "statement_imported", partner.code, {"stated_at": content["stated_at"]})
    return kept
