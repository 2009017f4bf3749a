"""What somebody could give to a drive now: points that its sponsors pay for, and days of steps."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from app.footprint import queries as footprint
from app.footprint.rules import WALKING
from app.kit import clock
from app.kit.database import db
from app.rewards.models import PointGrant, Programme
from app.rewards.queries.grants import free_points
from app.rewards.queries.programmes import pays_for

ACTION = "action"
"""The source of points that were earned by an act."""


@dataclass(frozen=True)
class StepGrant:
    """What one recording of a day's steps earned and still holds."""

    action_id: int
    day: date
    programme_id: int
    points: int


@dataclass(frozen=True)
class StepDay:
    """A day whose steps may be given, and the points that go with it."""

    day: date
    steps: int
    points: int


@dataclass(frozen=True)
class Giving:
    """What somebody could give now."""

    points: int
    days: list[StepDay]


def what_may_be_given(holder_id: int, kind: str, days: int) -> Giving:
    """Points whose sponsors pay for this kind of spending, and days of steps of the last `days`."""
    today = clock.business_day()
    earned: dict[date, int] = {}
    for each in list_step_grants(holder_id, kind, today - timedelta(days=days - 1), today):
        earned[each.day] = earned.get(each.day, 0) + each.points
    walked = {each.day: each.steps for each in footprint.list_steps(holder_id, days)} if earned else {}
    return Giving(
        free_points(holder_id, kind),
        [StepDay(day, walked.get(day, 0), earned[day]) for day in sorted(earned, reverse=True)],
    )


def list_step_grants(holder_id: int, kind: str, first: date, last: date) -> list[StepGrant]:
    """What is left of what a holder's steps earned on these days, of sponsors who pay for `kind`.

    In the order in which their sponsors' funds are locked.
    """
    walks = dict(footprint.list_acts_since(holder_id, WALKING, first, last))
    rows = db.session.execute(
        select(PointGrant.source_id, PointGrant.programme_id, PointGrant.remaining)
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(
            PointGrant.source == ACTION,
            PointGrant.source_id.in_(walks),
            PointGrant.holder_id == holder_id,
            PointGrant.remaining > 0,
            or_(PointGrant.expires_at.is_(None), PointGrant.expires_at > clock.now()),
            pays_for(kind),
        )
        .order_by(PointGrant.programme_id, PointGrant.id)
    )
    return [StepGrant(row.source_id, walks[row.source_id], row.programme_id, row.remaining) for row in rows]
