"""Payments and refunds of a day with all that bills, records and books know of them.

Most of a day agrees in every figure; a first, set-based pass leaves those out, and what it leaves is
looked up by its number over all days, so that nothing is misjudged for lying on the other side of
midnight. The statements only gather: what is wrong with a subject, the rules say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.accounts import chart
from app.accounts.queries import entries_relation
from app.kit.database import array, db
from app.offsets.queries.money import DOUBTS, PAYMENTS, REFUNDS
from app.treasury.rules.breaks import (
    ABNORMAL,
    DOUBT,
    FEE,
    FEE_BACK,
    OPEN,
    PAID,
    PPM,
    REFUND,
    SUCCEEDED,
    TRADE,
    WITHDRAWAL,
    Flow,
    Merchant,
    Ours,
    Subject,
    Trade,
)

PIECE = 5_000


@dataclass(frozen=True)
class Span:
    """Which bills are read, and of which span of time the subjects are judged."""

    trades: tuple[int, ...]
    flows: tuple[int, ...]
    start: datetime
    end: datetime

    def values(self) -> dict[str, Any]:
        """The span as the statements take it."""
        return {
            "trades": array(self.trades),
            "flows": array(self.flows),
            "start": self.start,
            "end": self.end,
        }


_MONEY_BACK = entries_relation(chart.REFUND, chart.REFUND_DOUBT, chart.REFUND_GOODWILL)
_IN = "at >= :start AND at < :end"
_TRADES = "bill_trade WHERE bill_id = ANY(CAST(:trades AS bigint[]))"
_FLOWS = "bill_flow WHERE bill_id = ANY(CAST(:flows AS bigint[]))"
_PAID_KIND = f"(kind = '{TRADE}' AND amount_fen > 0 OR kind = '{FEE}' AND amount_fen < 0)"
_BACK_KIND = f"(kind = '{REFUND}' AND amount_fen < 0 OR kind = '{FEE_BACK}' AND amount_fen > 0)"


def _sums(moved: str, fee: str) -> str:
    """A subject's movements in sum, without their signs."""
    return (
        f"abs(sum(amount_fen) FILTER (WHERE kind = '{moved}'))::bigint AS moved_fen,"
        f" coalesce(abs(sum(amount_fen) FILTER (WHERE kind = '{fee}')), 0)::bigint AS charged_fen,"
        " min(at) AS at"
    )


def _newest(column: str, refunds: bool) -> str:
    """The newest row of the trade bills with the subject's number, and how many there are."""
    return (
        "LATERAL (SELECT *, count(*) OVER () AS copies FROM bill_trade"
        f" WHERE {column} = key AND refund_id IS {'NOT ' if refunds else ''}NULL"
        " ORDER BY at DESC, bill_id DESC, line DESC LIMIT 1)"
    )


_TRADE_COLUMNS = (
    "trade.copies, trade.appid, trade.mchid, trade.order_code AS told_order, trade.state, trade.refund_state,"
    " trade.currency, trade.order_fen, trade.settled_fen, trade.refund_fen, trade.fee_millifen,"
    " trade.rate_ppm, trade.refund_code"
)

