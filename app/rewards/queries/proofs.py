"""What must always be true of points and of the money behind them."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.chart import AccountKind, EntryKind
from app.kit.database import db
from app.kit.proof import Proof, equal, none

_ISSUED = (chart.GRANT_POINTS, chart.THANK)
_TAKEN_BACK = (
    chart.TAKE_BACK_POINTS,
    chart.TAKE_BACK_PENDING,
    chart.TAKE_BACK_ACTIVE,
    chart.WORK_OFF,
)
_GRANTED = text(
    "SELECT coalesce(sum(points), 0)::bigint AS granted,"
    " coalesce(sum(expired_points), 0)::bigint AS expired FROM point_grant"
)
_SPENT = text("SELECT coalesce(sum(points), 0)::bigint FROM spending WHERE spent_at IS NOT NULL")


def _stored(kind: AccountKind) -> str:
    return f"SELECT id / {chart.CODES} AS holder_id, balance FROM account WHERE id % 100 = {kind.code}"


_LOTS = (
    "SELECT holder_id, programme_id, CASE WHEN activated_at IS NULL THEN remaining ELSE 0 END AS pending,"
    " CASE WHEN activated_at IS NULL THEN 0 ELSE remaining END AS active, 0 AS reserved FROM point_grant"
    " WHERE remaining > 0"
    " UNION ALL SELECT spending.holder_id, programme_id, 0, 0, point_use.points FROM point_use"
    " JOIN spending ON spending.id = spending_id JOIN point_grant ON point_grant.id = grant_id"
    " WHERE spent_at IS NULL AND returned_at IS NULL"
)
_HELD = text(
    "SELECT count(*) AS holders, count(*) FILTER (WHERE coalesce(lots.pending, 0) <> coalesce(p.balance, 0)"
    "  OR coalesce(lots.active, 0) <> coalesce(a.balance, 0)"
    "  OR coalesce(lots.reserved, 0) <> coalesce(r.balance, 0)) AS differing"
    " FROM (SELECT holder_id, sum(pending) AS pending, sum(active) AS active, sum(reserved) AS reserved"
    f"   FROM ({_LOTS}) lot GROUP BY holder_id) lots"
    f" FULL JOIN ({_stored(chart.PENDING_POINTS)}) p USING (holder_id)"
    f" FULL JOIN ({_stored(chart.POINTS)}) a USING (holder_id)"
    f" FULL JOIN ({_stored(chart.RESERVED_POINTS)}) r USING (holder_id)"
)
_OWED = text(
    "SELECT coalesce((SELECT sum(owed_points) FROM point_grant), 0)::bigint"
    " - coalesce((SELECT sum(points) FROM point_use WHERE spending_id IS NULL), 0)::bigint"
)
_COVERED = text(
    "SELECT coalesce(sum(fund.balance), 0)::bigint AS fund_fen,"
    " coalesce(sum(promise.balance), 0)::bigint AS promise,"
    " coalesce(sum(lots.points), 0)::bigint AS outstanding,"
    " count(*) FILTER (WHERE coalesce(fund.balance, 0)"
    "   <> coalesce(promise.balance, 0) + coalesce(lots.points, 0)) AS differing"
    f" FROM reward_programme LEFT JOIN ({_stored(chart.FUND)}) fund USING (holder_id)"
    f" LEFT JOIN ({_stored(chart.PROMISE)}) promise USING (holder_id)"
    " LEFT JOIN (SELECT programme_id AS holder_id, sum(pending + active + reserved) AS points"
    f"   FROM ({_LOTS}) lot GROUP BY programme_id) lots USING (holder_id)"
)


def _sum(kinds: tuple[EntryKind, ...]) -> int:
    return sum(map(accounts.sum_entries, kinds))


def prove_points() -> list[Proof]:
    """Points issued = outstanding + spent + expired + taken back; every promise is covered by its sponsor."""
    ask, held = accounts.sum_entries, accounts.payables.sum_balances
    lots, spent = db.session.execute(_GRANTED).one(), int(db.session.scalar(_SPENT) or 0)
    outstanding = sum(map(held, (chart.POINTS, chart.PENDING_POINTS, chart.RESERVED_POINTS)))
    people, covered = db.session.execute(_HELD).one(), db.session.execute(_COVERED).one()
    issued = _sum(_ISSUED)
    gone = ask(chart.SPEND_POINTS) + ask(chart.EXPIRE_POINTS) + _sum(_TAKEN_BACK)
    return [
        Proof(
            "rewards.prove_issued",
            {
                "granted": lots.granted,
                "outstanding": outstanding,
                "spent": ask(chart.SPEND_POINTS),
                "expired": ask(chart.EXPIRE_POINTS),
                "taken_back": _sum(_TAKEN_BACK),
            },
            lots.granted == issued == outstanding + gone,
        ),
        equal("rewards.prove_expired", lots=lots.expired, books=ask(chart.EXPIRE_POINTS)),
        equal(
            "rewards.prove_spent",
            spendings=spent,
            books=ask(chart.SPEND_POINTS),
            paid_fen=ask(chart.PAY_REWARD),
        ),
        Proof(
            "rewards.prove_lots",
            {"holders": people.holders, "differing": people.differing},
            people.differing == 0,
        ),
        equal("rewards.prove_debts", owed=int(db.session.scalar(_OWED) or 0), books=-held(chart.POINTS_DEBT)),
        Proof(
            "rewards.prove_covered",
            {
                "fund_fen": covered.fund_fen,
                "promise": covered.promise,
                "outstanding": covered.outstanding,
            },
            covered.differing == 0,
        ),
        none("rewards.prove_sponsorless", grants=outstanding - covered.outstanding),
    ]
