"""A day of a million billed lines with ten thousand breaks of every kind: all found, no false alarm.

`python -m bench.reconciling [rows] [breaks] [seed]` on an instance of its own. Both sides are made
set-based, the breaks put in at random by the seed; what is timed begins with the bills' bytes and ends
with the breaks written down.
"""

import os
import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.accounts import chart
from app.config import isolated
from app.kit import clock
from app.kit.database import allow_bulk, copy_rows, db
from app.kit.transaction import transaction
from app.treasury.rules.breaks import Break, Merchant
from app.treasury.services import bills, days
from bench.rounds import stopwatch, tell
from simulator.bills import FLOW_COLUMNS, FLOW_TOTALS, TRADE_COLUMNS

ROWS, BREAKS, SEED = 1_000_000, 10_000, 7
MERCHANT = Merchant("wxbench0000000000", "1900000109")
BASE = 10**9
"""Where the ids of orders made here begin."""
ONE_IN = 25
"""One in so many subjects is a refund."""

OF_PAYMENTS = (
    Break.MISSING_HERE,
    Break.MISSING_THERE,
    Break.AMOUNT,
    Break.STATE,
    Break.ORDER,
    Break.DUPLICATE,
    Break.CURRENCY,
    Break.MERCHANT,
    Break.BOOKS_MISSING,
    Break.BOOKS,
    Break.FEE,
    Break.FLOW_MISSING,
    Break.FLOW_ALONE,
    Break.FLOW_AMOUNT,
    Break.FLOW_KIND,
)
OF_REFUNDS = (
    Break.REFUND_MISSING_HERE,
    Break.REFUND_MISSING_THERE,
    Break.REFUND_AMOUNT,
    Break.STATE,
)
OF_THE_DAY = {(Break.SUMMARY, "trade:订单总金额"), (Break.BALANCE, "closing")}

