"""What the forests of each region 行政区划 were issued, have on sale, sold and retired, at five levels.

Rolled up from issuances, lots and blocks in two statements for all regions at once, however many
retirements lie in a block; kept for some seconds, since anyone may ask.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import select, text

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.kit.recently import Recently
from app.registry.errors import RegionUnknown
from app.registry.models import Project, Region
from app.registry.queries.projects import ProjectSummary, summaries
from app.registry.rules import STATES, Both
from app.registry.rules.regions import DIGITS, VILLAGE_DIGITS, is_code, path_of
from app.registry.rules.sanctions import HALTED

WHOLE = ""
"""The code under which all regions together stand."""
MOST_PROJECTS = 100


@dataclass(frozen=True, slots=True)
class RegionAccount:
    """The units of all forests in a region, in kilograms; the five states sum to what was issued.

    `projects` lie here; `holders` are at home here and have a forest or sell from one. `on_sale_kg` can be
    bought now. `sold_kg` is the part of what was retired that orders retired.
    """

    holders: int = 0
    projects: int = 0
    issued_kg: int = 0
    active_kg: int = 0
    reserved_kg: int = 0
    pledged_kg: int = 0
    retired_kg: int = 0
    cancelled_kg: int = 0
    on_sale_kg: int = 0
    sold_kg: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and nothing too much."""
        used = self.retired_kg + self.cancelled_kg
        return self.issued_kg == self.active_kg + self.reserved_kg + self.pledged_kg + used

    def less(self, others: Sequence["RegionAccount"]) -> "RegionAccount":
        """What of this account is in none of the others."""
        return RegionAccount(*(getattr(self, n) - sum(getattr(o, n) for o in others) for n in _FIGURES))


_FIGURES = tuple(field.name for field in fields(RegionAccount))


@dataclass(frozen=True, slots=True)
class YearLine:
    """What was retired in a year, by Shanghai's calendar."""

    year: int
    retired_kg: int


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region with its account."""

    region: Region
    account: RegionAccount


@dataclass(frozen=True, slots=True)
class RegionStanding:
    """A region, the regions it lies in, those in it, and its accounts.

    `region` is None for all regions together. `unplaced` is what hangs at this region itself, or at
    none: `account` is the sum of `parts` and `unplaced`.
    """

    region: Region | None
    path: tuple[Region, ...]
    account: RegionAccount
    retired_by_year: tuple[YearLine, ...]
    parts: tuple[RegionLine, ...]
    unplaced: RegionAccount
    projects: tuple[ProjectSummary, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class RollUp:
    """Every region's account and retirements by year, by code, as of one moment."""

    as_of: datetime
    accounts: Mapping[str, RegionAccount]
    years: Mapping[str, Sequence[YearLine]]


_LEVELS = f"CROSS JOIN (VALUES {', '.join(f'({digits})' for digits in (0, *DIGITS))}) AS level (digits)"
_EVERY_LEVEL = f"{_LEVELS} WHERE length(coalesce(p.region_code, '')) >= digits"
_KG = "last_serial - first_serial + 1"
_ACCOUNTS = text(
    "WITH units AS (SELECT issuance_id,"
    + ",".join(f" sum({_KG}) FILTER (WHERE state = '{state}') AS {state}_kg" for state in STATES)
    + f", sum({_KG}) FILTER (WHERE state = 'retired' AND lot_id IS NOT NULL) AS sold_kg"
    "   FROM block GROUP BY issuance_id),"
    " offers AS (SELECT issuance_id, sum(available_kg) AS on_sale_kg FROM lot"
    f"   WHERE closed_at IS NULL AND restraint < {HALTED} GROUP BY issuance_id),"
    f" issued AS (SELECT i.project_id, sum({_KG}) AS issued_kg, sum(on_sale_kg) AS on_sale_kg,"
    "   sum(sold_kg) AS sold_kg, "
    + ", ".join(f"sum({state}_kg) AS {state}_kg" for state in STATES)
    + "   FROM issuance i LEFT JOIN units ON units.issuance_id = i.id"
    "   LEFT JOIN offers ON offers.issuance_id = i.id GROUP BY i.project_id)"
    " SELECT left(coalesce(p.region_code, ''), digits) AS code, 0 AS holders, count(*) AS projects, "
    + ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _FIGURES[2:])
    + f" FROM project p LEFT JOIN issued ON issued.project_id = p.id {_EVERY_LEVEL} GROUP BY 1"
)
_YEARS = text(
    "WITH gone AS (SELECT issuance_id,"
    "   extract(year FROM changed_at AT TIME ZONE 'Asia/Shanghai')::int AS year,"
    f"   sum({_KG}) AS kg FROM block WHERE state = 'retired' GROUP BY 1, 2)"
    " SELECT left(coalesce(p.region_code, ''), digits) AS code, year, sum(kg)::bigint AS retired_kg"
    " FROM gone JOIN issuance i ON i.id = issuance_id JOIN project p ON p.id = i.project_id"
    f" {_EVERY_LEVEL} GROUP BY 1, 2 ORDER BY 1, 2"
)
_HOLDERS = text(
    "SELECT left(region, digits) AS code, count(*) AS holders"
    f" FROM {accounts.places_from()} home {_LEVELS} WHERE length(region) >= digits"
    " AND holder_id IN (SELECT holder_id FROM project UNION SELECT seller_holder_id FROM lot) GROUP BY 1"
)


