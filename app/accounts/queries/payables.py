"""What sellers, villages and the platform are owed, at which moment.

The parts that end in `_from` are relations in SQL, lent to another room's set-based statement.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.accounts import chart
from app.accounts.chart import AccountKind, EntryKind
from app.kit.database import db

_KINDS = chart.ENTRY_KINDS.values()
PAYABLE_IN = tuple(kind for kind in _KINDS if kind.target is chart.PAYABLE)
PAYABLE_OUT = tuple(kind for kind in _KINDS if kind.source is chart.PAYABLE)
SALES = (chart.CREDIT_SELLER, chart.CREDIT_VILLAGE)
REWARDS = (chart.PAY_REWARD,)
"""What a sponsor pays to whoever gave a thing for points."""
INCOME = (*SALES, *REWARDS)
RETURNS = (chart.RETURN_PAYOUT, chart.REVERSE_PAYOUT)
FEE_INCOME = (chart.TAKE_FEE, chart.PROVIDER_FEE_BACK)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a holder is owed now, and the part of it that came in after the moment asked for."""

    holder_id: int
    balance_fen: int
    later_fen: int


@dataclass(frozen=True, slots=True)
class PayableMonth:
    """How a holder's payable account went through a month, and the entries its income lies between."""

    holder_id: int
    opening_fen: int
    income_fen: int
    paid_fen: int
    returned_fen: int
    first_entry: int
    last_entry: int


def codes_of(*kinds: EntryKind) -> str:
    """The codes of these kinds of entry, as a list in SQL."""
    return ", ".join(str(kind.code) for kind in kinds)


def postings_from(*kinds: EntryKind) -> str:
    """Entries of these kinds: kind, reference, id, source, target, amount, posted_at."""
    return f"(SELECT * FROM posting WHERE kind IN ({codes_of(*kinds)}))"


def payable_legs_from() -> str:
    """Every change of a payable account: id, kind, reference, holder_id, account_id, change, posted_at."""
    sides = (("target", "amount", PAYABLE_IN), ("source", "-amount", PAYABLE_OUT))
    return (
        "("
        + " UNION ALL ".join(
            f"SELECT id, kind, reference, {end} / {chart.CODES} AS holder_id, {end} AS account_id,"
            f" {change} AS change, posted_at FROM posting"
            f" WHERE {end} % 100 < {chart.BOUNDARY} AND kind IN ({codes_of(*kinds)})"
            for end, change, kinds in sides
        )
        + ")"
    )


_PAYABLE = text(
    "SELECT account.id / 100 AS holder_id, balance, coalesce(later.amount, 0)::bigint AS later"
    " FROM account LEFT JOIN (SELECT target, sum(amount) AS amount FROM posting"
    f"   WHERE kind IN ({codes_of(*INCOME)}) AND posted_at >= :moment GROUP BY target) later"
    "   ON later.target = account.id"
    f" WHERE account.id % 100 = {chart.PAYABLE.code} AND balance > 0 ORDER BY account.id"
)


def list_owed(moment: datetime) -> list[Owed]:
    """Every holder who is owed money now, with what came in at `moment` or later."""
    return [Owed(*row) for row in db.session.execute(_PAYABLE, {"moment": moment})]


def get_fees(moment: datetime) -> Owed:
    """What the platform's fees come to now, with what came in at `moment` or later."""
    incoming = [kind for kind in _KINDS if kind.target is chart.FEES]
    outgoing = [kind for kind in _KINDS if kind.source is chart.FEES]
    row = db.session.execute(
        text(
            f"SELECT coalesce(sum(CASE WHEN kind IN ({codes_of(*incoming)}) THEN amount ELSE -amount END), 0)"
            f"::bigint AS balance, coalesce(sum(amount) FILTER (WHERE kind IN ({codes_of(*FEE_INCOME)})"
            "  AND posted_at >= :moment), 0)::bigint AS later"
            f" FROM posting WHERE kind IN ({codes_of(*incoming, *outgoing)})"
        ),
        {"moment": moment},
    ).one()
    return Owed(chart.PLATFORM, row.balance, row.later)


_MONTH = text(
    "SELECT holder_id, coalesce(sum(change) FILTER (WHERE posted_at < :start), 0)::bigint,"
    + ",".join(
        f" coalesce(sum(abs(change)) FILTER (WHERE within AND kind IN ({codes_of(*kinds)})), 0)::bigint"
        for kinds in (INCOME, PAYABLE_OUT, RETURNS)
    )
    + ", "
    + ", ".join(
        f"coalesce({edge}(id) FILTER (WHERE within AND kind IN ({codes_of(*INCOME)})), 0)"
        for edge in ("min", "max")
    )
    + f" FROM (SELECT *, posted_at >= :start AS within FROM {payable_legs_from()} leg"
    "   WHERE posted_at < :after) known"
    " GROUP BY holder_id HAVING sum(change) FILTER (WHERE posted_at < :start) <> 0 OR bool_or(within)"
    " ORDER BY holder_id"
)


def list_payable_months(start: datetime, after: datetime) -> list[PayableMonth]:
    """Every holder who was owed something at `start`, or whose payable account moved before `after`."""
    rows = db.session.execute(_MONTH, {"start": start, "after": after})
    return [PayableMonth(*row) for row in rows]


def sum_balances(kind: AccountKind) -> int:
    """The total of all stored balances of one kind of account."""
    total = db.session.scalar(
        text("SELECT coalesce(sum(balance), 0)::bigint FROM account WHERE id % 100 = :code"),
        {"code": kind.code},
    )
    return int(total or 0)
