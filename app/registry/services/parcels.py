"""Parcels 地块: measured, and put down where no other project has land at the same time.

No two dossiers that are not withdrawn have parcels that overlap while their crediting periods do, and no
two parcels of one dossier overlap at all. Whoever puts land down waits for whoever does at the moment: under
the table's lock the parcels that stand are all there are.
"""

from typing import Any

from sqlalchemy import delete, func, select, text

from app.kit import clock
from app.kit.database import db
from app.registry.errors.dossiers import ParcelOverlaps, PartUnknown
from app.registry.models import Parcel
from app.registry.queries.parcels import clashes, overlap_faults, read_lands, refuse_faults
from app.registry.rules.land import Land
from app.registry.rules.parcels import MOST_PARCELS, ParcelFault
from app.registry.services.dossiers import lock_draft, note_change


def add_parcels(operator_id: int, code: str, document: Any) -> list[Parcel]:
    """Put the parcels of a GeoJSON document into a draft, all of them or none.

    Raises `DossierUnknown`, `DossierMoved`, `ParcelsRefused` with what is wrong and where,
    `ParcelOverlaps` with what is shared with whom.
    """
    dossier = lock_draft(code)
    lands = read_lands(document, dossier.region, declared=True)
    # Not before the outlines are read: others wait from here on. Readers do not.
    db.session.execute(text("LOCK TABLE parcel IN SHARE ROW EXCLUSIVE MODE"))
    standing, last = _standing(dossier.id)
    if standing + len(lands) > MOST_PARCELS:
        refuse_faults([ParcelFault("too_many", "#", count=standing + len(lands), most=MOST_PARCELS)])
    found = clashes(lands, dossier.period, dossier.id)
    if found:
        raise ParcelOverlaps([clash.feature for clash in found], errors=overlap_faults(found))
    rows = [_row(land, number, dossier.id, operator_id) for number, land in enumerate(lands, last + 1)]
    db.session.add_all(rows)
    note_change(operator_id, dossier, "parcels_added", numbers=[row.number for row in rows])
    return rows


def drop_parcel(operator_id: int, code: str, number: int) -> None:
    """Take a parcel out of a draft. Raises `DossierUnknown`, `DossierMoved`, `PartUnknown`."""
    dossier = lock_draft(code)
    wanted = delete(Parcel).where(Parcel.dossier_id == dossier.id, Parcel.number == number)
    if db.session.execute(wanted.returning(Parcel.id)).one_or_none() is None:
        raise PartUnknown()
    note_change(operator_id, dossier, "parcel_dropped", number=number)


def _standing(dossier_id: int) -> tuple[int, int]:
    """How many parcels the dossier has, and the highest number among them."""
    counted = select(func.count(), func.coalesce(func.max(Parcel.number), 0))
    count, last = db.session.execute(counted.where(Parcel.dossier_id == dossier_id)).one()
    return count, last


def _row(land: Land, number: int, dossier_id: int, operator_id: int) -> Parcel:
    box = land.box
    return Parcel(
        dossier_id=dossier_id,
        number=number,
        name=land.outline.name,
        rings=land.rings,
        area_m2=land.area_m2,
        declared_area_m2=land.outline.declared_area_m2,
        west=box.west,
        south=box.south,
        east=box.east,
        north=box.north,
        added_by=operator_id,
        added_at=clock.now(),
    )
