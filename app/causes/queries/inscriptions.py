"""Words that people wrote on gifts, as their authors and the operators read them."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.causes.errors.gifts import InscriptionUnknown
from app.causes.models.gifts import Inscription
from app.causes.rules.gifts import WordsStatus, words_status
from app.clients.opinions import Asked
from app.kit import sealing
from app.kit.database import db

AWAY = "away"
"""The doubt of words that could not be shown to WeChat."""
_STANDING = Inscription.withdrawn_at.is_(None)
_UNJUDGED = _STANDING & Inscription.passed_at.is_(None) & Inscription.refused_at.is_(None)
_WAITING = _UNJUDGED & Inscription.doubt.is_not(None)


@dataclass(frozen=True)
class Words:
    """What somebody wrote, by part (`words`, `giver`, `recipients`; `name`; `thanks`), and how it stands."""

    id: int
    code: str
    gift_id: int
    card_id: int | None
    kind: str
    parts: dict[str, Any] = field(repr=False)
    status: WordsStatus
    doubt: str | None
    reason: str | None
    written_at: datetime
    judged_at: datetime | None
    judged_by: int | None

    @property
    def passed(self) -> bool:
        """Whether others may read it."""
        return self.status is WordsStatus.PASSED

    @property
    def lines(self) -> list[str]:
        """Everything in it, one after another: what is judged."""
        told = [each for part in self.parts.values() for each in (part if isinstance(part, list) else [part])]
        return [each for each in told if each]


def sealed_for(code: str) -> str:
    """Where an inscription is sealed for."""
    return f"inscription:{code}"


def words_of(row: Inscription) -> Words:
    """What stands in a row; nothing where it was erased."""
    sealed = row.text_sealed
    return Words(
        id=row.id,
        code=row.code,
        gift_id=row.gift_id,
        card_id=row.card_id,
        kind=row.kind,
        parts={} if sealed is None else json.loads(sealing.unseal(sealed, sealed_for(row.code))),
        status=words_status(row.passed_at, row.refused_at),
        doubt=row.doubt,
        reason=row.reason,
        written_at=row.written_at,
        judged_at=row.passed_at or row.refused_at,
        judged_by=row.judged_by,
    )


def list_standing(gift_ids: Collection[int]) -> list[Words]:
    """What stands written on these gifts and their cards."""
    wanted = select(Inscription).where(Inscription.gift_id.in_(gift_ids), _STANDING).order_by(Inscription.id)
    return [words_of(row) for row in db.session.scalars(wanted)]


def list_queue(limit: int, after: int | None = None, *, waiting: bool = True) -> list[Words]:
    """Words that wait for a person, the longest first; or what people decided, the newest first."""
    if waiting:
        wanted = select(Inscription).where(_WAITING, Inscription.id > (after or 0)).order_by(Inscription.id)
    else:
        wanted = select(Inscription).where(Inscription.judged_by.is_not(None)).order_by(Inscription.id.desc())
        wanted = wanted.where(Inscription.id < after) if after is not None else wanted
    return [words_of(row) for row in db.session.scalars(wanted.limit(limit))]


def count_waiting() -> int:
    """How many words wait for a person."""
    return db.session.scalar(select(func.count()).select_from(Inscription).where(_WAITING)) or 0


def get_inscription(code: str) -> Words:
    """Words by their code. Raises `InscriptionUnknown`."""
    row = db.session.scalar(select(Inscription).where(Inscription.code == code))
    if row is None:
        raise InscriptionUnknown()
    return words_of(row)


def find_asked(inscription_id: int) -> Asked | None:
    """What is still to be asked about these words, None when they were judged, doubted or taken back."""
    row = db.session.scalar(
        select(Inscription).where(Inscription.id == inscription_id, _UNJUDGED, Inscription.doubt.is_(None))
    )
    return None if row is None else Asked(accounts.find_openid(row.author_id), "\n".join(words_of(row).lines))
