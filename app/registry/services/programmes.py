"""Recognised programmes 互认伙伴: entered by one operator, confirmed by another; and what they state."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from psycopg import errors as pg
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.kit import clock, letters, signing
from app.kit.database import db
from app.registry.errors import (
    LetterRefused,
    ProgrammeEnded,
    ProgrammeKeyTaken,
    ProgrammePending,
    ProgrammeUnknown,
    SecondPerson,
)
from app.registry.models import Programme, ProgrammeStatement
from app.registry.queries.programmes import believe, our_statement
from app.registry.rules.statements import STATEMENT, read_statement


@dataclass(frozen=True, slots=True)
class ProgrammeFacts:
    """A programme as it names itself: a short code, its names, its address, its public keys."""

    code: str
    name_zh: str
    name_en: str
    base_url: str | None
    keys: list[str]


_ONE_BY_ONE = text("LOCK TABLE programme IN SHARE ROW EXCLUSIVE MODE")
"""Two entries written at once would not see one another's keys. Taken before any row of it."""


def enter_programme(operator_id: int, facts: ProgrammeFacts) -> Programme:
    """Write down a programme, or what has changed of it; believed once another operator confirms.

    Raises `ProgrammePending` while other particulars of it wait, and `ProgrammeKeyTaken` for a key that is
    ours or another programme's: a letter has one sender.
    """
    db.session.execute(_ONE_BY_ONE)
    _require_own_keys(facts.code, facts.keys)
    programme = Programme(**asdict(facts), entered_by=operator_id, entered_at=clock.now())
    db.session.add(programme)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise ProgrammePending() from error
        raise
    _record(operator_id, "programme_entered", programme)
    return programme


def _require_own_keys(code: str, keys: Sequence[str]) -> None:
    """Nobody else whose entry stands or waits has one of these keys, nor had we one ever."""
    others = select(Programme.keys).where(Programme.code != code, Programme.ended_at.is_(None))
    ours = {jwk["x"] for jwk in signing.seal().public_jwks()}
    if not ours.union(*db.session.scalars(others)).isdisjoint(keys):
        raise ProgrammeKeyTaken()


def confirm_programme(operator_id: int, programme_id: int) -> Programme:
    """Believe a programme's letters from now on; its particulars before end.

    Raises `ProgrammeUnknown`, `ProgrammeEnded`, `SecondPerson` for whoever entered it, and
    `ProgrammeKeyTaken` for a key that has become ours since.
    """
    programme = _lock(programme_id)
    if not programme.waits:
        raise ProgrammeEnded()
    if programme.entered_by == operator_id:
        raise SecondPerson()
    _require_own_keys(programme.code, programme.keys)
    standing = select(Programme).where(
        Programme.code == programme.code, Programme.confirmed_at.is_not(None), Programme.ended_at.is_(None)
    )
    before = db.session.scalar(standing.with_for_update())
    if before is not None:
        before.ended_at = clock.now()
        db.session.flush()
    programme.confirmed_by, programme.confirmed_at = operator_id, clock.now()
    db.session.flush()
    _record(operator_id, "programme_confirmed", programme)
    return programme


def end_programme(operator_id: int, programme_id: int) -> Programme:
    """Believe a programme no more, or decline it. One person is enough to stop.

    Raises `ProgrammeUnknown` and `ProgrammeEnded`.
    """
    programme = _lock(programme_id)
    if programme.ended_at is not None:
        raise ProgrammeEnded()
    programme.ended_at = clock.now()
    db.session.flush()
    _record(operator_id, "programme_ended", programme)
    return programme


def _lock(programme_id: int) -> Programme:
    db.session.execute(_ONE_BY_ONE)
    programme = db.session.get(Programme, programme_id, with_for_update=True, populate_existing=True)
    if programme is None:
        raise ProgrammeUnknown()
    return programme


def _record(operator_id: int, action: str, programme: Programme) -> None:
    kids = [key.kid for key in programme.public_keys]
    audit.record(operator_id, action, programme.code, {"base_url": programme.base_url, "keys": kids})


def sign_statement() -> str:
    """What is issued, held and retired here at this moment, signed for whoever recognises us."""
    seal = signing.seal()
    return seal.sign({"iss": seal.kid, **our_statement()}, STATEMENT)


def import_statement(document: str, operator_id: int | None = None) -> ProgrammeStatement:
    """Keep what a programme states of its own units. The same document again changes nothing.

    Raises `LetterRefused`.
    """
    programme, content = believe(document, STATEMENT)
    try:
        figures = read_statement(content, clock.now())
    except ValueError as fault:
        raise LetterRefused(reason=str(fault)) from fault
    row = {**figures, "kid": content["iss"], "document": document}
    row |= {"programme_code": programme.code, "imported_by": operator_id, "imported_at": clock.now()}
    db.session.execute(insert(ProgrammeStatement).values(row).on_conflict_do_nothing())
    kept = db.session.get_one(ProgrammeStatement, (programme.code, figures["stated_at"]))
    if letters.digest(kept.document) != letters.digest(document):
        raise LetterRefused(reason="registry.statement_twice")
    if operator_id is not None:
        audit.record(operator_id, "statement_imported", programme.code, {"stated_at": content["stated_at"]})
    return kept
