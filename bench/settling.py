"""Settlement against the limit of the same tables, and against one ORM transaction an order.

The limit is INSERT … SELECT: rows that a settlement would write, prepared in a temporary table and
copied into the very tables (their indexes, constraints and triggers as they stand), in transactions
of the same size. Both sides settle the same number of orders in the same database in turns.
"""

from collections.abc import Callable

from sqlalchemy import select, text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.codes import random_code, with_check
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import rules
from app.offsets.jobs import settle_paid
from app.offsets.models import Certificate, PaidOrder, Retirement, SettlementRun
from app.offsets.services.settlement import RUN_LENGTH
from app.registry import services as registry
from app.registry.rules import allot
from bench.forest import Forest
from bench.rounds import side_by_side, stopwatch

ORDERS = 10_000
ORDERS_ROW_BY_ROW = 150
HOLDERS = 5_000
KG = 10
FEN = 100


class Settling:
    """The data that both sides work on."""

    def __init__(self, forest: Forest) -> None:
        self.forest = forest
        self.next_order = 0

    def paid_orders(self, count: int) -> list[int]:
        """Put `count` paid orders in the queue as payments leave them; returns their ids."""
        first = self.next_order + 1
        self.next_order += count
        ids = list(range(first, first + count))
        holders = [self.forest.holders[i % len(self.forest.holders)] for i in ids]
        with transaction() as session:
            registry.reserve(self.forest.lot_id, KG * count)
            ledger.post_columns(
                (chart.RECEIVE_PAYMENT, ids, [PLATFORM] * count, [PLATFORM] * count, [FEN] * count)
            )
            session.execute(
                PaidOrder.__table__.insert(),  # type: ignore[attr-defined]
                [
                    {
                        "order_id": order,
                        "lot_id": self.forest.lot_id,
                        "holder_id": holder,
                        "quantity_kg": KG,
                        "amount_fen": FEN,
                        "certificate_number": with_check(random_code(16)),
                    }
                    for order, holder in zip(ids, holders, strict=True)
                ],
            )
        return ids


def set_based(data: Settling) -> Callable[[], float]:
    """Orders a second, drained by the real settlement job."""

    def measure() -> float:
        data.paid_orders(ORDERS)
        with stopwatch() as seconds:
            if settle_paid() != ORDERS:
                raise RuntimeError("not everything was settled")
        return ORDERS / seconds()

    return measure


_PREPARE = text("""
CREATE TEMPORARY TABLE ready AS
SELECT CAST(:first AS bigint) + n AS order_id, CAST(:first AS bigint) + (n - 1) / :run AS run_id,
  (n - 1) / :run AS slice, CAST(:serials AS bigint) + (n - 1) * :kg AS first_serial, holder,
  lpad(CAST(n AS text), 17, '0') || :tag AS number
FROM generate_series(1, :count) n
CROSS JOIN LATERAL (SELECT (CAST(:holders AS bigint[]))[1 + n % :some] AS holder) h
""")
_LIMIT = text("""
WITH run AS (
  INSERT INTO settlement_run OVERRIDING SYSTEM VALUE
  SELECT run_id, 1, 1, -run_id, min(first_serial), max(first_serial) + :kg - 1, count(*), :at
  FROM ready WHERE slice = :slice GROUP BY run_id
), retired AS (
  INSERT INTO retirement (order_id, run_id, first_serial, last_serial, due_g, carry_g, settled_at)
  SELECT order_id, run_id, first_serial, first_serial + :kg - 1, :kg * 1000, 0, :at
  FROM ready WHERE slice = :slice
), certified AS (
  INSERT INTO certificate (number, order_id, issued_at)
  SELECT number, order_id, :at FROM ready WHERE slice = :slice
)
INSERT INTO posting (kind, reference, source, target, amount, posted_at)
SELECT kind, order_id, coalesce(source, :seller * 100 + 20), coalesce(target, holder * 100 + 21), amount, :at
FROM ready
CROSS JOIN (VALUES (12, NULL, NULL, :kg * 1000), (21, 195, :seller * 100 + 40, 100))
  AS entry(kind, source, target, amount)
WHERE slice = :slice
""")


