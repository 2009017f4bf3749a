"""Loading regions 行政区划, and hanging projects at them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select, text

from app.accounts.services import audit
from app.kit import clock
from app.kit.database import allow_bulk, copy_rows, db, write
from app.registry.errors import ProjectUnknown, RegionOutside, RegionUnknown
from app.registry.models import Project, Region
from app.registry.rules.regions import is_code, is_sample, read_table

SHIPPED = Path(__file__).parent.parent / "data" / "regions.csv"
BULK_MINUTES = 10

_TOLD = text(
    "CREATE TEMPORARY TABLE told_region (code text, name_zh text, name_en text, sample boolean)"
    " ON COMMIT DROP"
)
_PARENT = (
    "CASE length(code) WHEN 2 THEN NULL WHEN 4 THEN left(code, 2) WHEN 6 THEN left(code, 4)"
    " WHEN 9 THEN left(code, 6) ELSE left(code, 9) END"
)
# A name that a shorter table leaves out is no reason to forget the one that is known.
_MERGE = text(
    "INSERT INTO region AS known (code, digits, parent, name_zh, name_en, sample, loaded_at)"
    f" SELECT code, length(code), {_PARENT}, name_zh, name_en, sample, :now FROM told_region"
    " ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh,"
    "   name_en = coalesce(excluded.name_en, known.name_en), loaded_at = excluded.loaded_at"
    " WHERE (known.name_zh, known.name_en)"
    "   IS DISTINCT FROM (excluded.name_zh, coalesce(excluded.name_en, known.name_en))"
    " RETURNING (xmax = 0) AS new"
)
_HANG = text(
    "UPDATE project SET region_code = region FROM region known"
    " WHERE region_code IS NULL AND known.code = project.region"
)


class Loaded(NamedTuple):
    """What came of loading a table; `placed` are projects whose county was not known before."""

    read: int
    added: int
    renamed: int
    placed: int


def load_regions(lines: Iterable[str] | None = None) -> Loaded:
    """Load a table of regions, by default the one we bring; what it does not name stays as it is.

    Raises `rules.regions.TableFaulty` for a table with faults, of which nothing is loaded.
    """
    allow_bulk(BULK_MINUTES)
    known = set(db.session.scalars(select(Region.code)))
    if lines is None:
        with SHIPPED.open(encoding="utf-8") as shipped:
            rows = read_table(shipped, known)
    else:
        rows = read_table(lines, known)
    db.session.execute(text("DROP TABLE IF EXISTS told_region"))
    db.session.execute(_TOLD)
    copy_rows(
        "told_region",
        ("code", "name_zh", "name_en", "sample"),
        ((row.code, row.name_zh, row.name_en, is_sample(row.code)) for row in rows),
    )
    merged = db.session.scalars(_MERGE, {"now": clock.now()}).all()
    placed = write(_HANG)
    return Loaded(len(rows), sum(merged), len(merged) - sum(merged), placed)


def region_for(county: str, wanted: str | None) -> str | None:
    """Where a project of this county hangs: where it is wanted, else the county, None while that is unknown.

    Raises `RegionUnknown`, and `RegionOutside` for a region that does not lie in the county.
    """
    code = wanted or county
    if not is_code(code) or db.session.get(Region, code) is None:
        if wanted is None:
            return None
        raise RegionUnknown()
    if not code.startswith(county):
        raise RegionOutside(county=county)
    return code


def place_project(operator_id: int, project_code: str, region_code: str) -> None:
    """Hang a project at a region of its county: its township or village, when that becomes known.

    Its accounts move along in all five levels; serials keep naming the county. Raises
    `ProjectUnknown`, `RegionUnknown` and `RegionOutside`.
    """
    project = db.session.scalar(select(Project).where(Project.code == project_code).with_for_update())
    if project is None:
        raise ProjectUnknown()
    before, project.region_code = project.region_code, region_for(project.region, region_code)
    db.session.flush()
    audit.record(operator_id, "project_placed", project.code, {"from": before, "to": project.region_code})
