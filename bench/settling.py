"""Settlement against the limit of the same tables, and against one ORM transaction an order.

The limit is INSERT … SELECT: rows that a settlement would write, prepared in a temporary table and
copied into the very tables (their indexes, constraints and triggers as they stand), in transactions
of the same size. Both sides settle the same number of orders in the same database in turns.
"""

import threading
from collections.abc import Callable, Sequence

from flask import Flask, current_app
from sqlalchemy import select, text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import rules
from app.offsets.jobs import settle_paid
from app.offsets.models import Certificate, PaidOrder, Retirement, SettlementRun
from app.offsets.services.settlement import RUN_LENGTH
from app.registry import services as registry
from app.registry.rules import allot
from bench.forest import Forest, plant
from bench.rounds import ROUNDS, side_by_side, stopwatch

ORDERS = 10_000
ORDERS_ROW_BY_ROW = 150
HOLDERS = 5_000
KG = 10
FEN = 100


class Settling:
    """The data that both sides work on."""

    def __init__(self, forest: Forest, first_order: int = 0) -> None:
        self.forest = forest
        self.next_order = first_order

    def paid_orders(self, count: int) -> list[int]:
        """Put `count` paid orders in the queue as payments leave them; returns their ids.

        Their holders are drawn at random, as people come.
        """
        first = self.next_order + 1
        self.next_order += count
        people = self.forest.holders
        values = {
            "first": first,
            "last": self.next_order,
            "lot": self.forest.lot_id,
            "holders": [people[hash((first, n)) % len(people)] for n in range(count)],
            "kg": KG,
            "fen": FEN,
        }
        with transaction() as session:
            registry.reserve(self.forest.lot_id, KG * count)
            session.execute(_RECEIVE, values)
            session.execute(_QUEUE, values)
        return list(range(first, first + count))


_RECEIVE = text(
    f"INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
    f" SELECT {chart.RECEIVE_PAYMENT.code}, n, {chart.PROVIDER.of(PLATFORM)}, {chart.CLEARING.of(PLATFORM)},"
    " :fen, now() FROM generate_series(CAST(:first AS bigint), :last) n"
)
_QUEUE = text(
    "INSERT INTO paid_order (lot_id, order_id, holder_id, quantity_kg, amount_fen, certificate_number)"
    " SELECT :lot, n, holder, :kg, :fen, upper(substr(md5(n || 'paid'), 1, 17))"
    " FROM unnest(CAST(:holders AS bigint[])) WITH ORDINALITY AS drawn (holder, place)"
    " CROSS JOIN LATERAL (SELECT CAST(:first AS bigint) + place - 1 AS n) numbered"
)


def set_based(data: Settling) -> Callable[[], float]:
    """Orders a second, drained by the real settlement job."""

    def measure() -> float:
        data.paid_orders(ORDERS)
        with stopwatch() as seconds:
            if settle_paid() != ORDERS:
                raise RuntimeError("not everything was settled")
        return ORDERS / seconds()

    return measure


def two_lanes(lots: Sequence[Settling]) -> Callable[[], float]:
    """Orders a second on two lots, drained side by side: what a hot lot in two lanes could reach."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def drain() -> None:
        with app.app_context():
            settle_paid()

    def measure() -> float:
        for each in lots:
            each.paid_orders(ORDERS // len(lots))
        lanes = [threading.Thread(target=drain) for _ in lots]
        with stopwatch() as seconds:
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
        if settle_paid():
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
    due = chart.DUE.of(waiting.holder_id)
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


GUARDS = {
    "posting": ("posting_append_only",),
    "account": ("account_moved_by_postings", "account_opens_empty"),
    "retirement": ("retirements_tile_runs", "retirement_append_only"),
    "settlement_run": ("settlement_run_append_only",),
    "certificate": ("certificate_append_only",),
    "block": ("block_chain_inserted", "block_chain_updated", "block_final", "block_identity"),
    "lot": ("lot_terms",),
}
"""The triggers that only refuse. What moves the balances is no guard: without it nothing is settled."""


def unguarded(measure: Callable[[], float]) -> Callable[[], float]:
    """`measure` with the guards' triggers switched off."""

    def switch(word: str) -> None:
        with transaction() as session:
            for table, triggers in GUARDS.items():
                for trigger in triggers:
                    session.execute(text(f"ALTER TABLE {table} {word} TRIGGER {trigger}"))

    def measured() -> float:
        switch("DISABLE")
        try:
            return measure()
        finally:
            switch("ENABLE")

    return measured


def costs_of(data: Settling) -> dict[str, float]:
    """Bytes of write-ahead log and rows in the books that one order's settlement costs."""
    data.paid_orders(ORDERS)
    before = db.session.execute(_COSTS).one()
    db.session.rollback()
    if settle_paid() != ORDERS:
        raise RuntimeError("not everything was settled")
    after = db.session.execute(_COSTS).one()
    db.session.rollback()
    return {
        "settle_wal_bytes_per_order": float(after.wal - before.wal) / ORDERS,
        "settle_postings_per_order": (after.postings - before.postings) / ORDERS,
    }


_COSTS = text("SELECT pg_current_wal_insert_lsn() - '0/0' AS wal, (SELECT count(*) FROM posting) AS postings")


def compare() -> dict[str, float]:
    """The ratios, with the rates and costs behind them."""
    data = Settling(plant(HOLDERS, _units(), 10**9))
    beside = Settling(plant(HOLDERS, KG * ROUNDS * ORDERS, 10**9, "BESIDE"), 10**8)
    ours = set_based(data)
    rate, limit, of_limit = side_by_side(ours, insert_limit(data))
    _, slow, times = side_by_side(ours, row_by_row(data))
    _, _, guards = side_by_side(ours, unguarded(ours))
    _, _, lanes = side_by_side(two_lanes((data, beside)), ours)
    return {
        "settle_orders_per_s": rate,
        "insert_limit_orders_per_s": limit,
        "row_by_row_orders_per_s": slow,
        "settle_vs_insert_limit": of_limit,
        "settle_vs_row_by_row": times,
        "guards_cost": guards,
        "settle_two_lanes_vs_one": lanes,
        **costs_of(data),
    }


def _units() -> int:
    """Kilograms that `compare` sells from its first lot."""
    return KG * ((7 * ROUNDS + 2) * ORDERS + ROUNDS * ORDERS_ROW_BY_ROW)
