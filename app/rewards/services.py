"""What can be done with points. The only writer of this room."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import db
from app.rewards.models import PointGrant
from app.rewards.rules import TARIFF


def grant_points(holder_id: int, actions: Sequence[tuple[int, int]]) -> int:
    """Grant points for actions of (id, avoided_g); returns the points. An action earns once.

    An action that was withdrawn before its announcement was heard earns nothing: `take_back_points`
    has left its row.
    """
    earned = {action_id: TARIFF.points(grams) for action_id, grams in actions}
    rows = [
        {
            "action_id": action_id,
            "holder_id": holder_id,
            "points": points,
            "tariff": TARIFF.version,
            "granted_at": clock.now(),
        }
        for action_id, points in earned.items()
    ]
    new = db.session.scalars(
        insert(PointGrant).on_conflict_do_nothing().returning(PointGrant.action_id), rows
    ).all()
    entries = [
        Posting(chart.GRANT_POINTS, action_id, PLATFORM, holder_id, earned[action_id])
        for action_id in new
        if earned[action_id]
    ]
    ledger.post(entries)
    return sum(entry.amount for entry in entries)


def take_back_points(holder_id: int, action_id: int) -> int:
    """Take back what an action had earned; returns the points. Once, and also before they were granted."""
    now = clock.now()
    db.session.execute(
        insert(PointGrant)
        .values(action_id=action_id, holder_id=holder_id, points=0, tariff=TARIFF.version, granted_at=now)
        .on_conflict_do_nothing()
    )
    grant = db.session.get_one(PointGrant, action_id, with_for_update=True, populate_existing=True)
    if grant.taken_back_at is not None:
        return 0
    grant.taken_back_at = now
    if grant.points:
        ledger.post([Posting(chart.TAKE_BACK_POINTS, action_id, holder_id, PLATFORM, grant.points)])
    return grant.points
