"""What was published of a region's people: three lines, their months, the parts and what lies in none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text

from app.kit.database import db
from app.registry.queries import regions as registry
from app.statements.models import RegionSnapshot
from app.statements.queries.crowds import find_last_snapshot
from app.statements.rules import LINES

MOST_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Published:
    """Three lines; None for one of which nothing was published yet, whatever the reason."""

    avoided_g: int | None = None
    emitted_g: int | None = None
    offset_g: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing at all was published."""
        return (self.avoided_g, self.emitted_g, self.offset_g) == (None, None, None)


@dataclass(frozen=True, slots=True)
class PartLine:
    """A region in another one."""

    region: "registry.RegionLine"
    published: Published


@dataclass(frozen=True, slots=True)
class MonthLine:
    """What a month's snapshots published."""

    month: str
    published: Published


@dataclass(frozen=True, slots=True)
class RegionFootprint:
    """A region's people: what is published of them, and by which snapshot.

    `unplaced` was published at the region itself: of those at home in no smaller part, and of parts that
    were too few. With `parts` it sums to `published`.
    """

    standing: "registry.RegionStanding"
    published: Published
    months: tuple[MonthLine, ...]
    parts: tuple[PartLine, ...]
    unplaced: Published
    snapshot: RegionSnapshot | None

    @property
    def code(self) -> str:
        """The region's code; empty for all regions together."""
        return self.standing.region.code if self.standing.region else registry.WHOLE


_TOTALS = text(
    "SELECT region, line, sum(published_g)::bigint AS grams FROM region_month"
    " WHERE region = ANY(:codes) GROUP BY 1, 2"
)
_MONTHS = text(
    "SELECT month, line, published_g AS grams FROM region_month WHERE region = :code AND month >= ("
    " SELECT coalesce(min(month), '') FROM (SELECT DISTINCT month FROM region_month WHERE region = :code"
    "   ORDER BY month DESC LIMIT :most) latest) ORDER BY month"
)


def get_region_footprint(code: str = registry.WHOLE) -> RegionFootprint:
    """What is published of a region's people, or of all regions'. Raises `RegionUnknown`."""
    standing = registry.get_region(code) if code else registry.get_whole()
    lines = {part.region.code: part for part in standing.parts}
    totals = _totals([code, *lines])
    parts = tuple(PartLine(line, totals[each]) for each, line in lines.items() if each in totals)
    published = totals.get(code, Published())
    return RegionFootprint(
        standing=standing,
        published=published,
        months=tuple(_months(code)),
        parts=parts,
        unplaced=_rest(published, [part.published for part in parts]),
        snapshot=find_last_snapshot(),
    )


def find_snapshot(day: date) -> RegionSnapshot | None:
    """The snapshot of a day; None where that day was not sealed."""
    return db.session.scalar(select(RegionSnapshot).where(RegionSnapshot.day == day))


def _totals(codes: Sequence[str]) -> Mapping[str, Published]:
    found: dict[str, dict[str, int]] = {}
    for row in db.session.execute(_TOTALS, {"codes": list(codes)}):
        found.setdefault(row.region, {})[f"{row.line}_g"] = row.grams
    return {code: Published(**grams) for code, grams in found.items()}


def _months(code: str) -> list[MonthLine]:
    found: dict[str, dict[str, int]] = {}
    for row in db.session.execute(_MONTHS, {"code": code, "most": MOST_MONTHS}):
        found.setdefault(row.month, {})[f"{row.line}_g"] = row.grams
    return [MonthLine(month, Published(**grams)) for month, grams in found.items()]


def _rest(whole: Published, parts: Sequence[Published]) -> Published:
    """What of a region was published at itself; None where all of it lies in parts."""
    rest = {}
    for name in (f"{line}_g" for line in LINES):
        grams = getattr(whole, name)
        left = (grams or 0) - sum(getattr(part, name) or 0 for part in parts)
        rest[name] = left if grams is not None and left else None
    return Published(**rest)