def roll_up() -> RollUp:
    """Every region's accounts, from the blocks as they are now."""
    found = {
        row.code: RegionAccount(*(getattr(row, name) for name in _FIGURES))
        for row in db.session.execute(_ACCOUNTS)
    }
    for row in db.session.execute(_HOLDERS):
        found[row.code] = replace(found.get(row.code, RegionAccount()), holders=row.holders)
    years: dict[str, list[YearLine]] = {}
    for row in db.session.execute(_YEARS):
        years.setdefault(row.code, []).append(YearLine(row.year, row.retired_kg))
    return RollUp(clock.now(), found, years)


public_accounts = Recently(roll_up)


def get_region(code: str) -> RegionStanding:
    """A region's accounts and those of the regions in it. Raises `RegionUnknown`."""
    region = db.session.get(Region, code) if is_code(code) else None
    if region is None:
        raise RegionUnknown()
    above = db.session.scalars(select(Region).where(Region.code.in_(path_of(code))).order_by(Region.digits))
    return _standing(region, tuple(above))


def get_whole() -> RegionStanding:
    """The accounts of all regions together, and of each province."""
    return _standing(None, ())


def list_names(codes: Iterable[str | None]) -> dict[str, Both]:
    """The names of these regions, by code."""
    wanted = select(Region).where(Region.code.in_({code for code in codes if code}))
    return {region.code: region.name for region in db.session.scalars(wanted)}


def list_villages(county: str) -> list[str]:
    """The codes of the villages and communities in a county."""
    within = Region.code.between(f"{county}000000", f"{county}999999")
    return list(db.session.scalars(select(Region.code).where(within, Region.digits == VILLAGE_DIGITS)))


def _standing(region: Region | None, path: tuple[Region, ...]) -> RegionStanding:
    code = region.code if region else WHOLE
    known, empty = public_accounts(), RegionAccount()
    inside = Region.parent == code if region else Region.parent.is_(None)
    parts = tuple(
        RegionLine(part, known.accounts.get(part.code, empty))
        for part in db.session.scalars(select(Region).where(inside).order_by(Region.code))
    )
    account = known.accounts.get(code, empty)
    return RegionStanding(
        region=region,
        path=path,
        account=account,
        retired_by_year=tuple(known.years.get(code, ())),
        parts=parts,
        unplaced=account.less([part.account for part in parts]),
        projects=tuple(_projects(code)),
        as_of=known.as_of,
    )


def _projects(code: str) -> list[ProjectSummary]:
    """The projects that hang at a region itself; those at regions in it stand with these."""
    at = Project.region_code == code if code else Project.region_code.is_(None)
    wanted = select(Project).where(at).order_by(Project.id).limit(MOST_PROJECTS)
    return summaries(db.session.scalars(wanted).all())


# Issuances and blocks by themselves, for the proof: nothing here knows how the levels are rolled up.
_WHOLE = text(
    "SELECT (SELECT coalesce(sum(last_serial - first_serial + 1), 0)::bigint FROM issuance) AS issued_kg,"
    " (SELECT coalesce(sum(last_serial - first_serial + 1), 0)::bigint FROM block WHERE state = 'retired')"
    "   AS retired_kg,"
    " coalesce(sum(issued.kg) FILTER (WHERE region_code IS NULL), 0)::bigint AS unplaced_issued_kg,"
    " coalesce(sum(retired.kg) FILTER (WHERE region_code IS NULL), 0)::bigint AS unplaced_retired_kg"
    " FROM project"
    " LEFT JOIN (SELECT project_id, sum(last_serial - first_serial + 1) AS kg FROM issuance GROUP BY 1)"
    "   issued ON issued.project_id = project.id"
    " LEFT JOIN (SELECT i.project_id, sum(b.last_serial - b.first_serial + 1) AS kg FROM block b"
    "   JOIN issuance i ON b.first_serial BETWEEN i.first_serial AND i.last_serial"
    "   WHERE b.state = 'retired' GROUP BY 1) retired ON retired.project_id = project.id"
)


def prove() -> list[Proof]:
    """That the five levels are one account seen from five heights, and nobody's units are missing in it."""
    known = roll_up()
    whole = db.session.execute(_WHOLE).one()
    provinces = [each for code, each in known.accounts.items() if len(code) == DIGITS[0]]
    placed = {name: sum(getattr(each, name) for each in provinces) for name in ("issued_kg", "retired_kg")}
    regions = placed["issued_kg"] + whole.unplaced_issued_kg
    regions_retired = placed["retired_kg"] + whole.unplaced_retired_kg
    return [
        equal("registry.prove_regions", issued=whole.issued_kg, regions=regions),
        equal("registry.prove_regions_retired", retired=whole.retired_kg, regions=regions_retired),
        none("registry.prove_regions_parts", differing=_differing(known.accounts)),
    ]


def _differing(found: Mapping[str, RegionAccount]) -> int:
    """How many regions lose units, or have less than the regions in them."""
    parts: dict[str, list[RegionAccount]] = {}
    for code, each in found.items():
        if code:
            parts.setdefault((path_of(code) or [WHOLE])[-1], []).append(each)
    return sum(
        not each.holds or any(getattr(each.less(parts.get(code, [])), name) < 0 for name in _FIGURES)
        for code, each in found.items()
    )
