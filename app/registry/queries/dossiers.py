"""Dossiers 项目申报书: what operators see of them, and what everybody does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, func, select

from app.accounts import queries as accounts
from app.kit import sealing
from app.kit.database import db
from app.kit.messages import t
from app.kit.proof import Proof
from app.registry.errors.dossiers import DossierUnknown, PartUnknown
from app.registry.models import (
    Document,
    Dossier,
    DossierMaker,
    Issuance,
    Objection,
    Opinion,
    Parcel,
    Project,
    RightShare,
    VerifiedRemoval,
)
from app.registry.queries.parcels import list_parcels, parcel_feature
from app.registry.rules import PRODUCTS, buffer_kg
from app.registry.rules.dossiers import Share, Sharing, sharing


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """A right holder's share; `name` is empty in public where they did not consent to be named."""

    id: int
    role: str
    share_bp: int
    named: bool
    name: str

    @property
    def public_name(self) -> str | None:
        """The name as everybody may read it."""
        return self.name if self.named else None


@dataclass(frozen=True, slots=True)
class DossierStanding:
    """A dossier with everything that belongs to it."""

    dossier: Dossier
    holder: str
    public_holder: str
    shares: Sequence[ShareFacts]
    parcels: Sequence[Parcel]
    documents: Sequence[Document]
    opinions: Sequence[Opinion]
    objections: Sequence[Objection]
    removals: Sequence[VerifiedRemoval]

    @property
    def area_m2(self) -> int:
        """The land of all its parcels."""
        return sum(parcel.area_m2 for parcel in self.parcels)

    @property
    def shares_bp(self) -> int:
        """What has been given to right holders so far."""
        return sum(share.share_bp for share in self.shares)

    def pool_kg(self, removal: VerifiedRemoval) -> int:
        """What of a verified removal goes into the buffer pool when it is issued."""
        return buffer_kg(removal.quantity_kg, self.dossier.buffer_bp, PRODUCTS[self.dossier.product].face_kg)

    @property
    def open_objections(self) -> int:
        """How many objections wait for an answer."""
        return sum(objection.answered_at is None for objection in self.objections)

    @property
    def feature_collection(self) -> dict[str, Any]:
        """Its parcels as GeoJSON."""
        features = [parcel_feature(parcel) for parcel in self.parcels]
        return {"type": "FeatureCollection", "features": features}

    @property
    def reports(self) -> Mapping[int, Document]:
        """Its documents by their ids."""
        return {document.id: document for document in self.documents}


@dataclass(frozen=True, slots=True)
class DossierLine:
    """A dossier in a list."""

    dossier: Dossier
    holder: str
    public_holder: str
    parcels: int
    area_m2: int
    open_objections: int
    open_removals: int


def public_names(key: SQLColumnExpression[Any], holder_ids: Mapping[int, int]) -> dict[int, str]:
    """The right holders' names as everybody may read them, by dossier or project as `key` says.

    A household is named where a share of it there says that it consents; villages and organisations are.
    """
    consents = (
        select(key, RightShare.holder_id)
        .join(Dossier, Dossier.id == RightShare.dossier_id)
        .where(key.in_([*holder_ids]), RightShare.named)
    )
    holders = accounts.list_holders([*holder_ids.values()])
    named = {tuple(row) for row in db.session.execute(consents)}
    return {
        each: t("registry.role_household")
        if holders[whose].kind == "household" and (each, whose) not in named
        else holders[whose].name or ""
        for each, whose in holder_ids.items()
    }


def get_dossier(code: str, *, public: bool = False) -> DossierStanding:
    """The dossier with this code; for the public not while it is a draft. Raises `DossierUnknown`."""
    dossier = (
        db.session.scalar(select(Dossier).where(Dossier.code == code))
        if code.isalnum() and code.isascii()
        else None
    )
    if dossier is None or (public and dossier.reviewed_at is None):
        raise DossierUnknown()
    return _standing(dossier)


def find_dossier_of(project: Project) -> DossierStanding | None:
    """The dossier that this project was registered from; None for one that has none."""
    dossier = db.session.scalar(select(Dossier).where(Dossier.project_id == project.id))
    return None if dossier is None else _standing(dossier)


def list_dossiers(limit: int, before: int | None = None) -> list[DossierLine]:
    """Dossiers, the newest first; `before` is a dossier's id."""
    wanted = select(Dossier).order_by(Dossier.id.desc()).limit(limit)
    return _lines(wanted.where(Dossier.id < before) if before else wanted)


def list_notices(limit: int, after: int | None = None) -> list[DossierLine]:
    """Dossiers in public notice, the oldest first; `after` is a dossier's id."""
    running = select(Dossier).where(
        Dossier.reviewed_at.is_not(None), Dossier.registered_at.is_(None), Dossier.withdrawn_at.is_(None)
    )
    return _lines(running.where(Dossier.id > (after or 0)).order_by(Dossier.id).limit(limit))


def list_mapped_parcels(limit: int = 5_000) -> list[tuple[str, Parcel]]:
    """Parcels of registered projects, each with its project's code."""
    wanted = (
        select(Dossier.project_code, Parcel)
        .join(Dossier, Dossier.id == Parcel.dossier_id)
        .where(Dossier.project_id.is_not(None))
        .order_by(Parcel.dossier_id, Parcel.number)
        .limit(limit)
    )
    return [(code, parcel) for code, parcel in db.session.execute(wanted)]


