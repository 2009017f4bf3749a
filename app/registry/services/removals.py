"""From a verified removal 核证量 to units: requested by one operator, issued or refused by another."""

from dataclasses import dataclass
from datetime import date

from psycopg import errors as pg
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors.dossiers import DossierMoved, DossierRefused, OwnDossier, PartUnknown, RemovalTaken
from app.registry.models import Document, Dossier, Parcel, VerifiedRemoval
from app.registry.rules import PRODUCTS, buffer_kg
from app.registry.rules.dossiers import DossierStatus, is_plausible, removal_fault
from app.registry.services.dossiers import lock_dossier
from app.registry.services.projects import Issued, issue


@dataclass(frozen=True, slots=True)
class NewRemoval:
    """What a verifier found: how much, over which days, by which report."""

    document_id: int
    period: tuple[date, date]
    vintage: int
    quantity_kg: int
    verification: str
    verifier: str
    verified_on: date


def request_issuance(operator_id: int, code: str, removal: NewRemoval) -> VerifiedRemoval:
    """Put a verified removal of a registered project forward for issuance.

    Raises `DossierUnknown`, `DossierMoved`, `DossierRefused`, and `RemovalTaken` where the report's file,
    its reference or a day of its period stands in a request that was not refused.
    """
    dossier = lock_dossier(code)
    if dossier.status is not DossierStatus.REGISTERED:
        raise DossierMoved()
    fault = removal_fault(
        removal.period, removal.vintage, removal.verified_on, dossier.period, clock.business_day()
    )
    if fault:
        raise _refused("period_end", fault)
    area = select(func.sum(Parcel.area_m2)).where(Parcel.dossier_id == dossier.id)
    if not is_plausible(removal.quantity_kg, int(db.session.scalar(area) or 0), removal.period):
        raise _refused("quantity_kg", "registry.removal_implausible")
    face_kg = PRODUCTS[dossier.product].face_kg
    if removal.quantity_kg % face_kg:
        raise _refused("quantity_kg", "registry.removal_not_whole", face=face_kg)
    pooled_kg = buffer_kg(removal.quantity_kg, dossier.buffer_bp, face_kg)
    if pooled_kg >= removal.quantity_kg:
        raise _refused("quantity_kg", "registry.removal_all_pooled", share=pooled_kg)
    report = _report(dossier, removal.document_id)
    row = VerifiedRemoval(
        code=random_code(12),
        dossier_id=dossier.id,
        document_id=report.id,
        report_sha256=report.sha256,
        period_start=removal.period[0],
        period_end=removal.period[1],
        vintage=removal.vintage,
        quantity_kg=removal.quantity_kg,
        verification=removal.verification,
        verifier=removal.verifier,
        verified_on=removal.verified_on,
        requested_by=operator_id,
        requested_at=clock.now(),
    )
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, (pg.UniqueViolation, pg.ExclusionViolation)):
            raise RemovalTaken() from error
        raise
    audit.record(operator_id, "issuance_requested", row.code, {"quantity_kg": row.quantity_kg})
    return row


def approve_issuance(operator_id: int, code: str, removal_code: str) -> Issued:
    """Issue the units of a verified removal that others requested, and whose report others uploaded.

    Raises `DossierUnknown`, `PartUnknown`, `DossierMoved` for one that is decided, `OwnDossier`,
    `PeriodIssued`.
    """
    dossier, row = _lock_open(operator_id, code, removal_code)
    assert dossier.project_id is not None
    uploaded = select(Document.added_by).where(Document.id == row.document_id)
    if db.session.scalar(uploaded) == operator_id:
        raise OwnDossier()
    issued = issue(
        dossier.project_id,
        (row.period_start, row.period_end),
        row.quantity_kg,
        vintage=row.vintage,
        verification=row.verification,
    )
    row.decided_by, row.decided_at, row.issuance_id = operator_id, clock.now(), issued.issuance_id
    db.session.flush()
    audit.record(operator_id, "issuance_approved", removal_code, {"quantity_kg": row.quantity_kg})
    return issued


def refuse_issuance(operator_id: int, code: str, removal_code: str, reason: str) -> None:
    """Refuse a request for issuance; the report may be put forward again, corrected.

    Raises `DossierUnknown`, `PartUnknown`, `DossierMoved`, `OwnDossier`.
    """
    _, row = _lock_open(operator_id, code, removal_code)
    row.decided_by, row.decided_at, row.refused_reason = operator_id, clock.now(), reason
    db.session.flush()
    audit.record(operator_id, "issuance_refused", removal_code)


def _lock_open(operator_id: int, code: str, removal_code: str) -> tuple[Dossier, VerifiedRemoval]:
    dossier = lock_dossier(code)
    row = db.session.scalar(
        select(VerifiedRemoval).where(
            VerifiedRemoval.dossier_id == dossier.id, VerifiedRemoval.code == removal_code
        )
    )
    if row is None:
        raise PartUnknown()
    if row.decided_at is not None:
        raise DossierMoved()
    if row.requested_by == operator_id:
        raise OwnDossier()
    return dossier, row


def _report(dossier: Dossier, document_id: int) -> Document:
    report = db.session.get(Document, document_id)
    if report is None or report.dossier_id != dossier.id or report.kind != "verification":
        raise _refused("document", "registry.removal_without_report")
    return report


def _refused(field: str, message: str, **params: object) -> DossierRefused:
    return DossierRefused(errors=[{"pointer": f"#/{field}", "detail": t(message, **params)}])
