"""Foreign units 外来单位 enter: written down by one operator with the proof, approved by another.

Uniqueness is the database's: while an origin stands, no other can claim a serial of its run.
"""

from dataclasses import asdict, dataclass
from datetime import date

from psycopg import errors as pg
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors import OriginEnded, OriginTaken, OriginUnclear, OriginUnknown, SecondPerson
from app.registry.models import Issuance, Origin, OriginSeries, Project
from app.registry.queries import sanctions
from app.registry.rules import PRODUCTS, SerialUnclear, normal_serial, read_origin_serial, whole_steps
from app.registry.services.projects import Issued, ProjectFacts, register_project, write_issuance

_ONE_PROJECT = text("SELECT pg_advisory_xact_lock(hashtextextended(:named, 0))")


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """Units as their home registry knows them; `reference` is the record by which they left it."""

    home: str
    home_name: str
    project_code: str
    serial: str
    quantity_kg: int
    methodology: str
    reference: str
    period_start: date
    period_end: date
    vintage: int
    verification: str


def enter_origin(
    operator_id: int, facts: OriginFacts, project: ProjectFacts, holder_id: int, proof_sha256: str
) -> Origin:
    """Write down foreign units with the hash of the proof of their cancellation at home.

    They are `holder_id`'s once another operator approves. Raises `OriginUnclear` and `OriginTaken`.
    """
    origin = claim_origin(
        facts, project, holder_id, channel="proof", proof_sha256=proof_sha256, entered_by=operator_id
    )
    _record(operator_id, "origin_entered", origin)
    return origin


def claim_origin(
    facts: OriginFacts,
    project: ProjectFacts,
    holder_id: int,
    *,
    channel: str,
    proof_sha256: str | None = None,
    entered_by: int | None = None,
) -> Origin:
    """Keep the serials of foreign units for us, from now until they are issued or the origin ends.

    Everything that could stop their issuance is checked here. Raises `OriginUnclear`, `OriginTaken` and
    `Sanctioned`.
    """
    sanctions.require_free(holder_id)
    _check(facts, project.product)
    try:
        serial = normal_serial(facts.serial)
        claim = read_origin_serial(facts.home, serial)
    except SerialUnclear as fault:
        raise _unclear("serial", str(fault)) from fault
    if claim.quantity_kg not in (None, facts.quantity_kg):
        raise _unclear("quantity_kg", "registry.origin_quantity_differs")
    origin = Origin(
        **{**asdict(facts), "serial": serial},
        code=random_code(),
        channel=channel,
        series_id=_series(facts.home, claim.series),
        first_number=claim.first,
        last_number=claim.last,
        project_id=_project(facts, project, holder_id),
        holder_id=holder_id,
        proof_sha256=proof_sha256,
        entered_by=entered_by,
        entered_at=clock.now(),
    )
    db.session.add(origin)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.ExclusionViolation):
            raise OriginTaken(home=facts.home_name, serial=serial) from error
        raise
    return origin


def _check(facts: OriginFacts, product: str) -> None:
    """What would be refused at the issuance is refused now, by name."""
    home = PRODUCTS[product].home
    rules = (
        ("home", home in (None, facts.home), "registry.origin_other_home"),
        ("quantity_kg", whole_steps(product, facts.quantity_kg), "registry.origin_not_whole"),
        (
            "period_start",
            date(2000, 1, 1) <= facts.period_start <= facts.period_end,
            "registry.origin_period",
        ),
        ("period_end", facts.period_end < clock.business_day(), "registry.origin_period"),
        (
            "vintage",
            facts.period_start.year <= facts.vintage <= facts.period_end.year,
            "registry.origin_vintage",
        ),
    )
    for field, sound, sentence in rules:
        if not sound:
            raise _unclear(field, sentence)


def _unclear(field: str, sentence: str) -> OriginUnclear:
    return OriginUnclear(errors=[{"pointer": f"#/{field}", "detail": t(sentence)}])


def _series(home: str, series: str) -> int:
    row = {"home": home, "series": series}
    db.session.execute(insert(OriginSeries).values(row).on_conflict_do_nothing())
    found = select(OriginSeries.id).filter_by(**row)
    return db.session.scalars(found).one()


def _project(facts: OriginFacts, project: ProjectFacts, holder_id: int) -> int:
    """The project that this registry's project has become here; a new one the first time.

    Two who come first at once wait for one another, and make one.
    """
    db.session.execute(_ONE_PROJECT, {"named": f"origin:{facts.home}:{facts.project_code}"})
    known = (
        select(Origin.project_id)
        .join(Project, Project.id == Origin.project_id)
        .where(
            Origin.home == facts.home,
            Origin.project_code == facts.project_code,
            Project.product == project.product,
            Project.sample == project.sample,
        )
        .order_by(Origin.id)
        .limit(1)
    )
    return db.session.scalar(known) or register_project(project, holder_id).id


def approve_origin(operator_id: int, code: str, proof_sha256: str) -> Issued:
    """Issue foreign units that another operator entered, on the same proof, which both have read.

    Raises `OriginUnknown`, `OriginEnded`, `SecondPerson` for whoever entered them, and `OriginUnclear`
    for another document.
    """
    origin = _lock(code)
    if origin.entered_by == operator_id:
        raise SecondPerson()
    if origin.proof_sha256 != proof_sha256:
        raise _unclear("proof", "registry.origin_other_proof")
    sanctions.require_free(origin.holder_id, project_id=origin.project_id)
    origin.approved_by = operator_id
    issued = issue_origin(origin)
    _record(operator_id, "origin_approved", origin)
    return issued


def issue_origin(origin: Origin) -> Issued:
    """Make an origin's units an issuance of ours: a deed is completed whatever was imposed since.

    Title has passed already; a suspended holder's units can only not be offered.
    """
    origin.issued_at = clock.now()
    db.session.flush()
    project = db.session.get_one(Project, origin.project_id)
    issuance = Issuance(
        project_id=project.id,
        origin_id=origin.id,
        holder_id=origin.holder_id,
        period_start=origin.period_start,
        period_end=origin.period_end,
        vintage=origin.vintage,
        verification=origin.verification,
    )
    block = write_issuance(issuance, project, origin.quantity_kg)
    return Issued(issuance.id, block.id, block.serials)


def decline_origin(operator_id: int, code: str) -> Origin:
    """Let foreign units not in; their serials are free again. One person is enough to stop.

    Raises `OriginUnknown` and `OriginEnded`.
    """
    origin = _lock(code)
    origin.ended_by, origin.ended_at = operator_id, clock.now()
    db.session.flush()
    _record(operator_id, "origin_declined", origin)
    return origin


def _lock(code: str) -> Origin:
    """An origin that came with a proof and waits for its second person."""
    wanted = select(Origin).where(Origin.code == code, Origin.channel == "proof")
    origin = db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if origin is None:
        raise OriginUnknown()
    if not origin.waits:
        raise OriginEnded()
    return origin


def _record(operator_id: int, action: str, origin: Origin) -> None:
    details = {"home": origin.home, "serial": origin.serial, "quantity_kg": origin.quantity_kg}
    audit.record(operator_id, action, origin.code, details)
