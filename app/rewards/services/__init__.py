"""What can be done with points. The only writer of this room."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import array, db
from app.rewards.models import PointGrant
from app.rewards.rules import TARIFF

_GRANT = text(
    "INSERT INTO point_grant (action_id, holder_id, points, tariff, granted_at)"
    " SELECT action, holder, points, :tariff, :now FROM unnest(CAST(:actions AS bigint[]),"
    "   CAST(:holders AS bigint[]), CAST(:points AS integer[])) AS earned(action, holder, points)"
    " ORDER BY action ON CONFLICT DO NOTHING RETURNING action_id"
)


def grant_points(actions: Sequence[tuple[int, int, int]]) -> int:
    """Grant points for actions of (id, holder_id, avoided_g); returns the points. An action earns once.

    Any number at once, in two statements. An action that was withdrawn before its announcement was heard
    earns nothing: `take_back_points` has left its row.
    """
    points = [TARIFF.points(grams) for _, _, grams in actions]
    values = {
        "actions": array(action for action, _, _ in actions),
        "holders": array(holder for _, holder, _ in actions),
        "points": array(points),
        "tariff": TARIFF.version,
        "now": clock.now(),
    }
    new = set(db.session.scalars(_GRANT, values))
    earned = [
        (action, holder, each)
        for (action, holder, _), each in zip(actions, points, strict=True)
        if action in new
    ]
    references = [action for action, _, _ in earned]
    amounts = [each for _, _, each in earned]
    holders = [holder for _, holder, _ in earned]
    ledger.post_columns((chart.GRANT_POINTS, references, [PLATFORM] * len(earned), holders, amounts))
    return sum(amounts)


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
