"""Registering projects 项目 and issuing their verified uptake 签发."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from psycopg import errors as pg
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import db
from app.registry.errors import PeriodIssued
from app.registry.models import Block, Issuance, Project
from app.registry.queries import sanctions
from app.registry.rules import FOREST_TYPES, GRAMS_PER_UNIT, METHODOLOGIES, Serials, buffer_kg
from app.registry.services.acts import NOBODY, perform_part
from app.registry.services.blocks import Held
from app.registry.services.regions import region_for


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """What is registered of a project; the meaning of each stands at `models.Project`.

    `code` and `region` become part of every serial and never change; `region_code` is the deepest
    region that is known, by default the county.
    """

    code: str
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
    area_m2: int
    sample: bool = False
    region_code: str | None = None
    buffer_bp: int = 0


@dataclass(frozen=True, slots=True)
class Issued:
    """A new issuance and the block that its holder has; serials are numbered through over all issuances.

    What the project owes the buffer pool is at the end of the issuance, as a block of its own.
    """

    issuance_id: int
    block_id: int
    serials: Serials
    buffer_kg: int = 0


def register_project(facts: ProjectFacts, holder_id: int) -> Project:
    """Register a forest project whose right holder is `holder_id`.

    Raises ValueError for a forest type or methodology that has no words in the message catalogue, and
    `RegionUnknown` or `RegionOutside` for where it is said to lie.
    """
    if facts.forest_type not in FOREST_TYPES or facts.methodology not in METHODOLOGIES:
        raise ValueError(f"unknown forest type or methodology: {facts.forest_type}, {facts.methodology}")
    placed = replace(facts, region_code=region_for(facts.region, facts.region_code))
    project = Project(holder_id=holder_id, registered_at=clock.now(), **asdict(placed))
    db.session.add(project)
    db.session.flush()
    return project


def issue(
    project_id: int,
    period: tuple[date, date],
    quantity_kg: int,
    *,
    vintage: int,
    verification: str,
    holder_id: int | None = None,
) -> Issued:
    """Issue the verified uptake of a monitoring period (both days included) to `holder_id`.

    To the right holder when none is named. `verification` is the reference of the verifier's report.
    Raises `PeriodIssued` for a vintage, or a day, that this project was issued units for before, and
    `Sanctioned` for a suspended or removed project or right holder.
    """
    project = db.session.get_one(Project, project_id)
    sanctions.require_free(holder_id or project.holder_id, project_id=project_id)
    # Serials follow on from the issuance before, so issuing waits for issuing; it is rare.
    db.session.execute(text("LOCK TABLE issuance IN SHARE ROW EXCLUSIVE MODE"))
    first = 1 + (db.session.scalar(select(func.max(Issuance.last_serial))) or 0)
    issuance = Issuance(
        project_id=project_id,
        holder_id=holder_id or project.holder_id,
        period_start=period[0],
        period_end=period[1],
        vintage=vintage,
        first_serial=first,
        last_serial=first + quantity_kg - 1,
        verification=verification,
        sample=project.sample,
        issued_at=clock.now(),
    )
    _flush(issuance)
    block = _first_block(issuance)
    grams = quantity_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.ISSUE, issuance.id, chart.PLATFORM, issuance.holder_id, grams)])
    share_kg = buffer_kg(quantity_kg, project.buffer_bp)
    if share_kg:
        _insure(block, share_kg)
    left = Serials(issuance.first_serial, issuance.last_serial - share_kg)
    return Issued(issuance.id, block.id, left, share_kg)


def _insure(block: Block, share_kg: int) -> None:
    """Put the last units of a new issuance into the buffer pool, against what may be lost later."""
    held = Held(block.id, block.issuance_id, None, block.holder_id, block.serials)
    done = perform_part("buffer", held, share_kg, NOBODY, to_holder_id=chart.BUFFER_POOL, at_end=True)
    grams = share_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.BUFFER_SHARE, done.act_id, block.holder_id, chart.BUFFER_POOL, grams)])


def _flush(issuance: Issuance) -> None:
    db.session.add(issuance)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, (pg.UniqueViolation, pg.ExclusionViolation)):
            raise PeriodIssued(vintage=issuance.vintage) from error
        raise


def _first_block(issuance: Issuance) -> Block:
    block = Block(
        issuance_id=issuance.id,
        holder_id=issuance.holder_id,
        state="active",
        first_serial=issuance.first_serial,
        last_serial=issuance.last_serial,
        created_at=issuance.issued_at,
        changed_at=issuance.issued_at,
    )
    db.session.add(block)
    db.session.flush()
    return block
