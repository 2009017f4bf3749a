"""Recognised programmes 互认伙伴, whose letters we believe, and what each states of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from app.kit import clock, letters, signing
from app.kit.database import db
from app.kit.letters import PublicKey, read_key
from app.registry.errors import LetterRefused, PartnerUnknown
from app.registry.models import Partner, PartnerStatement

_STANDS = (Partner.confirmed_at.is_not(None), Partner.ended_at.is_(None))
_OURS = text(
    "SELECT coalesce(sum(kg), 0)::bigint AS issued_kg,"
    " coalesce(sum(kg) FILTER (WHERE state NOT IN ('retired', 'cancelled')), 0)::bigint AS held_kg,"
    " coalesce(sum(kg) FILTER (WHERE state = 'retired'), 0)::bigint AS retired_kg,"
    " coalesce(sum(kg) FILTER (WHERE state = 'cancelled'), 0)::bigint AS cancelled_kg"
    " FROM (SELECT state, last_serial - first_serial + 1 AS kg FROM block) piece"
)


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A recognised programme and its latest statement, if it has made one."""

    partner: Partner
    statement: PartnerStatement | None


def our_key() -> PublicKey:
    """The key that our letters are signed with."""
    return read_key(signing.seal().public_jwk()["x"])


def list_partners() -> list[PartnerView]:
    """The programmes that stand, by code, each with what it stated last."""
    partners = db.session.scalars(select(Partner).where(*_STANDS).order_by(Partner.code)).all()
    latest = (
        select(PartnerStatement)
        .ext(distinct_on(PartnerStatement.partner_code))
        .order_by(PartnerStatement.partner_code, PartnerStatement.stated_at.desc())
    )
    stated = {each.partner_code: each for each in db.session.scalars(latest)}
    return [PartnerView(partner, stated.get(partner.code)) for partner in partners]


def list_all_partners(limit: int = 200) -> Sequence[Partner]:
    """Every entry ever made, the newest first."""
    return db.session.scalars(select(Partner).order_by(Partner.id.desc()).limit(limit)).all()


def partners_waiting() -> int:
    """How many entries wait for their second person."""
    waiting = select(Partner.id).where(Partner.confirmed_at.is_(None), Partner.ended_at.is_(None))
    return len(db.session.scalars(waiting.limit(1000)).all())


def get_partner(code: str) -> Partner:
    """The programme that stands under this code. Raises `PartnerUnknown`."""
    found = db.session.scalar(select(Partner).where(Partner.code == code, *_STANDS))
    if found is None:
        raise PartnerUnknown()
    return found


def believe(document: str, kind: str) -> tuple[Partner, dict[str, Any]]:
    """Whose letter this is, and what they say in it. Raises `LetterRefused`, saying what is wrong."""
    try:
        kid = letters.open_letter(document).kid
        partner = next(
            (
                each
                for each in db.session.scalars(select(Partner).where(*_STANDS))
                if kid in {key.kid for key in each.public_keys}
            ),
            None,
        )
        keys = partner.public_keys if partner else []
        content = letters.read_letter(document, kind, keys)
    except letters.LetterRefused as fault:
        raise LetterRefused(reason=str(fault)) from fault
    assert partner is not None
    return partner, content


def our_statement() -> dict[str, Any]:
    """What is issued, held, retired and cancelled here now, in kilograms."""
    row = db.session.execute(_OURS).one()
    return {"stated_at": clock.now().isoformat(timespec="microseconds"), **row._mapping}
