"""What can be known of points. The only reader of this room."""

from collections.abc import Sequence

from sqlalchemy import select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal
from app.rewards.models import PointGrant


def list_grants(holder_id: int, limit: int, before: int | None = None) -> Sequence[PointGrant]:
    """A holder's grants, newest action first; `before` is an action's id."""
    wanted = (
        select(PointGrant)
        .where(PointGrant.holder_id == holder_id, PointGrant.points > 0)
        .order_by(PointGrant.action_id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(PointGrant.action_id < before)
    return db.session.scalars(wanted).all()


def prove() -> list[Proof]:
    """Points issued = outstanding + taken back, and the grants say the same as the books."""
    row = db.session.execute(
        text(
            "SELECT coalesce(sum(points), 0)::bigint AS granted,"
            " coalesce(sum(points) FILTER (WHERE taken_back_at IS NULL), 0)::bigint AS standing"
            " FROM point_grant"
        )
    ).one()
    issued = accounts.sum_entries(chart.GRANT_POINTS)
    outstanding = issued - accounts.sum_entries(chart.TAKE_BACK_POINTS)
    return [
        equal("rewards.prove_issued", grants=row.granted, books=issued),
        equal("rewards.prove_outstanding", grants=row.standing, books=outstanding),
    ]
