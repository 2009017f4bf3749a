"""Recognised programmes 互认伙伴, whose letters we believe, and what each states of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from app.kit import clock, letters, signing
from app.kit.database import db
from app.kit.letters import PublicKey, read_key
from app.registry.errors import LetterRefused, ProgrammeUnknown
from app.registry.models import Programme, ProgrammeStatement

_STANDS = (Programme.confirmed_at.is_not(None), Programme.ended_at.is_(None))
_OURS = text(
    "SELECT coalesce(sum(kg), 0)::bigint AS issued_kg,"
    " coalesce(sum(kg) FILTER (WHERE state NOT IN ('retired', 'cancelled')), 0)::bigint AS held_kg,"
    " coalesce(sum(kg) FILTER (WHERE state = 'retired'), 0)::bigint AS retired_kg,"
    " coalesce(sum(kg) FILTER (WHERE state = 'cancelled'), 0)::bigint AS cancelled_kg"
    " FROM (SELECT state, last_serial - first_serial + 1 AS kg FROM block) piece"
)


@dataclass(frozen=True, slots=True)
class ProgrammeView:
    """A recognised programme and its latest statement, if it has made one."""

    programme: Programme
    statement: ProgrammeStatement | None


def our_key() -> PublicKey:
    """The key that our letters are signed with."""
    return read_key(signing.seal().public_jwk()["x"])


def list_programmes() -> list[ProgrammeView]:
    """The programmes that stand, by code, each with what it stated last."""
    programmes = db.session.scalars(select(Programme).where(*_STANDS).order_by(Programme.code)).all()
    latest = (
        select(ProgrammeStatement)
        .ext(distinct_on(ProgrammeStatement.programme_code))
        .order_by(ProgrammeStatement.programme_code, ProgrammeStatement.stated_at.desc())
    )
    stated = {each.programme_code: each for each in db.session.scalars(latest)}
    return [ProgrammeView(programme, stated.get(programme.code)) for programme in programmes]


def list_all_programmes(limit: int = 200) -> Sequence[Programme]:
    """Every entry ever made, the newest first."""
    return db.session.scalars(select(Programme).order_by(Programme.id.desc()).limit(limit)).all()


def programmes_waiting() -> int:
    """How many entries wait for their second person."""
    waiting = select(Programme.id).where(Programme.confirmed_at.is_(None), Programme.ended_at.is_(None))
    return len(db.session.scalars(waiting.limit(1000)).all())


def get_programme(code: str) -> Programme:
    """The programme that stands under this code. Raises `ProgrammeUnknown`."""
    found = db.session.scalar(select(Programme).where(Programme.code == code, *_STANDS))
    if found is None:
        raise ProgrammeUnknown()
    return found


def believe(document: str, kind: str) -> tuple[Programme, dict[str, Any]]:
    """Whose letter this is, and what they say in it. Raises `LetterRefused`, saying what is wrong."""
    try:
        kid = letters.open_letter(document).kid
        programme = next(
            (
                each
                for each in db.session.scalars(select(Programme).where(*_STANDS))
                if kid in {key.kid for key in each.public_keys}
            ),
            None,
        )
        keys = programme.public_keys if programme else []
        content = letters.read_letter(document, kind, keys)
    except letters.LetterRefused as fault:
        raise LetterRefused(reason=str(fault)) from fault
    assert programme is not None
    return programme, content


def our_statement() -> dict[str, Any]:
    """What is issued, held, retired and cancelled here now, in kilograms."""
    row = db.session.execute(_OURS).one()
    return {"stated_at": clock.now().isoformat(timespec="microseconds"), **row._mapping}