_PAYMENTS = text(f"""
WITH trade AS MATERIALIZED (SELECT * FROM {_TRADES} AND refund_id IS NULL AND {_IN}),
flow AS (
  SELECT number, {_sums(TRADE, FEE)} FROM {_FLOWS} AND {_PAID_KIND} GROUP BY number),
ours AS (
  SELECT paid.*, books.amount AS books_fen
    FROM {PAYMENTS} paid
    LEFT JOIN {entries_relation(chart.RECEIVE_PAYMENT)} books ON books.reference = order_id
   WHERE paid_at >= CAST(:start AS timestamptz) - interval '1 hour'
     AND paid_at < CAST(:end AS timestamptz) + interval '1 hour'),
suspect (key) AS (
  SELECT trade.transaction_id
    FROM trade
    LEFT JOIN ours ON ours.transaction_id = trade.transaction_id
    LEFT JOIN flow ON flow.number = trade.transaction_id
   WHERE (trade.appid, trade.mchid, trade.currency, trade.state, trade.order_code,
          trade.order_fen, trade.settled_fen, books_fen, moved_fen, charged_fen)
         IS DISTINCT FROM
         (:appid, :mchid, 'CNY', 'SUCCESS', ours.order_code, ours.amount_fen, ours.amount_fen,
          ours.amount_fen, ours.amount_fen, (trade.fee_millifen + 500) / 1000)
      OR abs(trade.fee_millifen * 1000 - trade.settled_fen * trade.rate_ppm) >= {PPM // 2}
  UNION SELECT transaction_id FROM trade GROUP BY transaction_id HAVING count(*) > 1
  UNION SELECT transaction_id FROM ours
         WHERE paid_at >= :start AND paid_at < :end
           AND NOT EXISTS (SELECT FROM trade WHERE trade.transaction_id = ours.transaction_id)
  UNION SELECT number FROM {_FLOWS} AND {_PAID_KIND} AND {_IN}
           AND NOT EXISTS (SELECT FROM trade WHERE trade.transaction_id = number))
SELECT key, {_TRADE_COLUMNS}, flow.moved_fen, flow.charged_fen, flow.at AS moved_at,
       coalesce(paid.order_code, held.order_code) AS order_code,
       coalesce(paid.amount_fen, held.amount) AS amount_fen,
       CASE WHEN paid.order_id IS NULL THEN '{DOUBT}' ELSE '{PAID}' END AS standing,
       coalesce(books.amount, held.amount) AS books_fen,
       rival.transaction_id AS rival
  FROM suspect
  LEFT JOIN {_newest("transaction_id", False)} trade ON true
  LEFT JOIN LATERAL (
    SELECT {_sums(TRADE, FEE)} FROM bill_flow WHERE number = key AND {_PAID_KIND}) flow ON true
  LEFT JOIN {PAYMENTS} paid ON paid.transaction_id = key
  LEFT JOIN {entries_relation(chart.RECEIVE_PAYMENT)} books ON books.reference = paid.order_id
  LEFT JOIN LATERAL (
    SELECT doubt.order_code, entry.amount
      FROM {DOUBTS} doubt JOIN {entries_relation(chart.HOLD_DOUBT)} entry ON entry.reference = doubt.id
     WHERE doubt.transaction_id = key LIMIT 1) held ON true
  LEFT JOIN {PAYMENTS} rival ON rival.order_code = trade.order_code AND rival.transaction_id <> key
 WHERE coalesce(trade.at, paid.paid_at, flow.at) >= :start
   AND coalesce(trade.at, paid.paid_at, flow.at) < :end
""")

_STANDING = (
    f"CASE WHEN refund.succeeded_at IS NOT NULL THEN '{SUCCEEDED}'"
    f" WHEN refund.abnormal_at IS NOT NULL THEN '{ABNORMAL}' ELSE '{OPEN}' END AS standing"
)
_REFUNDS = text(f"""
WITH suspect (key) AS (
  SELECT refund_code FROM {_TRADES} AND refund_id IS NOT NULL AND {_IN}
  UNION SELECT code FROM {REFUNDS} refund WHERE accepted_at >= :start AND accepted_at < :end)
SELECT key, {_TRADE_COLUMNS}, refund.order_code, refund.amount_fen, {_STANDING}
  FROM suspect
  LEFT JOIN {_newest("refund_code", True)} trade ON true
  LEFT JOIN {REFUNDS} refund ON refund.code = key
 WHERE coalesce(trade.at, refund.accepted_at) >= :start AND coalesce(trade.at, refund.accepted_at) < :end
""")