def count_dossiers_waiting(now: datetime) -> int:
    """How many dossiers and removals wait for somebody: to be answered, registered, or decided."""
    ready = select(func.count(Dossier.id)).where(
        Dossier.notice_until <= now, Dossier.registered_at.is_(None), Dossier.withdrawn_at.is_(None)
    )
    objections = (
        select(func.count(Objection.id))
        .join(Dossier, Dossier.id == Objection.dossier_id)
        .where(Objection.answered_at.is_(None), Dossier.withdrawn_at.is_(None))
    )
    removals = select(func.count(VerifiedRemoval.id)).where(VerifiedRemoval.decided_at.is_(None))
    return sum(db.session.scalar(each) or 0 for each in (ready, objections, removals))


def open_document(code: str, document_id: int) -> tuple[Document, bytes]:
    """A document of a dossier and its content. Raises `PartUnknown`."""
    document = db.session.scalar(
        select(Document)
        .join(Dossier, Dossier.id == Document.dossier_id)
        .where(Dossier.code == code, Document.id == document_id)
    )
    if document is None:
        raise PartUnknown()
    return document, sealing.unseal_bytes(document.content_sealed, document_context(document.sha256))


def objection_words(objection: Objection) -> str:
    """What somebody wrote; for operators only, since it may name people."""
    return sealing.unseal(objection.words_sealed, objection_context(objection.code))


def document_context(digest: bytes) -> str:
    """What a document's content is sealed for."""
    return f"dossier_document:{digest.hex()}"


def objection_context(code: str) -> str:
    """What an objection's words are sealed for."""
    return f"objection:{code}"


def list_sharings(project_ids: Collection[int]) -> dict[int, Sharing]:
    """The terms that follow from right holders' shares, of projects that need nobody's decision on them."""
    rows = db.session.execute(
        select(Dossier.project_id, RightShare)
        .join(Dossier, Dossier.id == RightShare.dossier_id)
        .where(Dossier.project_id.in_(project_ids))
        .order_by(RightShare.id)
    )
    shares: dict[int, list[Share]] = {each: [] for each in project_ids}
    for project_id, row in rows:
        shares[project_id or 0].append(row.share)
    found = {project_id: sharing(each) for project_id, each in shares.items() if each}
    return {project_id: each for project_id, each in found.items() if each is not None}


def is_maker_of(operator_id: int, issuance_id: int) -> bool:
    """Whether an operator had a hand in the dossier of the forest that these units were issued for."""
    made = (
        select(DossierMaker.operator_id)
        .join(Dossier, Dossier.id == DossierMaker.dossier_id)
        .join(Issuance, Issuance.project_id == Dossier.project_id)
        .where(Issuance.id == issuance_id, DossierMaker.operator_id == operator_id)
    )
    return db.session.scalar(made.limit(1)) is not None


def prove_dossiers() -> list[Proof]:
    """That what was issued to a project with a dossier is what was verified, once each."""
    issued = db.session.execute(
        select(
            func.count(Issuance.id),
            func.coalesce(func.sum(Issuance.last_serial - Issuance.first_serial + 1), 0),
        ).where(Issuance.project_id.in_(select(Dossier.project_id).where(Dossier.project_id.is_not(None))))
    ).one()
    verified = db.session.execute(
        select(func.count(VerifiedRemoval.id), func.coalesce(func.sum(VerifiedRemoval.quantity_kg), 0)).where(
            VerifiedRemoval.issuance_id.is_not(None)
        )
    ).one()
    figures = {"issued_kg": int(issued[1]), "verified_kg": int(verified[1])}
    return [Proof("registry.prove_removals", figures, tuple(issued) == tuple(verified))]


def _standing(dossier: Dossier) -> DossierStanding:
    def parts(model: Any) -> Any:
        return db.session.scalars(
            select(model).where(model.dossier_id == dossier.id).order_by(model.id)
        ).all()

    rows = parts(RightShare)
    names = accounts.list_holders([dossier.holder_id, *(row.holder_id for row in rows)])
    shares = [
        ShareFacts(row.id, row.role, row.share_bp, row.named, names[row.holder_id].name or "") for row in rows
    ]
    return DossierStanding(
        dossier=dossier,
        holder=names[dossier.holder_id].name or "",
        public_holder=public_names(RightShare.dossier_id, {dossier.id: dossier.holder_id})[dossier.id],
        shares=shares,
        parcels=list_parcels(dossier.id),
        documents=parts(Document),
        opinions=parts(Opinion),
        objections=parts(Objection),
        removals=parts(VerifiedRemoval),
    )


def _lines(wanted: Select[Any]) -> list[DossierLine]:
    dossiers: Sequence[Dossier] = db.session.scalars(wanted).all()
    ids = [dossier.id for dossier in dossiers]
    holders = accounts.list_holders([dossier.holder_id for dossier in dossiers])

    public = public_names(RightShare.dossier_id, {each.id: each.holder_id for each in dossiers})

    def by_dossier(model: Any, figure: Any, *conditions: Any) -> dict[int, int]:
        grouped = select(model.dossier_id, figure).where(model.dossier_id.in_(ids), *conditions)
        return {row[0]: int(row[1]) for row in db.session.execute(grouped.group_by(model.dossier_id))}

    counts = by_dossier(Parcel, func.count())
    areas = by_dossier(Parcel, func.sum(Parcel.area_m2))
    objections = by_dossier(Objection, func.count(), Objection.answered_at.is_(None))
    removals = by_dossier(VerifiedRemoval, func.count(), VerifiedRemoval.decided_at.is_(None))
    return [
        DossierLine(
            dossier=each,
            holder=holders[each.holder_id].name or "",
            public_holder=public[each.id],
            parcels=counts.get(each.id, 0),
            area_m2=areas.get(each.id, 0),
            open_objections=objections.get(each.id, 0),
            open_removals=removals.get(each.id, 0),
        )
        for each in dossiers
    ]
