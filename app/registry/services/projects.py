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
from app.registry.models import Block, CarbonTicket, Issuance, Project
from app.registry.queries import sanctions
from app.registry.rules import (
    CARBON_TICKET,
    FOREST_TYPES,
    GRAMS_PER_UNIT,
    METHODOLOGIES,
    PRODUCTS,
    YIYUAN,
    Serials,
    buffer_kg,
)
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
    product: str = YIYUAN


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
    issuance = Issuance(
        project_id=project_id,
        holder_id=holder_id or project.holder_id,
        period_start=period[0],
        period_end=period[1],
        vintage=vintage,
        verification=verification,
    )
    block = write_issuance(issuance, project, quantity_kg)
    if project.product == CARBON_TICKET:
        _write_ticket(issuance)
    share_kg = buffer_kg(quantity_kg, project.buffer_bp, PRODUCTS[project.product].face_kg)
    if share_kg:
        _insure(block, share_kg)
    left = Serials(issuance.first_serial, issuance.last_serial - share_kg)
    return Issued(issuance.id, block.id, left, share_kg)


def write_issuance(issuance: Issuance, project: Project, quantity_kg: int) -> Block:
    """Give a new issuance the next serials, its one block and its entry in the books.

    Raises `PeriodIssued`.
    """
    # Serials follow on from the issuance before, so issuing waits for issuing; it is rare.
    db.session.execute(text("LOCK TABLE issuance IN SHARE ROW EXCLUSIVE MODE"))
    first = 1 + (db.session.scalar(select(func.max(Issuance.last_serial))) or 0)
    issuance.first_serial, issuance.last_serial = first, first + quantity_kg - 1
    issuance.earlier_kg = _issued_kg(project.id, issuance.vintage)
    issuance.product, issuance.sample, issuance.issued_at = project.product, project.sample, clock.now()
    _flush(issuance)
    block = _first_block(issuance)
    grams = quantity_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.ISSUE, issuance.id, chart.PLATFORM, issuance.holder_id, grams)])
    return block


def _issued_kg(project_id: int, vintage: int) -> int:
    """What this vintage was issued before; foreign units come in parts, and no written serial twice."""
    size = Issuance.last_serial - Issuance.first_serial + 1
    same = (Issuance.project_id == project_id, Issuance.vintage == vintage)
    return int(db.session.scalar(select(func.coalesce(func.sum(size), 0)).where(*same)) or 0)


def _insure(block: Block, share_kg: int) -> None:
    """Put the last units of a new issuance into the buffer pool, against what may be lost later."""
    held = Held(block.id, block.issuance_id, None, block.holder_id, block.serials)
    done = perform_part("buffer", held, share_kg, NOBODY, to_holder_id=chart.BUFFER_POOL, at_end=True)
    grams = share_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.BUFFER_SHARE, done.act_id, block.holder_id, chart.BUFFER_POOL, grams)])


def _write_ticket(issuance: Issuance) -> None:
    """Number the ticket; the lock on issuances keeps the numbers in one row."""
    last = db.session.scalar(select(func.max(CarbonTicket.number))) or 0
    db.session.add(CarbonTicket(number=last + 1, issuance_id=issuance.id, issued_at=issuance.issued_at))
    db.session.flush()


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