_RETURNS = text(f"""
WITH suspect (key) AS (
  SELECT number FROM {_FLOWS} AND {_BACK_KIND} AND {_IN}
  UNION SELECT provider_id FROM {REFUNDS} refund
          WHERE succeeded_at >= :start AND succeeded_at < :end AND provider_id IS NOT NULL)
SELECT coalesce(refund.code, trade.refund_code, key) AS key, {_TRADE_COLUMNS},
       flow.moved_fen, flow.charged_fen, flow.at AS moved_at,
       refund.order_code, refund.amount_fen, {_STANDING},
       (SELECT sum(amount)::bigint FROM {_MONEY_BACK} books WHERE books.reference = refund.id) AS books_fen
  FROM suspect
  LEFT JOIN {_newest("refund_id", True)} trade ON true
  LEFT JOIN LATERAL (
    SELECT {_sums(REFUND, FEE_BACK)} FROM bill_flow WHERE number = key AND {_BACK_KIND}) flow ON true
  LEFT JOIN {REFUNDS} refund ON refund.provider_id = key
 WHERE coalesce(flow.at, refund.succeeded_at) >= :start AND coalesce(flow.at, refund.succeeded_at) < :end
""")

_STRANGE = text(
    f"SELECT flow_number, kind, amount_fen FROM {_FLOWS} AND NOT ({_PAID_KIND} OR {_BACK_KIND}"
    f" OR kind = '{WITHDRAWAL}' AND amount_fen < 0) AND {_IN}"
)
_COUNT = text(
    f"SELECT (SELECT count(*) FROM {_TRADES} AND {_IN})"
    f" + (SELECT count(*) FROM {_FLOWS} AND {_IN} AND kind = '{REFUND}')"
)


def payment_suspects(span: Span, merchant: Merchant) -> Iterator[Subject]:
    """The payments of the span that do not agree in every figure at first sight."""
    for row in _rows(_PAYMENTS, span.values() | {"appid": merchant.appid, "mchid": merchant.mchid}):
        trade = None if row.copies is None else _trade(row, row.state, row.order_fen, row.settled_fen)
        yield Subject(row.key, trade, _flow(row), _ours(row, row.books_fen), row.rival)


def refunds(span: Span) -> Iterator[Subject]:
    """The refunds of the span as they were asked for."""
    for row in _rows(_REFUNDS, span.values()):
        trade = None if row.copies is None else _trade(row, row.refund_state, row.refund_fen, row.refund_fen)
        yield Subject(row.key, trade, None, _ours(row, None))


def returns(span: Span) -> Iterator[Subject]:
    """The refunds whose money moved in the span."""
    for row in _rows(_RETURNS, span.values()):
        trade = None if row.copies is None else _trade(row, row.refund_state, row.refund_fen, row.refund_fen)
        yield Subject(row.key, trade, _flow(row), _ours(row, row.books_fen))


def strange_flows(span: Span) -> list[tuple[str, str, int]]:
    """Movements of a kind, or in a direction, that we do not know: number, kind, signed fen."""
    return [(row[0], row[1], row[2]) for row in db.session.execute(_STRANGE, span.values())]


def count_subjects(span: Span) -> int:
    """How many payments, refunds and returns the bills hold of the span."""
    return int(db.session.scalar(_COUNT, span.values()) or 0)


def _rows(statement: Any, values: dict[str, Any]) -> Iterator[Any]:
    """Rows in pieces: on a bad day there are as many as the bill has lines."""
    result = db.session.execute(statement, values, execution_options={"yield_per": PIECE})
    yield from result


def _trade(row: Any, state: str, amount_fen: int, settled_fen: int) -> Trade:
    return Trade(
        copies=row.copies,
        appid=row.appid,
        mchid=row.mchid,
        order_code=row.told_order,
        state=state,
        currency=row.currency,
        amount_fen=amount_fen,
        settled_fen=settled_fen,
        fee_millifen=row.fee_millifen,
        rate_ppm=row.rate_ppm,
    )


def _flow(row: Any) -> Flow | None:
    return None if row.moved_at is None else Flow(row.moved_fen, row.charged_fen)


def _ours(row: Any, books_fen: int | None) -> Ours | None:
    if row.amount_fen is None:
        return None
    return Ours(row.order_code, row.amount_fen, row.standing, books_fen)
