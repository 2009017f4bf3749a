"""What is written into a dossier: right holders' shares, documents, experts' opinions."""

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, func, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors.dossiers import (
    DocumentRefused,
    DossierMoved,
    DossierRefused,
    PartUnknown,
    TooManyDocuments,
)
from app.registry.models import Document, Dossier, Opinion, RightShare
from app.registry.queries.dossiers import document_context
from app.registry.rules import WHOLE_BP
from app.registry.rules.dossiers import (
    LARGEST_DOCUMENT_BYTES,
    MOST_DOCUMENTS,
    OF_KIND,
    DossierStatus,
    Share,
    media_of,
)
from app.registry.services.dossiers import lock_dossier, lock_draft, note_change, note_maker


@dataclass(frozen=True, slots=True)
class NewOpinion:
    """What an expert said; `expert` as they consented to be shown."""

    expert: str
    verdict: str
    words: str
    given_on: date


def add_share(operator_id: int, code: str, share: Share, *, named: bool) -> RightShare:
    """Give a right holder a share of a draft; a fee is the platform's, whoever is named for it.

    `named` is the holder's consent to be named in public. Raises `DossierUnknown`, `DossierMoved`,
    `DossierRefused` for a holder of another kind, one who is there, or more than the whole.
    """
    dossier = lock_draft(code)
    holder_id = chart.PLATFORM if share.role == "fee" else share.holder_id
    holder = accounts.list_holders([holder_id]).get(holder_id)
    if share.role != "fee" and (holder is None or holder.kind != OF_KIND[share.role]):
        raise _refused("holder", "registry.share_of_other_kind")
    rows = db.session.scalars(select(RightShare).where(RightShare.dossier_id == dossier.id)).all()
    if any((row.holder_id, row.role) == (holder_id, share.role) for row in rows):
        raise _refused("holder", "registry.share_twice")
    left_bp = WHOLE_BP - sum(row.share_bp for row in rows)
    if share.share_bp > left_bp:
        raise _refused("share", "registry.share_too_large", left=left_bp / 100)
    row = RightShare(
        dossier_id=dossier.id,
        holder_id=holder_id,
        role=share.role,
        share_bp=share.share_bp,
        named=named or share.role == "fee",
        added_by=operator_id,
    )
    db.session.add(row)
    note_change(operator_id, dossier, "share_added", role=share.role, share_bp=share.share_bp)
    return row


def keep_document(operator_id: int, code: str, kind: str, title: str, content: bytes) -> Document:
    """Keep a file of a dossier, sealed; the same file twice is kept once. Reports follow a registration too.

    Raises `DossierUnknown`, `DossierMoved` for a withdrawn one, `DocumentRefused`, `TooManyDocuments`.
    """
    dossier = lock_dossier(code)
    if dossier.status is DossierStatus.WITHDRAWN:
        raise DossierMoved()
    media = media_of(content)
    if media is None or len(content) > LARGEST_DOCUMENT_BYTES:
        raise DocumentRefused(most=LARGEST_DOCUMENT_BYTES // 1024 // 1024)
    digest = hashlib.sha256(content).digest()
    of_dossier = Document.dossier_id == dossier.id
    known = db.session.scalar(select(Document).where(of_dossier, Document.sha256 == digest))
    if known is not None:
        return known
    kept = db.session.scalar(select(func.count()).select_from(Document).where(of_dossier)) or 0
    if kept >= MOST_DOCUMENTS:
        raise TooManyDocuments(most=MOST_DOCUMENTS)
    document = Document(
        dossier_id=dossier.id,
        kind=kind,
        title=title,
        media=media,
        sha256=digest,
        size_bytes=len(content),
        content_sealed=sealing.seal_bytes(content, document_context(digest)),
        added_by=operator_id,
        added_at=clock.now(),
    )
    db.session.add(document)
    _note(operator_id, dossier, "document_kept", sha256=digest.hex())
    return document


def add_opinion(operator_id: int, code: str, opinion: NewOpinion) -> Opinion:
    """Attach what an expert says of a draft. Raises `DossierUnknown`, `DossierMoved`, `DossierRefused`."""
    dossier = lock_draft(code)
    if opinion.given_on > clock.business_day():
        raise _refused("given_on", "registry.opinion_day")
    row = Opinion(
        dossier_id=dossier.id,
        expert=opinion.expert,
        verdict=opinion.verdict,
        words=opinion.words,
        given_on=opinion.given_on,
        added_by=operator_id,
        added_at=clock.now(),
    )
    db.session.add(row)
    note_change(operator_id, dossier, "opinion_added", verdict=opinion.verdict)
    return row


_PARTS: dict[str, type[RightShare] | type[Document] | type[Opinion]] = {
    "share": RightShare,
    "document": Document,
    "opinion": Opinion,
}


def drop_part(operator_id: int, code: str, part: str, part_id: int) -> None:
    """Take a share, document or opinion out of a draft. Raises what `lock_draft` does, and `PartUnknown`."""
    dossier = lock_draft(code)
    model = _PARTS.get(part)
    if model is None:
        raise PartUnknown()
    dropped = db.session.execute(
        delete(model).where(model.id == part_id, model.dossier_id == dossier.id).returning(model.id)
    ).one_or_none()
    if dropped is None:
        raise PartUnknown()
    note_change(operator_id, dossier, f"{part}_dropped")


def _note(operator_id: int, dossier: Dossier, action: str, **details: object) -> None:
    """Count the change while there is a draft; what follows later changes no terms, and has a maker too."""
    if dossier.status is DossierStatus.DRAFT:
        note_change(operator_id, dossier, action, **details)
        return
    db.session.flush()
    note_maker(operator_id, dossier)
    audit.record(operator_id, action, dossier.code, details)


def _refused(field: str, message: str, **params: object) -> DossierRefused:
    return DossierRefused(errors=[{"pointer": f"#/{field}", "detail": t(message, **params)}])
