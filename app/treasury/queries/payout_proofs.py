"""What must always be true of payouts and statements."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries.payables import (
    INCOME,
    PAYABLE_OUT,
    RETURNS,
    codes_of,
    payable_legs_from,
    postings_from,
)
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.offsets import queries as offsets
from app.registry.queries import terms_from
from app.registry.rules import WHOLE_BP

_CODES = chart.CODES
_PAYABLE, _PAYING = chart.PAYABLE.code, chart.PAYING.code
_STEPS = (
    (chart.START_PAYOUT, "payable", "approved_at IS NOT NULL"),
    (chart.COMPLETE_PAYOUT, "payable", "paid_at IS NOT NULL"),
    (chart.RETURN_PAYOUT, "payable", "failed_at IS NOT NULL"),
    (chart.REVERSE_PAYOUT, "payable", "returned_at IS NOT NULL"),
    (chart.START_FEES_PAYOUT, "fees", "approved_at IS NOT NULL"),
    (chart.COMPLETE_PAYOUT, "fees", "paid_at IS NOT NULL"),
    (chart.RETURN_FEES, "fees", "failed_at IS NOT NULL"),
    (chart.REVERSE_FEES, "fees", "returned_at IS NOT NULL"),
)
"""Each kind of entry of a payout, and when it must stand in the books."""

_EXPECTED = " UNION ALL ".join(
    f"SELECT {kind.code} AS kind, payout.id AS reference,"
    f" {_end} AS ours, amount_fen FROM payout JOIN payout_run ON payout_run.id = run_id"
    f" WHERE source = '{source}' AND {stands}"
    for kind, source, stands in _STEPS
    for _end in (f"holder_id * {_CODES} + {(kind.source if kind.source.stored else kind.target).code}",)
)
_ENTRIES = text(
    f"WITH expected AS ({_EXPECTED})"
    " SELECT count(*) FILTER (WHERE entry.kind IS NULL) AS unbooked,"
    " count(*) FILTER (WHERE expected.kind IS NULL) AS unexplained,"
    " count(*) FILTER (WHERE amount <> amount_fen OR ours NOT IN (source, target)) AS differing"
    f" FROM expected FULL JOIN {postings_from(*(kind for kind, _, _ in _STEPS))} entry"
    "   USING (kind, reference)"
)
_OVERPROMISED = text(
    "SELECT count(*) FROM (SELECT holder_id, sum(amount_fen) AS amount_fen"
    "   FROM payout JOIN payout_run ON payout_run.id = run_id"
    "   WHERE source = 'payable' AND approved_at IS NULL AND withdrawn_at IS NULL"
    "   GROUP BY holder_id) promised"
    f" LEFT JOIN account ON account.id = holder_id * {_CODES} + {_PAYABLE}"
    " WHERE amount_fen > coalesce(balance, 0)"
)
_LINES = text(
    "SELECT count(*) AS lines, count(*) FILTER (WHERE"
    "   amount_fen <> quantity_kg / step_kg * price_fen_per_step"
    "   OR quantity_kg % step_kg <> 0"
    "   OR coalesce(seller.amount, 0) <> amount_fen - village_share - fee_share"
    "   OR coalesce(village.amount, 0) <> village_share"
    f"  OR seller.target <> seller_holder_id * {_CODES} + {_PAYABLE}"
    f"  OR village.target <> coalesce(village_holder_id, seller_holder_id) * {_CODES} + {_PAYABLE})"
    "   AS differing"
    f" FROM {offsets.sales_from()} sale JOIN {terms_from()} terms USING (lot_id)"
    f" CROSS JOIN LATERAL (SELECT div(amount_fen::numeric * village_bp, {WHOLE_BP}) AS village_share,"
    f"   div(amount_fen::numeric * fee_bp, {WHOLE_BP}) AS fee_share) shares"
    f" LEFT JOIN {postings_from(chart.CREDIT_SELLER)} seller ON seller.reference = order_id"
    f" LEFT JOIN {postings_from(chart.CREDIT_VILLAGE)} village ON village.reference = order_id"
)
_STATEMENTS = text(
    "WITH leg AS (SELECT holder_id, to_char(posted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month,"
    "   sum(change) AS change, "
    + ", ".join(
        f"coalesce(sum(abs(change)) FILTER (WHERE kind IN ({codes_of(*kinds)})), 0) AS {name}"
        for name, kinds in (("income", INCOME), ("paid", PAYABLE_OUT), ("returned", RETURNS))
    )
    + f"  FROM {payable_legs_from()} change GROUP BY 1, 2),"
    " known AS (SELECT statement.id, coalesce(sum(change) FILTER (WHERE leg.month < statement.month), 0)"
    "    AS opening, "
    + ", ".join(
        f"coalesce(sum({name}) FILTER (WHERE leg.month = statement.month), 0) AS {name}"
        for name in ("income", "paid", "returned")
    )
    + "  FROM statement LEFT JOIN leg ON leg.holder_id = statement.holder_id AND leg.month <= statement.month"
    "  GROUP BY statement.id),"
    " parts AS (SELECT id, sum(share) AS share FROM ("
    "   SELECT statement_id AS id, seller_fen + village_fen AS share FROM statement_lot"
    "   UNION ALL SELECT statement_id, amount_fen FROM statement_reward) part GROUP BY id)"
    " SELECT count(*) AS statements, count(*) FILTER (WHERE"
    "   (opening_fen, income_fen, paid_fen, returned_fen) IS DISTINCT FROM (opening, income, paid, returned)"
    "   OR income_fen <> coalesce(share, 0)) AS differing"
    " FROM statement JOIN known USING (id) LEFT JOIN parts USING (id)"
)


def prove_payouts() -> list[Proof]:
    """That income is owed, on its way or paid out; that payouts and statements agree with the books."""
    ask, held = accounts.sum_entries, accounts.payables.sum_balances
    fees_out = ask(chart.START_FEES_PAYOUT) - ask(chart.RETURN_FEES) - ask(chart.REVERSE_FEES)
    paid_out = ask(chart.COMPLETE_PAYOUT) - ask(chart.REVERSE_PAYOUT) - ask(chart.REVERSE_FEES)
    entries = db.session.execute(_ENTRIES).one()
    lines = db.session.execute(_LINES).one()
    statements = db.session.execute(_STATEMENTS).one()
    return [
        equal(
            "treasury.prove_paid_out",
            credited=sum(map(ask, INCOME)) + fees_out,
            accounted=held(chart.PAYABLE) + held(chart.PAYING) + paid_out,
        ),
        none(
            "treasury.prove_payouts",
            unbooked=entries.unbooked,
            unexplained=entries.unexplained,
            differing=entries.differing,
            overpromised=int(db.session.scalar(_OVERPROMISED) or 0),
        ),
        _prove_fees(),
        Proof(
            "treasury.prove_lines",
            {"lines": lines.lines, "differing": lines.differing},
            lines.differing == 0,
        ),
        Proof(
            "treasury.prove_statements",
            {"statements": statements.statements, "differing": statements.differing},
            statements.differing == 0,
        ),
    ]


def _prove_fees() -> Proof:
    """That no decision of ours gave the fees away twice.

    Nobody decides what the provider charges, nor that a refund comes twice or after it was closed: that
    may take more than there is, and is a figure of its own. What became sponsors' funds and is not fees
    again, rewards prove.
    """
    fees, promised = accounts.sum_boundary(chart.FEES), offsets.sum_fees_pledged()
    unasked, ask = offsets.sum_fees_unasked(), accounts.sum_entries
    funded = max(0, ask(chart.FUND_FROM_FEES) - ask(chart.RETURN_FUND_FEES))
    figures = {"fees": fees, "unasked": unasked, "funded": funded, "promised": promised}
    return Proof("treasury.prove_fees_kept", figures, fees + unasked + funded >= promised)
