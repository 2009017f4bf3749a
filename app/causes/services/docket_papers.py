"""The papers of a docket: kept sealed, taken out, or waived with a reason."""

import hashlib

from sqlalchemy import delete, func, select

from app.accounts.services import audit
from app.causes.errors.dockets import DocketMoved, DocketUnknown, PaperRefused, TooManyPapers
from app.causes.models.dockets import Docket, DocketPaper, DocketWaiver
from app.causes.queries.courts import Scope
from app.causes.queries.dockets import docket_facts, paper_context
from app.causes.rules.docket_papers import LARGEST_PAPER_BYTES, MOST_PAPERS, needed
from app.causes.services.dockets import lock_docket, refused
from app.kit import clock, sealing
from app.kit.database import db
from app.offsets.rules import media_of


def keep_paper(
    operator_id: int, scope: Scope, code: str, kind: str, title: str, content: bytes
) -> DocketPaper:
    """Keep a file of a docket, sealed; the same file twice is kept once.

    Raises `DocketUnknown`, `DocketMoved`, `PaperRefused`, `TooManyPapers`.
    """
    docket = lock_docket(scope, code)
    media = media_of(content)
    if media is None or len(content) > LARGEST_PAPER_BYTES:
        raise PaperRefused(most=LARGEST_PAPER_BYTES // 1024 // 1024)
    digest = hashlib.sha256(content).digest()
    of_docket = DocketPaper.docket_id == docket.cause_id
    known = db.session.scalar(select(DocketPaper).where(of_docket, DocketPaper.sha256 == digest))
    if known is not None:
        return known
    kept = db.session.scalar(select(func.count()).select_from(DocketPaper).where(of_docket)) or 0
    if kept >= MOST_PAPERS:
        raise TooManyPapers(most=MOST_PAPERS)
    paper = DocketPaper(
        docket_id=docket.cause_id,
        kind=kind,
        title_sealed=sealing.seal(title, paper_context(code, digest)),
        media=media,
        sha256=digest,
        size_bytes=len(content),
        content_sealed=sealing.seal_bytes(content, paper_context(code, digest)),
        added_by=operator_id,
        added_at=clock.now(),
    )
    db.session.add(paper)
    db.session.flush()
    audit.record(operator_id, "paper_kept", code, {"kind": kind, "sha256": digest.hex()})
    return paper


def drop_paper(operator_id: int, scope: Scope, code: str, paper_id: int) -> None:
    """Take out a paper that does not belong here; what a letter rests on stays.

    Raises `DocketUnknown`, `DocketMoved`.
    """
    docket = _changeable(scope, code)
    dropped = db.session.execute(
        delete(DocketPaper)
        .where(DocketPaper.id == paper_id, DocketPaper.docket_id == docket.cause_id)
        .returning(DocketPaper.sha256)
    ).one_or_none()
    if dropped is None:
        raise DocketUnknown()
    audit.record(operator_id, "paper_dropped", code, {"sha256": dropped[0].hex()})


def waive_paper(operator_id: int, scope: Scope, code: str, kind: str, reason: str) -> None:
    """Say why this case does without a paper; saying it again replaces the reason.

    Raises `DocketUnknown`, `DocketMoved`, `DocketRefused` for one that is not needed anyway.
    """
    docket = _changeable(scope, code)
    found = docket_facts(docket)
    ruled = found.ruling or found.waiting
    if kind not in needed(docket.stage, ruled.ruling.basis if ruled else None):
        raise refused("kind", "paper_not_needed")
    waiver = db.session.get(DocketWaiver, (docket.cause_id, kind))
    if waiver is None:
        waiver = DocketWaiver(docket_id=docket.cause_id, kind=kind)
        db.session.add(waiver)
    waiver.reason, waiver.waived_by, waiver.waived_at = reason, operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "paper_waived", code, {"kind": kind})


def _changeable(scope: Scope, code: str) -> Docket:
    docket = lock_docket(scope, code)
    if docket.letter_number is not None:
        raise DocketMoved()
    return docket
