"""Making statements 对账单: everybody's month, in a few statements for all of them."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries.payables import REWARDS, SALES, postings_from
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import array, db
from app.offsets.queries import sales_from
from app.treasury.rules.payouts import month_bounds

_FIGURES = ("opening_fen", "income_fen", "paid_fen", "returned_fen", "first_entry", "last_entry")
_COLUMNS = ", ".join(_FIGURES)
_MAKE = text(
    f"INSERT INTO statement (holder_id, month, code, {_COLUMNS}, closing_fen, made_at)"
    f" SELECT holder_id, :month, code, {_COLUMNS},"
    "  opening_fen + income_fen - paid_fen + returned_fen, :at"
    " FROM unnest(CAST(:holders AS bigint[]), CAST(:codes AS text[]), "
    + ", ".join(f"CAST(:{figure} AS bigint[])" for figure in _FIGURES)
    + f") AS fresh(holder_id, code, {_COLUMNS})"
    " ON CONFLICT (holder_id, month) DO NOTHING RETURNING id"
)
_LOTS = text(
    "INSERT INTO statement_lot"
    " (statement_id, lot_id, orders, quantity_kg, price_fen, seller_fen, village_fen)"
    " SELECT statement.id, lot_id, count(*), sum(quantity_kg), sum(amount_fen), sum(seller), sum(village)"
    f" FROM (SELECT target / {chart.CODES} AS holder_id, reference AS order_id,"
    f"   coalesce(sum(amount) FILTER (WHERE kind = {chart.CREDIT_SELLER.code}), 0) AS seller,"
    f"   coalesce(sum(amount) FILTER (WHERE kind = {chart.CREDIT_VILLAGE.code}), 0) AS village"
    f"   FROM {postings_from(*SALES)} entry WHERE posted_at >= :start AND posted_at < :after"
    "   GROUP BY 1, 2) share"
    f" JOIN {sales_from()} sale USING (order_id)"
    " JOIN statement ON statement.holder_id = share.holder_id"
    "   AND statement.id = ANY(CAST(:fresh AS bigint[]))"
    " GROUP BY statement.id, lot_id"
)
_REWARDS = text(
    "INSERT INTO statement_reward (statement_id, fund_id, payments, amount_fen)"
    f" SELECT statement.id, source / {chart.CODES}, count(*), sum(amount)"
    f" FROM {postings_from(*REWARDS)} entry"
    f" JOIN statement ON statement.holder_id = target / {chart.CODES}"
    "   AND statement.id = ANY(CAST(:fresh AS bigint[]))"
    " WHERE posted_at >= :start AND posted_at < :after GROUP BY 1, 2"
)


def make_statements(month: str) -> int:
    """Make the statement of every holder whom the month concerned; returns how many were new."""
    start, after = month_bounds(month)
    months = accounts.payables.list_payable_months(start, after)
    if not months:
        return 0
    columns = {figure: array(getattr(each, figure) for each in months) for figure in _FIGURES}
    values = {
        "month": month,
        "at": clock.now(),
        "holders": array(each.holder_id for each in months),
        "codes": array(random_code() for _ in months),
        **columns,
    }
    fresh = list(db.session.scalars(_MAKE, values))
    if fresh:
        within = {"start": start, "after": after, "fresh": array(fresh)}
        for part in (_LOTS, _REWARDS):
            db.session.execute(part, within)
    return len(fresh)