_MADE = """
CREATE UNLOGGED TABLE made_payment AS
SELECT n, 100 + n % 500 * 10 AS fen, coalesce(kind, '') AS kind, 'T' || lpad(n::text, 27, '0') AS number,
       'B' || lpad(n::text, 25, '0') AS code,
       CAST(:midnight AS timestamptz) + n % 85000 * interval '1 second' AS at
  FROM generate_series(1, :payments) n LEFT JOIN injected ON side = 'payment' AND place = n;
CREATE UNLOGGED TABLE made_refund AS
SELECT n, fen, coalesce(injected.kind, '') AS kind, 'P' || lpad(n::text, 27, '0') AS number,
       'R' || lpad(n::text, 25, '0') AS code, paid.code AS order_code, paid.number AS transaction, at
  FROM made_payment paid LEFT JOIN injected ON side = 'refund' AND place = n WHERE n <= :refunds
"""
_OURS = f"""
INSERT INTO orders (id, code, holder_id, purpose, lot_id, quantity_kg, amount_fen, description,
                    certificate_number, reserved_at, expires_at, next_check_at, prepaid_at, paid_at)
SELECT {BASE} + n, code, :holder, 'personal', :lot, 10, fen, '', 'C' || lpad(n::text, 19, '0'),
       at, at, at, at, at FROM made_payment;
INSERT INTO payment (order_id, channel, transaction_id, amount_fen, paid_at, recorded_at)
SELECT {BASE} + n, 'wechat', number, fen, at, at FROM made_payment
 WHERE kind NOT IN ('{Break.MISSING_HERE}', '{Break.FLOW_ALONE}');
INSERT INTO posting (kind, reference, source, target, amount, posted_at)
SELECT {chart.RECEIVE_PAYMENT.code}, {BASE} + n, {chart.PROVIDER.of(1)}, {chart.CLEARING.of(1)},
       fen + (kind = '{Break.BOOKS}')::integer, at FROM made_payment
 WHERE kind NOT IN ('{Break.MISSING_HERE}', '{Break.FLOW_ALONE}', '{Break.BOOKS_MISSING}');
ALTER TABLE refund DISABLE TRIGGER refund_edges;
INSERT INTO refund (id, code, order_id, trade_code, amount_fen, total_fen, source, channel, reason, opened_at,
                    provider_id, accepted_at, succeeded_at)
SELECT {BASE} + n, code, {BASE} + n, order_code, fen, fen, 'clearing', 'wechat', 'sold_out', at, number, at,
       CASE WHEN kind <> '{Break.REFUND_MISSING_THERE}' THEN at END
  FROM made_refund WHERE kind <> '{Break.REFUND_MISSING_HERE}';
ALTER TABLE refund ENABLE TRIGGER refund_edges;
INSERT INTO posting (kind, reference, source, target, amount, posted_at)
SELECT {chart.REFUND.code}, {BASE} + n, {chart.CLEARING.of(1)}, {chart.PROVIDER.of(1)}, fen, at
  FROM made_refund WHERE kind NOT IN ('{Break.REFUND_MISSING_HERE}', '{Break.REFUND_MISSING_THERE}');
ANALYZE orders, payment, posting, refund
"""
_FEE = "(fen * 60 + 5000) / 10000"
_THEIRS = f"""
CREATE UNLOGGED TABLE made_trade AS
WITH billed AS (
  SELECT *, fen + (kind = '{Break.AMOUNT}')::integer AS told_fen FROM made_payment
   WHERE kind NOT IN ('{Break.MISSING_THERE}', '{Break.FLOW_ALONE}')
  UNION ALL SELECT *, fen FROM made_payment WHERE kind = '{Break.DUPLICATE}')
SELECT at, :appid AS appid, CASE kind WHEN '{Break.MERCHANT}' THEN '1900000999' ELSE :mchid END AS mchid,
       number, CASE kind WHEN '{Break.ORDER}' THEN 'X' || code ELSE code END AS order_code,
       CASE kind WHEN '{Break.STATE}' THEN 'REVOKED' ELSE 'SUCCESS' END AS state,
       CASE kind WHEN '{Break.CURRENCY}' THEN 'USD' ELSE 'CNY' END AS currency, told_fen AS fen,
       '0' AS refund_number, '0' AS refund_code, 0 AS refund_fen, '' AS refund_state,
       {_FEE.replace("fen", "told_fen")} + (kind = '{Break.FEE}')::integer AS fee
  FROM billed
UNION ALL
SELECT at, :appid, :mchid, transaction, order_code, 'REFUND', 'CNY', 0, number, code,
       fen + (kind = '{Break.REFUND_AMOUNT}')::integer,
       CASE kind WHEN '{Break.STATE}' THEN 'CLOSED' ELSE 'SUCCESS' END, -({_FEE})
  FROM made_refund WHERE kind <> '{Break.REFUND_MISSING_THERE}';
CREATE UNLOGGED TABLE made_flow AS
WITH moved AS (
  SELECT at, number, '交易' AS kind,
         fen + (kind IN ('{Break.AMOUNT}', '{Break.FLOW_AMOUNT}'))::integer AS fen
    FROM made_payment WHERE kind NOT IN ('{Break.MISSING_THERE}', '{Break.FLOW_MISSING}')
  UNION ALL
  SELECT at, number, '扣除交易手续费', -({_FEE} + (kind = '{Break.FEE}')::integer)
    FROM made_payment WHERE kind NOT IN ('{Break.MISSING_THERE}', '{Break.FLOW_MISSING}')
  UNION ALL
  SELECT at, number, '退款', -(fen + (kind = '{Break.REFUND_AMOUNT}')::integer)
    FROM made_refund WHERE kind <> '{Break.REFUND_MISSING_THERE}'
  UNION ALL
  SELECT at, number, '退还手续费', {_FEE} FROM made_refund WHERE kind <> '{Break.REFUND_MISSING_THERE}'
  UNION ALL
  SELECT at, 'X' || number, '罚款', -1 FROM made_payment WHERE kind = '{Break.FLOW_KIND}')
SELECT *, sum(fen) OVER (ORDER BY at, number, kind) AS balance FROM moved
"""


def _yuan(fen: str) -> str:
    return f"to_char(({fen}) / 100.0, 'FM999999999990.00')"


