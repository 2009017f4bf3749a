"""Parcels 地块 that stand, and which of them a new outline would overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import shapely
from sqlalchemy import select, text

from app.kit.database import db
from app.kit.messages import t
from app.kit.proof import Proof
from app.registry.errors.dossiers import ParcelsRefused
from app.registry.models import Dossier, Parcel
from app.registry.rules import Both
from app.registry.rules.dossiers import overlap_in_time
from app.registry.rules.land import Land, Overlap, overlap, polygon, rings_of, survey
from app.registry.rules.parcels import (
    MOST_ASKED_PARCELS,
    MOST_ASKED_POINTS,
    ParcelFault,
    geojson,
    read_parcels,
)

MOST_CLASHES = 20
"""So many are told of; whoever removed them is told of the next."""

_BESIDE = text(
    "SELECT p.number, p.name, p.rings, d.id, d.project_code, d.name_zh, d.name_en"
    " FROM parcel p JOIN dossier d ON d.id = p.dossier_id"
    " WHERE box(point(p.west, p.south), point(p.east, p.north))"
    " && box(point(:west, :south), point(:east, :north))"
    " AND d.withdrawn_at IS NULL AND (d.id = :own OR (d.period_start <= :end AND d.period_end >= :start))"
    " AND (NOT :public OR d.reviewed_at IS NOT NULL)"
    " ORDER BY p.dossier_id, p.number"
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A parcel beside which another one is put."""

    dossier_id: int
    project_code: str
    project_name: Both
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What a new outline shares with a parcel that stands, or with another outline of the same document."""

    land: Land
    other: Neighbour | Land
    shared: Overlap

    @property
    def feature(self) -> dict[str, Any]:
        """What is shared, as a GeoJSON Feature."""
        where = {"parcel": self.land.outline.name, "area_m2": self.shared.area_m2}
        if isinstance(self.other, Neighbour):
            where |= {"project": self.other.project_code, "other_parcel": self.other.number}
        pieces = [rings_of(piece) for piece in self.shared.pieces]
        return {
            "type": "Feature",
            "properties": where,
            "geometry": {"type": "MultiPolygon", "coordinates": pieces},
        }


def read_lands(
    document: Any, region: str | None, *, declared: bool = False, public: bool = False
) -> list[Land]:
    """The land of a GeoJSON document's parcels; with `declared`, each must say how large it is said to be.

    With `public` it may be as large as anyone may ask about. Raises `ParcelsRefused` with what is wrong
    with each, and where.
    """
    outlines, faults = read_parcels(document, region)
    if public:
        parcels, points = len(outlines), sum(len(ring) for each in outlines for ring in each.rings)
        if parcels > MOST_ASKED_PARCELS:
            told = {"count": parcels, "most": MOST_ASKED_PARCELS}
            refuse_faults([ParcelFault("asked_too_many", "#/parcels", **told)])
        if points > MOST_ASKED_POINTS:
            told = {"count": points, "most": MOST_ASKED_POINTS}
            refuse_faults([ParcelFault("asked_too_many_points", "#/parcels", **told)])
    lands = []
    for outline in outlines:
        try:
            if declared and outline.declared_area_m2 is None:
                raise ParcelFault("declared_missing", f"{outline.pointer}/properties/declared_area_m2")
            lands.append(survey(outline))
        except ParcelFault as fault:
            faults.append(fault)
    refuse_faults(faults)
    return lands


def refuse_faults(faults: Sequence[ParcelFault]) -> None:
    """Refuse outlines with faults, in words. Raises `ParcelsRefused`."""
    if faults:
        told = [(fault.pointer, t(f"registry.parcel_{fault.word}", **fault.params)) for fault in faults]
        raise ParcelsRefused(errors=[{"pointer": pointer, "detail": detail} for pointer, detail in told])


def clashes(
    lands: Sequence[Land], period: tuple[date, date], own_id: int = 0, *, public: bool = False
) -> list[Clash]:
    """What these lands share with parcels of this time, and with each other: the first `MOST_CLASHES`.

    `own_id` is the dossier that they are for; with `public` drafts of others are not told of.
    """
    return list(islice(_clashes(lands, period, own_id, public=public), MOST_CLASHES))


def _clashes(
    lands: Sequence[Land], period: tuple[date, date], own_id: int, *, public: bool
) -> Iterator[Clash]:
    for index, land in enumerate(lands):
        for other in lands[:index]:
            shared = overlap(land.shape, other.shape)
            if shared is not None:
                yield Clash(land, other, shared)
        span = {"start": period[0], "end": period[1], "own": own_id, "public": public}
        for row in db.session.execute(_BESIDE, {**land.box._asdict(), **span}):
            shared = overlap(land.shape, polygon(row.rings))
            if shared is not None:
                names = Both(row.name_zh, row.name_en)
                other_parcel = Neighbour(row.id, row.project_code, names, row.number, row.name)
                yield Clash(land, other_parcel, shared)


def overlap_faults(found: Sequence[Clash]) -> list[dict[str, str]]:
    """Each clash in words: which parcel, with whose, how much, where."""
    return [{"pointer": clash.land.outline.place, "detail": _told(clash)} for clash in found]


def _told(clash: Clash) -> str:
    where = {
        "parcel": clash.land.outline.name,
        "area": f"{clash.shared.area_m2:,}",
        "lon": f"{clash.shared.lon:.6f}",
        "lat": f"{clash.shared.lat:.6f}",
    }
    if isinstance(clash.other, Neighbour):
        other = clash.other
        names = {"project": other.project_code, "number": other.number, "other": other.name}
        return t("registry.overlap_of_project", **where, **names)
    return t("registry.overlap_of_upload", **where, other=clash.other.outline.name)


def list_parcels(dossier_id: int) -> Sequence[Parcel]:
    """A dossier's parcels in their order."""
    wanted = select(Parcel).where(Parcel.dossier_id == dossier_id).order_by(Parcel.number)
    return db.session.scalars(wanted).all()


def parcel_feature(parcel: Parcel) -> dict[str, Any]:
    """A parcel as a GeoJSON Feature."""
    return geojson(
        parcel.rings,
        number=parcel.number,
        name=parcel.name,
        area_m2=parcel.area_m2,
        declared_area_m2=parcel.declared_area_m2,
    )


def prove_parcels() -> list[Proof]:
    """That no land stands twice at one time, recomputed from every outline."""
    rows = db.session.execute(
        select(Parcel.dossier_id, Parcel.rings, Dossier.period_start, Dossier.period_end)
        .join(Dossier, Dossier.id == Parcel.dossier_id)
        .where(Dossier.withdrawn_at.is_(None))
    ).all()
    shapes = [polygon(row.rings) for row in rows]
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects") if shapes else ([], [])
    twice = 0
    for one, other in zip(*pairs, strict=True):
        a, b = rows[one], rows[other]
        if one >= other or not (
            a.dossier_id == b.dossier_id or overlap_in_time(tuple(a[2:4]), tuple(b[2:4]))
        ):
            continue
        twice += overlap(shapes[one], shapes[other]) is not None
    return [Proof("registry.prove_parcels", {"parcels": len(rows), "overlapping": twice}, not twice)]
