"""Sanctions 处罚: laid upon a holder or a project, taking effect on lots at once, lifted by two people.

Whatever is laid or ended holds the table against everybody who asks `require_free`, then the lots that
it concerns, in the order of their ids. So no lot opens beside a sanction that it did not see, and no
order reserves from a lot whose row says something else than the buyer saw.
"""

from sqlalchemy import BigInteger, bindparam, select, text

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import Unreadable
from app.registry.errors import (
    DailyLimitReached,
    OtherOperatorNeeded,
    ProjectUnknown,
    SanctionPastThis,
    SanctionStands,
    SanctionUnknown,
    TargetUnknown,
)
from app.registry.models import Project, Sanction, SanctionStep
from app.registry.queries.sanctions import STANDING_FROM, list_standing
from app.registry.rules.sanctions import (
    EXPIRED,
    HALTED,
    HALTING,
    LIFT_PROPOSED,
    LIMIT,
    LIMITED,
    NEXT,
    WAITING,
    SanctionTerms,
    first_step,
    terms_fault,
)

_LOCK = text("LOCK TABLE sanction IN EXCLUSIVE MODE")
_LOTS = text(
    "SELECT lot.id FROM lot JOIN issuance i ON i.id = issuance_id"
    " WHERE seller_holder_id = :holder OR project_id = :project ORDER BY lot.id FOR UPDATE OF lot"
).bindparams(bindparam("holder", type_=BigInteger), bindparam("project", type_=BigInteger))
_RESTRAIN = text(
    "UPDATE lot SET restraint = wanted.restraint FROM (SELECT lot.id, coalesce(max("
    f"   CASE WHEN kind <> '{LIMIT}' THEN {HALTED} WHEN daily_kg IS NOT NULL THEN {LIMITED} ELSE 0 END), 0)"
    "   AS restraint FROM lot JOIN issuance i ON i.id = issuance_id"
    f"  LEFT JOIN {STANDING_FROM} s ON s.holder_id = seller_holder_id OR s.project_id = i.project_id"
    "   WHERE lot.id = ANY(:lots) GROUP BY lot.id) wanted"
    " WHERE wanted.id = lot.id AND lot.restraint <> wanted.restraint"
)
# A limit's row for the day is what its buyers queue behind; nobody else's purchase touches it.
_COUNT = text(
    f"WITH limits AS (SELECT s.id, daily_kg FROM {STANDING_FROM} s JOIN lot ON lot.id = :lot"
    "   JOIN issuance i ON i.id = lot.issuance_id"
    "   WHERE daily_kg IS NOT NULL AND (s.holder_id = seller_holder_id OR s.project_id = i.project_id)),"
    " counted AS (INSERT INTO sanction_sale AS sold (sanction_id, day, quantity_kg, most_kg)"
    "   SELECT id, :day, :kg, daily_kg FROM limits WHERE :kg <= daily_kg ORDER BY id"
    "   ON CONFLICT (sanction_id, day) DO UPDATE SET quantity_kg = sold.quantity_kg + excluded.quantity_kg"
    "   WHERE sold.quantity_kg + excluded.quantity_kg <= sold.most_kg RETURNING sanction_id)"
    " SELECT (SELECT count(*) FROM limits) = (SELECT count(*) FROM counted),"
    " (SELECT min(daily_kg) FROM limits)"
).bindparams(bindparam("kg", type_=BigInteger))
_OVERDUE = text(f"SELECT id FROM {STANDING_FROM} standing WHERE last_day < :today ORDER BY id")


def impose(operator_id: int, target: str, terms: SanctionTerms) -> Sanction:
    """Lay a sanction upon `project.<code>` or `holder.<code>`; a removal waits for another operator.

    Raises `TargetUnknown`, `SanctionStands` where the same stands already, and `Unreadable` for terms
    that say nothing or too much.
    """
    fault = terms_fault(terms, clock.business_day())
    if fault:
        raise Unreadable(errors=[{"pointer": f"#/{fault}", "detail": t(f"registry.sanction_{fault}")}])
    holder_id, project_id = _target(target)
    db.session.execute(_LOCK)
    standing = list_standing([holder_id] if holder_id else (), [project_id] if project_id else ())
    if terms.kind in HALTING and any(mark.kind == terms.kind for mark in standing):
        raise SanctionStands()
    sanction = Sanction(
        code=random_code(),
        holder_id=holder_id,
        project_id=project_id,
        kind=terms.kind,
        ground=terms.ground,
        reason=terms.reason,
        no_new_lots=terms.no_new_lots,
        daily_kg=terms.daily_kg,
        last_day=terms.last_day,
    )
    db.session.add(sanction)
    db.session.flush()
    _take(sanction, None, first_step(terms.kind), operator_id)
    return sanction