_TIME = "to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS')"
_TRADE_VALUES = {
    "交易时间": _TIME,
    "公众账号ID": "appid",
    "商户号": "mchid",
    "微信订单号": "number",
    "商户订单号": "order_code",
    "交易状态": "state",
    "货币种类": "currency",
    "应结订单金额": _yuan("fen"),
    "订单金额": _yuan("fen"),
    "代金券金额": "'0.00'",
    "微信退款单号": "refund_number",
    "商户退款单号": "refund_code",
    "退款金额": _yuan("refund_fen"),
    "充值券退款金额": "'0.00'",
    "申请退款金额": _yuan("refund_fen"),
    "退款状态": "refund_state",
    "手续费": f"{_yuan('fee')} || '000'",
    "费率": "'0.60%'",
    "商品名称": "'森惠一元碳汇 10 kg, 示例'",
}
_TRADE_SUMS = {
    "总交易单数": "count(*) || '.0'",
    "应结订单总金额": _yuan("sum(fen)"),
    "订单总金额": _yuan("sum(fen) + 1"),
    "退款总金额": _yuan("sum(refund_fen)"),
    "充值券退款总金额": "'0.00'",
    "手续费总金额": f"{_yuan('sum(fee)')} || '000'",
    "申请退款总金额": _yuan("sum(refund_fen)"),
}
_FLOW_VALUES = {
    "记账时间": _TIME,
    "微信支付业务单号": "number",
    "资金流水单号": "CASE kind WHEN '罚款' THEN number ELSE 'F' || number END",
    "业务名称": "kind",
    "业务类型": "kind",
    "收支类型": "CASE WHEN fen > 0 THEN '收入' ELSE '支出' END",
    "收支金额(元)": _yuan("abs(fen)"),
    # The last balance of the day is a fen off: one of the breaks.
    "账户结余(元)": _yuan(
        "balance + (row_number() OVER (ORDER BY at DESC, number DESC, kind DESC) = 1)::integer"
    ),
}
_FLOW_SUMS = {
    "资金流水总笔数": "count(*) || '.0'",
    "收入笔数": "count(*) FILTER (WHERE fen > 0) || '.0'",
    "收入金额": _yuan("coalesce(sum(fen) FILTER (WHERE fen > 0), 0)"),
    "支出笔数": "count(*) FILTER (WHERE fen < 0) || '.0'",
    "支出金额": _yuan("coalesce(-sum(fen) FILTER (WHERE fen < 0), 0)"),
}
_BILLS = {
    "trade": (TRADE_COLUMNS["ALL"], _TRADE_VALUES, _TRADE_SUMS, "at, number, refund_number"),
    "flow": ((FLOW_COLUMNS, FLOW_TOTALS), _FLOW_VALUES, _FLOW_SUMS, "at, number, kind"),
}


@dataclass(frozen=True)
class Day:
    """A day as it was made: its bills, how many lines they have, and what is wrong with them."""

    date: date
    bills: dict[str, bytes]
    rows: int
    injected: set[tuple[Break, str]]


@dataclass(frozen=True)
class Result:
    """What reconciling a made day came to."""

    rows: int
    injected: int
    found: int
    false_alarms: int
    seconds: float


