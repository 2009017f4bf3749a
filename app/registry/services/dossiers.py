"""A dossier's way: written by some, reviewed by another, in public notice, registered, or withdrawn."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta

from psycopg import errors as pg
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors.dossiers import (
    DossierChanged,
    DossierMoved,
    DossierNotReady,
    DossierRefused,
    DossierUnknown,
    OwnDossier,
    ProjectCodeTaken,
)
from app.registry.models import (
    Document,
    Dossier,
    DossierMaker,
    Objection,
    Opinion,
    Parcel,
    Project,
    RightShare,
)
from app.registry.rules import FOREST_TYPES, HOME_PRODUCTS, OWN_METHODOLOGIES, YIYUAN
from app.registry.rules.dossiers import MOST_BUFFER_BP, DossierStatus, crediting_fault, shares_fault
from app.registry.services.projects import ProjectFacts, register_project
from app.registry.services.regions import region_for

_NEEDED = ("title", "design")
"""Kinds of documents without which nothing is reviewed."""


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """What a dossier says of its forest; the meaning of each stands at `models.Described`."""

    project_code: str
    name_zh: str
    name_en: str
    region: str
    county_zh: str
    county_en: str
    township_zh: str
    township_en: str
    village_zh: str
    village_en: str
    forest_type: str
    methodology: str
    description_zh: str
    description_en: str
    period_start: date
    period_end: date
    region_code: str | None = None
    buffer_bp: int = 0
    product: str = YIYUAN


def open_dossier(operator_id: int, facts: DossierFacts, holder_id: int, *, sample: bool) -> Dossier:
    """Open the draft of a project whose units will be issued to `holder_id`.

    Raises `ProjectCodeTaken`, `DossierRefused`, `RegionUnknown`, `RegionOutside`.
    """
    _require_sound(facts)
    _require_free(facts.project_code)
    dossier = Dossier(
        code=random_code(12),
        holder_id=holder_id,
        sample=sample,
        drafted_by=operator_id,
        drafted_at=clock.now(),
        edited_by=operator_id,
        **asdict(facts),
    )
    db.session.add(dossier)
    _flush()
    note_maker(operator_id, dossier)
    audit.record(operator_id, "dossier_opened", dossier.code, {"project": dossier.project_code})
    return dossier


def change_dossier(operator_id: int, code: str, facts: DossierFacts, holder_id: int) -> Dossier:
    """Write a draft's facts anew; its place and period stay, once parcels were measured against them.

    Raises `DossierUnknown`, `DossierMoved`, `ProjectCodeTaken`, `DossierRefused`.
    """
    dossier = lock_draft(code)
    _require_sound(facts)
    if facts.project_code != dossier.project_code:
        _require_free(facts.project_code)
    fixed = (dossier.region, dossier.period_start, dossier.period_end)
    if (facts.region, facts.period_start, facts.period_end) != fixed and _count(Parcel, dossier):
        raise _refused("period_start", "registry.dossier_measured")
    for name, value in asdict(facts).items():
        setattr(dossier, name, value)
    dossier.holder_id, dossier.edited_by = holder_id, operator_id
    note_change(operator_id, dossier, "dossier_changed")
    return dossier


def review_dossier(operator_id: int, code: str, revision: int, notice: timedelta) -> Dossier:
    """Approve a draft as it was read, by somebody who wrote nothing of it; opens its public notice.

    Raises `DossierUnknown`, `DossierMoved`, `DossierChanged` for another revision, `OwnDossier`,
    `DossierNotReady` with everything that it lacks.
    """
    dossier = lock_draft(code)
    if dossier.revision != revision:
        raise DossierChanged()
    refuse_maker(operator_id, dossier)
    _require_ready(_lacking(dossier))
    now = clock.now()
    dossier.reviewed_by, dossier.reviewed_at, dossier.notice_until = operator_id, now, now + notice
    db.session.flush()
    audit.record(operator_id, "dossier_reviewed", code, {"revision": revision})
    return dossier


def register_dossier(operator_id: int, code: str) -> Project:
    """Register the project of a dossier whose notice is over and whose objections are all dismissed.

    Raises `DossierUnknown`, `DossierMoved`, `OwnDossier`, `DossierNotReady`, `ProjectCodeTaken`.
    """
    dossier = lock_dossier(code)
    if dossier.status is not DossierStatus.NOTICE:
        raise DossierMoved()
    refuse_maker(operator_id, dossier)
    _require_ready(_hindering(dossier))
    known = db.session.scalar(select(Project.id).where(Project.code == dossier.project_code))
    if known is not None:
        raise ProjectCodeTaken(code=dossier.project_code)
    project = register_project(_project_facts(dossier), dossier.holder_id)
    dossier.project_id, dossier.registered_by = project.id, operator_id
    dossier.registered_at = project.registered_at
    db.session.flush()
    audit.record(operator_id, "project_registered", project.code, {"dossier": code})
    return project


def withdraw_dossier(operator_id: int, code: str, reason: str) -> None:
    """End a dossier that is not registered; its land is free again.

    Raises `DossierUnknown`, `DossierMoved`.
    """
    dossier = lock_dossier(code)
    if dossier.status not in (DossierStatus.DRAFT, DossierStatus.NOTICE):
        raise DossierMoved()
    dossier.withdrawn_by, dossier.withdrawn_at, dossier.withdrawn_reason = operator_id, clock.now(), reason
    db.session.flush()
    audit.record(operator_id, "dossier_withdrawn", code)


def lock_dossier(code: str) -> Dossier:
    """The dossier with this code, locked until the commit. Raises `DossierUnknown`."""
    dossier = db.session.scalar(
        select(Dossier)
        .where(Dossier.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if dossier is None:
        raise DossierUnknown()
    return dossier


def lock_draft(code: str) -> Dossier:
    """The dossier with this code while it can be written. Raises `DossierUnknown`, `DossierMoved`."""
    dossier = lock_dossier(code)
    if dossier.status is not DossierStatus.DRAFT:
        raise DossierMoved()
    return dossier


def note_change(operator_id: int, dossier: Dossier, action: str, **details: object) -> None:
    """Count a change of a locked draft, so that no review overlooks it, and write it in the audit log."""
    dossier.revision += 1
    _flush()
    note_maker(operator_id, dossier)
    audit.record(operator_id, action, dossier.code, details)


def refuse_maker(operator_id: int, dossier: Dossier) -> None:
    """Refuse whoever wrote or dropped anything of a dossier, ever. Raises `OwnDossier`."""
    if db.session.get(DossierMaker, (dossier.id, operator_id)) is not None:
        raise OwnDossier()


def note_maker(operator_id: int, dossier: Dossier) -> None:
    """Remember for good who had a hand in a dossier."""
    maker = insert(DossierMaker).values(dossier_id=dossier.id, operator_id=operator_id)
    db.session.execute(maker.on_conflict_do_nothing())


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise ProjectCodeTaken(code="") from error
        raise


def _require_free(code: str) -> None:
    dossiers = select(Dossier.id).where(Dossier.project_code == code, Dossier.withdrawn_at.is_(None))
    projects = select(Project.id).where(Project.code == code)
    if db.session.scalar(dossiers) is not None or db.session.scalar(projects) is not None:
        raise ProjectCodeTaken(code=code)


def _require_sound(facts: DossierFacts) -> None:
    choices = {"forest_type": FOREST_TYPES, "methodology": OWN_METHODOLOGIES, "product": HOME_PRODUCTS}
    for field, known in choices.items():
        if getattr(facts, field) not in known:
            raise _refused(field, "kit.field_one_of", choices=", ".join(known))
    if not 0 <= facts.buffer_bp <= MOST_BUFFER_BP:
        raise _refused("buffer_bp", "kit.field_between", least=0, most=f"{MOST_BUFFER_BP // 100}%")
    region_for(facts.region, facts.region_code)
    fault = crediting_fault(facts.period_start, facts.period_end)
    if fault:
        raise _refused("period_end", fault)


def _refused(field: str, message: str, **params: object) -> DossierRefused:
    return DossierRefused(errors=[{"pointer": f"#/{field}", "detail": t(message, **params)}])


def _require_ready(lacking: list[dict[str, str]]) -> None:
    if lacking:
        raise DossierNotReady(errors=lacking)


def _lacking(dossier: Dossier) -> list[dict[str, str]]:
    """What a draft lacks to be reviewed."""
    rows = db.session.scalars(select(RightShare).where(RightShare.dossier_id == dossier.id)).all()
    fault = shares_fault([row.share for row in rows])
    kinds = db.session.scalars(select(Document.kind).where(Document.dossier_id == dossier.id)).all()
    missing = {
        "shares": fault,
        "parcels": None if _count(Parcel, dossier) else "registry.lacks_parcels",
        "opinions": None if _count(Opinion, dossier) else "registry.lacks_opinion",
        **{kind: None if kind in kinds else f"registry.lacks_{kind}" for kind in _NEEDED},
    }
    return [{"pointer": f"#/{where}", "detail": t(message)} for where, message in missing.items() if message]


def _hindering(dossier: Dossier) -> list[dict[str, str]]:
    """What keeps a dossier in notice from being registered."""
    rows = db.session.scalars(select(Objection.upheld).where(Objection.dossier_id == dossier.id)).all()
    found = []
    if dossier.notice_until is not None and clock.now() < dossier.notice_until:
        until = f"{dossier.notice_until.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
        found.append({"pointer": "#/notice", "detail": t("registry.notice_runs", until=until)})
    if None in rows:
        told = t("registry.objections_open", count=rows.count(None))
        found.append({"pointer": "#/objections", "detail": told})
    if True in rows:
        found.append({"pointer": "#/objections", "detail": t("registry.objection_upheld")})
    return found


def _count(part: type[Parcel] | type[Opinion], dossier: Dossier) -> int:
    counted = select(func.count()).select_from(part).where(part.dossier_id == dossier.id)
    return db.session.scalar(counted) or 0


def _project_facts(dossier: Dossier) -> ProjectFacts:
    area = select(func.sum(Parcel.area_m2)).where(Parcel.dossier_id == dossier.id)
    described = {
        name: getattr(dossier, name)
        for name in ProjectFacts.__dataclass_fields__
        if name not in ("code", "area_m2")
    }
    return ProjectFacts(code=dossier.project_code, area_m2=int(db.session.scalar(area) or 0), **described)