def confirm(operator_id: int, code: str) -> str:
    """Agree to a removal or a lifting that another operator proposed; returns the step that was taken.

    Raises `SanctionUnknown`, `SanctionPastThis` and `OtherOperatorNeeded`.
    """
    sanction, last = _lock(code)
    if last.step not in WAITING:
        raise SanctionPastThis()
    if last.operator_id == operator_id:
        raise OtherOperatorNeeded()
    step = WAITING[last.step][0]
    _take(sanction, last, step, operator_id, last.note)
    return step


def decline(operator_id: int, code: str) -> str:
    """Turn down a removal or a lifting, also one's own; returns the step. One person is enough.

    Raises `SanctionUnknown` and `SanctionPastThis`.
    """
    sanction, last = _lock(code)
    if last.step not in WAITING:
        raise SanctionPastThis()
    step = WAITING[last.step][1]
    _take(sanction, last, step, operator_id)
    return step


def propose_lift(operator_id: int, code: str, note: str) -> None:
    """Propose to lift a sanction, for a reason that is published when another operator agrees.

    Raises `SanctionUnknown` and `SanctionPastThis`.
    """
    sanction, last = _lock(code)
    _take(sanction, last, LIFT_PROPOSED, operator_id, note)


def end_overdue() -> int:
    """End every sanction whose last day has passed in Shanghai; returns how many."""
    today = {"today": clock.business_day()}
    if not db.session.scalars(_OVERDUE, today).all():
        return 0
    db.session.execute(_LOCK)
    overdue = db.session.scalars(_OVERDUE, today).all()
    for sanction_id in overdue:
        sanction = db.session.get_one(Sanction, sanction_id)
        _take(sanction, _last(sanction), EXPIRED, None)
    return len(overdue)


def count_sale(lot_id: int, quantity_kg: int) -> None:
    """Count a reservation against every daily limit that stands over its lot. Raises `DailyLimitReached`.

    What is given back the same day is not counted off: the limit bounds what is promised in a day.
    """
    within, most_kg = db.session.execute(
        _COUNT, {"lot": lot_id, "kg": quantity_kg, "day": clock.business_day()}
    ).one()
    if not within:
        raise DailyLimitReached(most_kg=most_kg)


def _target(target: str) -> tuple[int | None, int | None]:
    """Holder and project of a target, one of them None. The platform itself cannot be one."""
    kind, _, code = target.partition(".")
    if kind == "project":
        project_id = db.session.scalar(select(Project.id).where(Project.code == code))
        if project_id is None:
            raise ProjectUnknown()
        return None, project_id
    holder = accounts.find_holder(code) if kind == "holder" else None
    if holder is None or holder.kind == "platform":
        raise TargetUnknown()
    return holder.id, None


def _lock(code: str) -> tuple[Sanction, SanctionStep]:
    db.session.execute(_LOCK)
    sanction = db.session.scalar(select(Sanction).where(Sanction.code == code))
    if sanction is None:
        raise SanctionUnknown()
    return sanction, _last(sanction)


def _last(sanction: Sanction) -> SanctionStep:
    steps = select(SanctionStep).where(SanctionStep.sanction_id == sanction.id)
    return db.session.scalars(steps.order_by(SanctionStep.place.desc()).limit(1)).one()


def _take(
    sanction: Sanction, last: SanctionStep | None, step: str, operator_id: int | None, note: str | None = None
) -> None:
    """Write a step, let the lots know, and record it. Raises `SanctionPastThis` where it does not follow."""
    if step not in NEXT.get(last.step if last else None, frozenset()):
        raise SanctionPastThis()
    db.session.add(
        SanctionStep(
            sanction_id=sanction.id,
            place=last.place + 1 if last else 1,
            step=step,
            operator_id=operator_id,
            note=note,
            taken_at=clock.now(),
        )
    )
    db.session.flush()
    lots = db.session.scalars(_LOTS, {"holder": sanction.holder_id, "project": sanction.project_id}).all()
    db.session.execute(_RESTRAIN, {"lots": list(lots)})
    details = {"kind": sanction.kind, "ground": sanction.ground, "lots": len(lots)}
    audit.record(operator_id, f"sanction_{step}", sanction.code, details)
