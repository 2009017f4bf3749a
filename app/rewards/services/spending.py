"""Points set aside, spent, and given back when what they were for did not come 兑换、履约、退回.

All three take the person's points first; a row that many want, such as an item's stock, is locked after them.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, update

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import db
from app.rewards.errors import GrantUnknown, PointsShort, SpendingEnded, SpendingUnknown
from app.rewards.models import PointGrant, PointUse, Programme, Spending
from app.rewards.queries.programmes import pays_for
from app.rewards.rules.spending import take
from app.rewards.rules.tariffs import LONGEST_LIFE_MONTHS, RETURNED_LIVE_DAYS
from app.rewards.services.fairness import require_free
from app.rewards.services.grants import activate, lock_points


def reserve(holder_id: int, points: int, kind: str, payee_id: int) -> int:
    """Set points aside for a spending of `kind`, those that expire first; returns its id.

    Only points whose programme pays for the kind, and nothing that is owed. Raises `PointsShort`,
    `RedeemingHeld`.
    """
    require_free(holder_id)
    held = lock_points(holder_id)
    lots = db.session.scalars(
        select(PointGrant)
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(
            PointGrant.holder_id == holder_id,
            PointGrant.remaining > 0,
            PointGrant.activated_at.is_not(None),
            PointGrant.expires_at > clock.now(),
            pays_for(kind),
        )
        .order_by(PointGrant.expires_at, PointGrant.id)
        .with_for_update(of=PointGrant)
        .execution_options(populate_existing=True)
    ).all()
    fitting = sum(lot.remaining for lot in lots)
    free = max(0, min(fitting, held[chart.POINTS] + held[chart.POINTS_DEBT]))
    if points > free:
        raise PointsShort(points=points, free=free)
    return _set_aside(holder_id, lots, points, kind, payee_id)


def _set_aside(holder_id: int, lots: Sequence[PointGrant], points: int, kind: str, payee_id: int) -> int:
    now = clock.now()
    spending = Spending(holder_id=holder_id, kind=kind, payee_id=payee_id, points=points, reserved_at=now)
    db.session.add(spending)
    db.session.flush()
    known = {lot.id: lot for lot in lots}
    for lot_id, part in take([(lot.id, lot.remaining) for lot in lots], points):
        known[lot_id].remaining -= part
        db.session.add(PointUse(grant_id=lot_id, spending_id=spending.id, points=part, used_at=now))
    db.session.flush()
    ledger.post([Posting(chart.RESERVE_POINTS, spending.id, holder_id, holder_id, points)])
    ledger.open_accounts([chart.PAYABLE.of(payee_id)])  # many may pay somebody who was never paid before
    return spending.id


def spend(spending_id: int) -> bool:
    """Spend what was set aside: the payee is owed its fen by the programmes whose points it was.

    False when it was spent before. Raises `SpendingUnknown`, `SpendingEnded` for what was given back.
    """
    spending = _lock(spending_id)
    if spending.spent_at is not None:
        return False
    if spending.returned_at is not None:
        raise SpendingEnded()
    spending.spent_at = clock.now()
    db.session.flush()
    uses = db.session.execute(
        select(PointUse.id, Programme.holder_id, PointUse.points)
        .join(PointGrant, PointGrant.id == PointUse.grant_id)
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(PointUse.spending_id == spending_id)
    ).all()
    entries = [
        Posting(chart.PAY_REWARD, use_id, programme_id, spending.payee_id, points)
        for use_id, programme_id, points in uses
    ]
    entries.append(
        Posting(chart.SPEND_POINTS, spending_id, spending.holder_id, chart.PLATFORM, spending.points)
    )
    ledger.post(entries)
    return True


def spend_grant(holder_id: int, source: str, source_id: int, kind: str, payee_id: int) -> int:
    """Give away all that is left of what was granted for one thing, pending or active; returns the points.

    Raises `GrantUnknown` when nothing is left of it, `PointsShort` when its programme does not pay for
    `kind` or the points are owed, `RedeemingHeld`.
    """
    require_free(holder_id)
    held = lock_points(holder_id)
    found = db.session.execute(
        select(PointGrant, Programme.pays_for)
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(PointGrant.source == source, PointGrant.source_id == source_id)
        .where(PointGrant.holder_id == holder_id, PointGrant.remaining > 0)
        .where(PointGrant.expires_at > clock.now())
        .with_for_update(of=PointGrant)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise GrantUnknown()
    lot, pays_for = found
    points = lot.remaining
    if lot.activated_at is None:
        activate([lot.id])
        held[chart.POINTS] += points
    free = max(0, held[chart.POINTS] + held[chart.POINTS_DEBT]) if kind in (pays_for or [kind]) else 0
    if points > free:
        raise PointsShort(points=points, free=free)
    spend(_set_aside(holder_id, [lot], points, kind, payee_id))
    return points


def give_back(spending_id: int, *, failed: bool = True) -> bool:
    """Give back what was set aside, to the lots it came from.

    Where it has `failed` they live `RETURNED_LIVE_DAYS` more at least, though no longer than
    `LONGEST_LIFE_MONTHS`, however often they come back; where somebody has changed their mind they live as
    long as before, or setting one point aside would keep a thousand.

    False when it was given back before. Raises `SpendingUnknown`, `SpendingEnded` for what was spent.
    """
    spending = _lock(spending_id)
    if spending.returned_at is not None:
        return False
    if spending.spent_at is not None:
        raise SpendingEnded()
    now = clock.now()
    spending.returned_at = now
    db.session.flush()
    alive = clock.end_of_day(clock.business_day(now) + timedelta(days=RETURNED_LIVE_DAYS))
    oldest = PointGrant.granted_at + func.make_interval(0, LONGEST_LIFE_MONTHS)
    until = func.greatest(PointGrant.expires_at, func.least(alive, oldest))
    db.session.execute(
        update(PointGrant)
        .where(PointUse.spending_id == spending_id, PointUse.grant_id == PointGrant.id)
        .values(
            remaining=PointGrant.remaining + PointUse.points,
            expires_at=until if failed else PointGrant.expires_at,
        )
        .execution_options(synchronize_session=False)
    )
    ledger.post(
        [
            Posting(
                chart.GIVE_POINTS_BACK, spending_id, spending.holder_id, spending.holder_id, spending.points
            )
        ]
    )
    return True


def _lock(spending_id: int) -> Spending:
    holder_id = db.session.scalar(select(Spending.holder_id).where(Spending.id == spending_id))
    if holder_id is None:
        raise SpendingUnknown()
    lock_points(holder_id)
    return db.session.get_one(Spending, spending_id, with_for_update=True, populate_existing=True)
