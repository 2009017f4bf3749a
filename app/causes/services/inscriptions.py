"""Words for others: written, judged by rule, by WeChat and where needed by a person, taken back."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from app.accounts.services import audit, notices
from app.causes.announcements import INSCRIPTION_WRITTEN
from app.causes.errors.gifts import InscriptionJudged, InscriptionUnknown
from app.causes.models.gifts import Gift, Inscription
from app.causes.queries.inscriptions import AWAY, Words, sealed_for, words_of
from app.kit import clock, sealing, wording
from app.kit.announcements import announce
from app.kit.codes import random_code
from app.kit.database import db, write

_STANDING = Inscription.withdrawn_at.is_(None)


def write_words(
    gift_id: int, card_id: int | None, kind: str, author_id: int, parts: Mapping[str, Any]
) -> Words:
    """Keep words, sealed, in place of what stood there; nobody else sees them before they passed.

    They are what `kit.wording` takes. What it doubts waits for a person, the rest is shown to WeChat.
    """
    erase(gift_id, card_id, kind)
    code = random_code(12)
    row = Inscription(
        code=code,
        gift_id=gift_id,
        card_id=card_id,
        kind=kind,
        author_id=author_id,
        text_sealed=sealing.seal(json.dumps(parts, ensure_ascii=False), sealed_for(code)),
        written_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    words = words_of(row)
    row.doubt = next((found for line in words.lines if (found := wording.doubt(line))), None)
    db.session.flush()
    if row.doubt is None:
        announce(INSCRIPTION_WRITTEN, {"id": row.id})
    return words_of(row)


def erase(gift_id: int, card_id: int | None, kind: str) -> bool:
    """Take words back for good; False when none stood. What stood is written over, not hidden."""
    taken = write(
        update(Inscription)
        .where(
            Inscription.gift_id == gift_id,
            Inscription.card_id.is_(None) if card_id is None else Inscription.card_id == card_id,
            Inscription.kind == kind,
            _STANDING,
        )
        .values(withdrawn_at=clock.now(), text_sealed=None)
        .execution_options(synchronize_session=False)
    )
    return bool(taken)


def doubt_words(inscription_id: int) -> None:
    """Leave words to a person, since WeChat could not be asked about them."""
    _hear(inscription_id, doubt=AWAY)


def hear_opinion(inscription_id: int, suggest: str) -> None:
    """Record what WeChat thinks: `pass` lets them be shown, `risky` refuses them, `review` asks a person."""
    now = clock.now()
    values: dict[str, Any] = {"pass": {"passed_at": now}, "risky": {"refused_at": now}}.get(
        suggest, {"doubt": suggest}
    )
    row = _hear(inscription_id, **values)
    if row is not None:
        _tell(row)


def judge_words(operator_id: int, code: str, reason: str | None) -> Words:
    """Decide as a person: let words be shown, or refuse them for a `reason` that their author reads.

    Raises `InscriptionUnknown`, `InscriptionJudged` also where their author took them back meanwhile.
    """
    row = db.session.scalar(
        select(Inscription)
        .where(Inscription.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise InscriptionUnknown()
    if row.passed_at or row.refused_at or row.withdrawn_at:
        raise InscriptionJudged()
    row.judged_by, row.reason = operator_id, reason
    row.passed_at, row.refused_at = (None, clock.now()) if reason else (clock.now(), None)
    db.session.flush()
    audit.record(operator_id, "words_refused" if reason else "words_passed", code, {"kind": row.kind})
    _tell(row)
    return words_of(row)


def _hear(inscription_id: int, **values: Any) -> Inscription | None:
    """Write a judgement on words that wait for one; nothing where a person or the author was first."""
    return db.session.scalar(
        update(Inscription)
        .where(
            Inscription.id == inscription_id,
            Inscription.passed_at.is_(None),
            Inscription.refused_at.is_(None),
            Inscription.doubt.is_(None),
            _STANDING,
        )
        .values(**values)
        .returning(Inscription)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def _tell(row: Inscription) -> None:
    """Tell an author that words were refused, and a giver that thanks have come."""
    reference = f"inscription:{row.id}"
    if row.refused_at is not None:
        notices.tell([row.author_id], f"causes.notice_{row.kind}_refused", reference)
    elif row.kind == "thanks" and row.passed_at is not None:
        giver_id = db.session.scalars(select(Gift.giver_id).where(Gift.cause_id == row.gift_id)).one()
        notices.tell([giver_id], "causes.notice_gift_thanked", reference)