def make(holder_id: int, lot_id: int, rows: int, breaks: int, seed: int) -> Day:
    """Make a day with `rows` billed lines and `breaks` breaks, chosen by `seed`, on both sides."""
    day = clock.business_day() - timedelta(days=2)
    subjects = -(-rows // 3) + breaks  # each is three lines; some breaks leave lines out
    refunds = subjects // ONE_IN
    counts = {"payment": subjects - refunds, "refund": refunds}
    chosen = _chosen(counts, breaks - len(OF_THE_DAY), random.Random(seed))  # noqa: S311
    midnight = datetime.combine(day, time(), clock.SHANGHAI)
    with transaction():
        allow_bulk(10)
        _run(
            "CREATE UNLOGGED TABLE injected (side text, place integer, kind text, PRIMARY KEY (side, place))"
        )
        copy_rows("injected", ("side", "place", "kind"), chosen)
        values = {
            "midnight": midnight,
            "payments": counts["payment"],
            "refunds": refunds,
            "holder": holder_id,
            "lot": lot_id,
            "appid": MERCHANT.appid,
            "mchid": MERCHANT.mchid,
        }
        for script in (_MADE, _OURS, _THEIRS):
            _run(script, values)
        made = {kind: _written(kind) for kind in _BILLS}
        lines = db.session.scalar(
            text("SELECT (SELECT count(*) FROM made_trade) + (SELECT count(*) FROM made_flow)")
        )
        _run("DROP TABLE made_trade, made_flow, made_payment, made_refund, injected")
    expected = {(kind, _key(side, place, kind)) for side, place, kind in chosen} | OF_THE_DAY
    return Day(day, made, int(lines or 0), expected)


def _chosen(counts: dict[str, int], breaks: int, dice: random.Random) -> list[tuple[str, int, Break]]:
    """Which subjects are broken, and how: every kind in turn."""
    kinds = [("payment", kind) for kind in OF_PAYMENTS] + [("refund", kind) for kind in OF_REFUNDS]
    turns = [turn for turn, _ in zip(cycle(kinds), range(breaks), strict=False)]
    places = {
        side: iter(dice.sample(range(1, count + 1), sum(each == side for each, _ in turns)))
        for side, count in counts.items()
    }
    return [(side, next(places[side]), kind) for side, kind in turns]


def _key(side: str, place: int, kind: Break) -> str:
    """The key under which a break must be found."""
    if side == "refund":
        return f"R{place:025}"
    return f"{'X' if kind is Break.FLOW_KIND else ''}T{place:027}"


def _run(script: str, values: dict[str, Any] | None = None) -> None:
    for statement in script.split(";"):
        used = {name: value for name, value in (values or {}).items() if f":{name}" in statement}
        db.session.execute(text(statement), used)


def _written(kind: str) -> bytes:
    """The bytes of one bill, written by the database."""
    (columns, totals), values, sums, order = _BILLS[kind]
    line = " || ',`' || ".join(values.get(name, "''") for name in columns.split(","))
    total = " || ',`' || ".join(sums[name] for name in totals.split(","))
    summary = db.session.scalar(text(f"SELECT '`' || {total} FROM made_{kind}"))
    driver: Any = db.session.connection().connection.driver_connection
    with driver.cursor().copy(
        f"COPY (SELECT '`' || {line} FROM made_{kind} ORDER BY {order}) TO STDOUT"
    ) as copy:
        body = b"".join(copy)
    return b"".join(
        (f"\ufeff{columns}\n".encode(), body, f"{totals}\n{summary}\n".encode()),
    ).replace(b"\n", b"\r\n")


def reconcile(made: Day) -> Result:
    """Reconcile a made day from its bytes, and hold what was found against what was put in."""
    with stopwatch() as seconds:
        with transaction():
            bills.take_bills(made.date, made.bills["trade"], made.bills["flow"])
        with transaction():
            days.match_day(made.date, MERCHANT)
    rows = db.session.execute(text("SELECT kind, key FROM bill_break WHERE day = :day"), {"day": made.date})
    found = {(Break(kind), key) for kind, key in rows}
    return Result(
        made.rows, len(made.injected), len(found & made.injected), len(found - made.injected), seconds()
    )


def main() -> None:
    """Measure on a fresh instance in a temporary folder; exits 1 when a break was missed or made up."""
    rows, breaks, seed = [*map(int, sys.argv[1:]), *(ROWS, BREAKS, SEED)[len(sys.argv) - 1 :]]
    folder = Path(tempfile.mkdtemp(prefix="senhui-bench-"))
    settings = isolated(folder, port=0)
    os.environ.clear()
    os.environ.update(settings)
    try:
        from app import create_app
        from app.cli.database import migrate
        from bench.forest import plant

        with create_app().app_context():
            migrate()
            forest = plant(1, 10, 10)
            result = reconcile(make(forest.holders[0], forest.lot_id, rows, breaks, seed))
        for name, value in vars(result).items():
            tell(f"reconcile_{name}", value)
        sys.exit(0 if (result.found, result.false_alarms) == (result.injected, 0) else 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
