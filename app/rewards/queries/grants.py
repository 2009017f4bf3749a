"""What people's points are: lots, and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.rewards.models import PointGrant, Programme
from app.rewards.queries.programmes import pays_for

_TAKEN_BACK = accounts.entries_relation(
    chart.TAKE_BACK_POINTS, chart.TAKE_BACK_PENDING, chart.TAKE_BACK_ACTIVE, chart.OWE_POINTS
)
_FROM = ", ".join(
    f":holder * {chart.CODES} + {kind.code}"
    for kind in (chart.POINTS, chart.PENDING_POINTS, chart.POINTS_DEBT)
)
_LIFETIME = text(
    "SELECT coalesce(sum(points), 0)::bigint AS earned,"
    " coalesce(sum(expired_points), 0)::bigint AS expired,"
    f" (SELECT coalesce(sum(amount), 0)::bigint FROM {_TAKEN_BACK} taken WHERE source IN ({_FROM})"
    f"   AND source % {chart.CODES} < {chart.BOUNDARY}) AS taken_back,"
    " (SELECT coalesce(sum(points), 0)::bigint FROM spending"
    "   WHERE holder_id = :holder AND spent_at IS NOT NULL) AS spent,"
    " min(expires_at) FILTER (WHERE remaining > 0 AND activated_at IS NOT NULL) AS next_expiry"
    " FROM point_grant WHERE holder_id = :holder"
)


@dataclass(frozen=True)
class Balances:
    """How somebody's points stand now, and what they came to in all; spending lessens no lifetime figure.

    What was earned and was neither spent, expired nor taken back is what they hold, less what is owed.
    """

    active: int
    pending: int
    reserved: int
    debt: int
    earned: int
    spent: int
    expired: int
    taken_back: int
    next_expiry: datetime | None

    @property
    def free(self) -> int:
        """What can be spent, if its programmes pay for what it shall be spent on."""
        return max(0, self.active - self.debt)


def balances(holder_id: int) -> Balances:
    """How a holder's points stand."""
    ask = accounts.get_balance
    row = db.session.execute(_LIFETIME, {"holder": holder_id}).one()
    return Balances(
        active=ask(holder_id, chart.POINTS),
        pending=ask(holder_id, chart.PENDING_POINTS),
        reserved=ask(holder_id, chart.RESERVED_POINTS),
        debt=-ask(holder_id, chart.POINTS_DEBT),
        earned=row.earned,
        spent=row.spent,
        expired=row.expired,
        taken_back=row.taken_back,
        next_expiry=row.next_expiry,
    )


def free_points(holder_id: int, kind: str | None = None) -> int:
    """What a holder can spend, alone: active points without what is owed.

    With a `kind` no more than the points of programmes that pay for it.
    """
    ask = accounts.get_balance
    free = max(0, ask(holder_id, chart.POINTS) + ask(holder_id, chart.POINTS_DEBT))
    if kind is None or not free:
        return free
    fitting = (
        select(func.coalesce(func.sum(PointGrant.remaining), 0))
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(
            PointGrant.holder_id == holder_id,
            PointGrant.remaining > 0,
            PointGrant.activated_at.is_not(None),
            PointGrant.expires_at > clock.now(),
            pays_for(kind),
        )
    )
    return min(free, int(db.session.scalar(fitting) or 0))


def list_grants(holder_id: int, limit: int, before: int | None = None) -> Sequence[PointGrant]:
    """A holder's lots, the newest first, with what earned nothing and why; `before` is a lot's id."""
    wanted = (
        select(PointGrant)
        .where(PointGrant.holder_id == holder_id)
        .order_by(PointGrant.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(PointGrant.id < before)
    return db.session.scalars(wanted).all()


def find_grant(source: str, source_id: int) -> PointGrant | None:
    """What was granted for one thing."""
    return db.session.scalar(
        select(PointGrant).where(PointGrant.source == source, PointGrant.source_id == source_id)
    )
