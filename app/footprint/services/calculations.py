"""A person's month from questions: computed for anyone, kept for whoever is signed in."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from app.footprint import queries, rules
from app.footprint.errors.calculations import TooManyCalculations
from app.footprint.models import CalculationRow
from app.footprint.queries import PERSON_MONTH, Calculation, Estimate
from app.footprint.services.faults import unreadable
from app.footprint.services.turns import begin_turn
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db


def estimate_month(
    answers: Mapping[str, Any], measured: Mapping[str, Any], month: str | None = None
) -> Estimate:
    """The month `YYYY-MM`, or this one, that follows from the answers; nothing is written.

    What is not answered takes its default. Raises `Unreadable` with every fault.
    """
    guide = queries.latest_guide(PERSON_MONTH)
    regions = queries.emission_kinds()["electricity"].regions
    faults = rules.answer_faults(guide.questionnaire, answers, measured, regions)
    if month is not None:
        faults += rules.month_faults(month, f"{clock.business_day():%Y-%m}")
    if faults:
        raise unreadable(faults)
    return queries.estimate_of(guide, answers, measured, month)


def keep_month(
    holder_id: int, month: str, answers: Mapping[str, Any], measured: Mapping[str, Any]
) -> Calculation:
    """Compute a person's month and keep it; keeping it again is a new result, the earlier one stays.

    Raises `Unreadable` with every fault, `TooManyCalculations`.
    """
    estimate = estimate_month(answers, measured, month)
    begin_turn(holder_id)
    kept = select(func.count()).where(CalculationRow.holder_id == holder_id, CalculationRow.month == month)
    if (db.session.scalar(kept) or 0) >= rules.MOST_KEPT:
        raise TooManyCalculations(most=rules.MOST_KEPT)
    row = CalculationRow(
        code=random_code(),
        holder_id=holder_id,
        month=month,
        guide_id=estimate.guide.id,
        answers=dict(answers),
        measured=dict(measured),
        lines=queries.stored_lines(estimate),
        emitted_g=estimate.emitted_g,
        computed_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return queries.get_calculation(holder_id, row.code)
