"""Objections 异议: anyone may raise one while a dossier is in public notice; an operator has to answer it."""

from datetime import timedelta

from sqlalchemy import func, select

from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.errors.dossiers import (
    DossierMoved,
    DossierUnknown,
    NotInNotice,
    PartUnknown,
    TooManyObjections,
)
from app.registry.models import Dossier, Objection
from app.registry.queries.dossiers import objection_context
from app.registry.rules.dossiers import OBJECTIONS_AN_HOUR, DossierStatus
from app.registry.services.dossiers import lock_dossier, refuse_maker

_HOUR = timedelta(hours=1)


def raise_objection(dossier_code: str, words: str) -> Objection:
    """Keep an objection, which stops the registration until it is answered; the same words twice are one.

    Raises `DossierUnknown`, also for a draft, which nobody outside knows of; `NotInNotice`;
    `TooManyObjections`.
    """
    dossier = _in_notice(dossier_code)
    digest = sealing.keyed_digest(" ".join(words.split()), f"objection:{dossier_code}")
    known = db.session.scalar(
        select(Objection).where(Objection.dossier_id == dossier.id, Objection.digest == digest)
    )
    if known is not None:
        return known
    now = clock.now()
    recent = select(func.count()).select_from(Objection).where(Objection.dossier_id == dossier.id)
    if (db.session.scalar(recent.where(Objection.raised_at > now - _HOUR)) or 0) >= OBJECTIONS_AN_HOUR:
        raise TooManyObjections()
    code = random_code(12)
    objection = Objection(
        code=code,
        dossier_id=dossier.id,
        digest=digest,
        words_sealed=sealing.seal(words, objection_context(code)),
        raised_at=now,
    )
    db.session.add(objection)
    db.session.flush()
    return objection


def answer_objection(
    operator_id: int, dossier_code: str, objection_code: str, answer: str, *, upheld: bool
) -> None:
    """Answer an objection in public; one that is upheld keeps the dossier from ever being registered.

    Raises `DossierUnknown`, `PartUnknown`, `DossierMoved` for one that is answered or came to its end,
    `OwnDossier` for a maker of the dossier.
    """
    dossier = lock_dossier(dossier_code)
    objection = db.session.scalar(
        select(Objection).where(Objection.dossier_id == dossier.id, Objection.code == objection_code)
    )
    if objection is None:
        raise PartUnknown()
    if objection.answered_at is not None or dossier.status is not DossierStatus.NOTICE:
        raise DossierMoved()
    refuse_maker(operator_id, dossier)
    objection.answered_by, objection.answered_at = operator_id, clock.now()
    objection.answer, objection.upheld = answer, upheld
    db.session.flush()
    audit.record(operator_id, "objection_answered", dossier_code, {"code": objection_code, "upheld": upheld})


def _in_notice(code: str) -> Dossier:
    """The dossier, locked: a registration at the same moment comes before this objection or sees it."""
    dossier = lock_dossier(code)
    if dossier.status is DossierStatus.DRAFT or dossier.reviewed_at is None:
        raise DossierUnknown()
    if not dossier.takes_objections(clock.now()):
        raise NotInNotice()
    return dossier