def insert_limit(data: Settling) -> Callable[[], float]:
    """Orders a second, as plain INSERT … SELECT of the same rows."""
    base = 0
    serials = 10**15

    def measure() -> float:
        nonlocal base, serials
        base += 10**9
        serials += ORDERS * KG * 2
        holders = data.forest.holders
        with db.engine.connect() as connection:
            connection.execute(
                _PREPARE,
                {
                    "first": base,
                    "run": RUN_LENGTH,
                    "serials": serials,
                    "kg": KG,
                    "count": ORDERS,
                    "holders": holders,
                    "some": len(holders),
                    "tag": str(base // 10**9),
                },
            )
            connection.commit()
            values = {"kg": KG, "at": clock.now(), "seller": data.forest.seller_id}
            with stopwatch() as seconds:
                for piece in range(ORDERS // RUN_LENGTH):
                    connection.execute(_LIMIT, {**values, "slice": piece})
                    connection.commit()
            connection.execute(text("DROP TABLE ready"))
            connection.commit()
        return ORDERS / seconds()

    return measure


def row_by_row(data: Settling) -> Callable[[], float]:
    """Orders a second, one ORM transaction an order: the way it is usually written."""

    def measure() -> float:
        ids = data.paid_orders(ORDERS_ROW_BY_ROW)
        with stopwatch() as seconds:
            for order_id in ids:
                with transaction():
                    _settle_one(order_id, data.forest.seller_id)
                db.session.remove()
        return ORDERS_ROW_BY_ROW / seconds()

    return measure


def _settle_one(order_id: int, seller_id: int) -> None:
    """What settlement does to one order, object by object."""
    session = db.session
    waiting = session.scalars(select(PaidOrder).where(PaidOrder.order_id == order_id).with_for_update()).one()
    run = registry.retire_run(waiting.lot_id, [waiting.quantity_kg])
    now = clock.now()
    last = run.firsts[0] + waiting.quantity_kg - 1
    row = SettlementRun(
        lot_id=waiting.lot_id,
        issuance_id=run.issuance_id,
        block_id=run.block_id,
        first_serial=run.firsts[0],
        last_serial=last,
        orders=1,
        settled_at=now,
    )
    session.add(row)
    session.flush()
    due = chart.DUE_PERSONAL.of(waiting.holder_id)
    owed = -ledger.lock_balances([due]).get(due, 0)
    closing = rules.closings([waiting.holder_id], [waiting.quantity_kg], {waiting.holder_id: owed})[0]
    session.add(
        Retirement(
            order_id=order_id,
            run_id=row.id,
            first_serial=run.firsts[0],
            last_serial=last,
            due_g=closing.due_g,
            carry_g=closing.carry_g,
            settled_at=now,
        )
    )
    session.add(Certificate(number=waiting.certificate_number, order_id=order_id, issued_at=now))
    parts = allot(run.terms, waiting.amount_fen)
    entries = (
        Posting(chart.RETIRE, order_id, seller_id, waiting.holder_id, closing.due_g),
        Posting(chart.RETIRE_SURPLUS, order_id, seller_id, waiting.holder_id, closing.carry_g),
        Posting(chart.CREDIT_SELLER, order_id, PLATFORM, seller_id, parts.seller_fen),
        Posting(chart.TAKE_FEE, order_id, PLATFORM, PLATFORM, parts.fee_fen),
    )
    for entry in entries:
        if entry.amount:
            ledger.post([entry])
    session.delete(waiting)


def compare(forest: Forest) -> dict[str, float]:
    """Both ratios, with the rates behind them."""
    data = Settling(forest)
    ours = set_based(data)
    rate, limit, of_limit = side_by_side(ours, insert_limit(data))
    _, slow, times = side_by_side(ours, row_by_row(data))
    return {
        "settle_orders_per_s": rate,
        "insert_limit_orders_per_s": limit,
        "row_by_row_orders_per_s": slow,
        "settle_vs_insert_limit": of_limit,
        "settle_vs_row_by_row": times,
    }
