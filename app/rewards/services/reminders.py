"""Telling people ahead: that points expire, that a tariff changes, that a budget is used up."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.queries.memberships import list_members
from app.accounts.services import notices
from app.kit import clock
from app.kit.database import db, write
from app.rewards.models import FundMovement, Programme, ProgrammeTariff
from app.rewards.models.proposals import PointsReminder
from app.rewards.rules.expiry import days_to_tell

RECENT_DAYS = 90
"""Whom a tariff's change concerns: who holds its points, or was thanked so lately."""

_EXPIRING = (
    "SELECT holder_id, jsonb_build_object('points', sum(remaining), 'day', CAST(:day AS text)) AS details"
    " FROM point_grant WHERE remaining > 0 AND expires_at > :start AND expires_at <= :until"
    " GROUP BY holder_id"
)
_CONCERNED = (
    "SELECT holder_id FROM point_grant"
    " WHERE programme_id = :programme AND (remaining > 0 OR granted_at >= :since)"
)


def list_due() -> list[tuple[int, date]]:
    """Of which days' expiry holders are to be told now, each with how many days ahead that is."""
    last = select(PointsReminder.days_ahead, func.max(PointsReminder.expires_on).label("day"))
    rows = db.session.execute(last.group_by(PointsReminder.days_ahead))
    return days_to_tell(clock.business_day(), {row.days_ahead: row.day for row in rows})


def tell_expiry(stage: int, day: date) -> int:
    """Tell everybody whose points expire at the end of `day`, once a stage; returns how many are told."""
    first = insert(PointsReminder).values(expires_on=day, days_ahead=stage, told_at=clock.now())
    if not write(first.on_conflict_do_nothing()):
        return 0
    _take_time()
    until = clock.end_of_day(day)
    values = {"start": until - timedelta(days=1), "until": until, "day": day.isoformat()}
    return notices.tell_each(_EXPIRING, values, "rewards.notice_points_expire", f"points:{day}:{stage}")


def tell_tariff(programme_id: int, version: int) -> int:
    """Tell everybody whom a programme's next tariff concerns; returns how many are told."""
    programme = db.session.get_one(Programme, programme_id)
    tariff = db.session.get_one(ProgrammeTariff, (programme_id, version))
    _take_time()
    values = {"programme": programme_id, "since": clock.now() - timedelta(days=RECENT_DAYS)}
    details = {"programme": programme.name, "day": tariff.valid_from.isoformat()}
    reference = f"tariff:{programme.code}:{version}"
    return notices.tell_from(_CONCERNED, values, "rewards.notice_tariff", reference, details)


def _take_time() -> None:
    """Let one statement take long: a whole province may be told, and nobody waits for it."""
    db.session.execute(text("SET LOCAL statement_timeout = '10min'"))


def tell_sponsors() -> int:
    """Tell the people of sponsors whose budget is used up, once a day at most; returns how many are told.

    One that has little left goes on and stops again and again; one that was never funded has used nothing up.
    """
    paid = select(FundMovement.id).where(
        FundMovement.programme_id == Programme.holder_id, FundMovement.confirmed_at.is_not(None)
    )
    stopped = select(Programme).where(
        Programme.stopped_at.is_not(None), Programme.closed_at.is_(None), paid.exists()
    )
    return sum(_tell_sponsor(each, each.stopped_at) for each in db.session.scalars(stopped))


def _tell_sponsor(programme: Programme, at: datetime | None) -> int:
    members = [each.holder_id for each in list_members(programme.sponsor_id)]
    reference = f"stopped:{programme.holder_id}:{clock.business_day(at)}"
    return notices.tell(members, "rewards.notice_exhausted", reference, programme=programme.name)
