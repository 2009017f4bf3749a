"""Settlement 结算: paid orders of one lot become retirements, certificates and income, set-based.

Drained, not called one by one. However many orders a run takes, it issues the same dozen statements;
several workers may drain different lots at once, and on one lot they queue behind its block. A crash
anywhere leaves either the whole run or nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.accounts import chart, ledger
from app.kit import clock
from app.kit.database import array, db
from app.offsets import rules
from app.offsets.purposes import PURPOSES
from app.offsets.services.payments import open_refund
from app.registry import services as registry
from app.registry.rules import allot

RUN_LENGTH = 1000
"""Orders a transaction: more gains little and holds locks longer (bench: 100 gives two thirds)."""


@dataclass(frozen=True)
class Settled:
    """What one run did: orders settled, and orders that found no units and are being refunded."""

    settled: int
    refunding: int

    @property
    def claimed(self) -> int:
        """Orders taken from the queue."""
        return self.settled + self.refunding


@dataclass(frozen=True)
class Batch:
    """Claimed orders side by side, oldest first: one list a column."""

    orders: Sequence[int]
    holders: Sequence[int]
    kgs: Sequence[int]
    fens: Sequence[int]
    numbers: Sequence[str]

    def beginning(self, count: int) -> "Batch":
        """The first `count` orders."""
        columns = (self.orders, self.holders, self.kgs, self.fens, self.numbers)
        return Batch(*(column[:count] for column in columns))  # type: ignore[arg-type]


_LOTS = text("SELECT DISTINCT lot_id FROM paid_order ORDER BY lot_id")
_CLAIM = text(
    "WITH claimed AS ("
    "  DELETE FROM paid_order WHERE order_id = ANY(ARRAY("
    "    SELECT order_id FROM paid_order WHERE lot_id = :lot ORDER BY order_id LIMIT :most"
    "    FOR UPDATE SKIP LOCKED))"
    "  RETURNING order_id, holder_id, quantity_kg, amount_fen, certificate_number)"
    " SELECT array_agg(order_id ORDER BY order_id), array_agg(holder_id ORDER BY order_id),"
    " array_agg(quantity_kg ORDER BY order_id), array_agg(amount_fen ORDER BY order_id),"
    " array_agg(certificate_number ORDER BY order_id) FROM claimed"
)
_RUN = text(
    "INSERT INTO settlement_run"
    " (lot_id, issuance_id, block_id, first_serial, last_serial, orders, settled_at)"
    " VALUES (:lot, :issuance, :block, :first, :last, :orders, :at) RETURNING id"
)
_RETIRE = text(
    "INSERT INTO retirement (order_id, run_id, first_serial, last_serial, due_g, carry_g, settled_at)"
    " SELECT order_id, :run, first, first + kg - 1, due_g, carry_g, :at"
    " FROM unnest(CAST(:orders AS bigint[]), CAST(:firsts AS bigint[]), CAST(:kgs AS bigint[]),"
    "   CAST(:dues AS bigint[]), CAST(:carries AS bigint[])) AS r(order_id, first, kg, due_g, carry_g)"
)
_CERTIFY = text(
    "INSERT INTO certificate (number, order_id, issued_at)"
    " SELECT number, order_id, :at"
    " FROM unnest(CAST(:numbers AS text[]), CAST(:orders AS bigint[])) AS c(number, order_id)"
)


def lots_waiting() -> list[int]:
    """Lots that have paid orders waiting."""
    return list(db.session.scalars(_LOTS))


def settle_lot(lot_id: int, most: int = RUN_LENGTH) -> Settled:
    """Settle up to `most` paid orders of a lot in the running transaction, oldest first.

    Orders beyond what the lot's block still holds (units were cancelled meanwhile) are refunded.
    """
    claimed = db.session.execute(_CLAIM, {"lot": lot_id, "most": most}).one()
    if claimed[0] is None:
        return Settled(0, 0)
    batch = Batch(*claimed)
    run = registry.retire_run(lot_id, batch.kgs)
    if run.placed:
        _settle(lot_id, run, batch.beginning(run.placed))
    for order_id in batch.orders[run.placed :]:
        open_refund(order_id, "sold_out")
    return Settled(run.placed, len(batch.orders) - run.placed)


def _settle(lot_id: int, run: registry.RetiredRun, batch: Batch) -> None:
    """Write the run with its retirements and certificates, and all of its entries in the books at once."""
    purpose = PURPOSES["personal"]
    balances = ledger.lock_balances([purpose.due.of(holder) for holder in batch.holders])
    owed = {holder: -balances.get(purpose.due.of(holder), 0) for holder in set(batch.holders)}
    closings = rules.closings(batch.holders, batch.kgs, owed)
    dues, carries = [c.due_g for c in closings], [c.carry_g for c in closings]
    _write_run(lot_id, run, batch, dues, carries)
    sellers = [run.seller_holder_id] * len(batch.orders)
    ledger.post_columns(
        (purpose.retire, batch.orders, sellers, batch.holders, dues),
        (purpose.retire_surplus, batch.orders, sellers, batch.holders, carries),
        *_shares(run, batch),
    )


def _write_run(
    lot_id: int, run: registry.RetiredRun, batch: Batch, dues: Sequence[int], carries: Sequence[int]
) -> None:
    at = clock.now()
    facts = {
        "lot": lot_id,
        "issuance": run.issuance_id,
        "block": run.block_id,
        "first": run.firsts[0],
        "last": run.firsts[-1] + batch.kgs[-1] - 1,
        "orders": len(batch.orders),
        "at": at,
    }
    run_id = db.session.scalar(_RUN, facts)
    columns = {
        "orders": batch.orders,
        "firsts": run.firsts,
        "kgs": batch.kgs,
        "dues": dues,
        "carries": carries,
    }
    arrays = {name: array(column) for name, column in columns.items()}
    db.session.execute(_RETIRE, {**arrays, "run": run_id, "at": at})
    db.session.execute(_CERTIFY, {"numbers": array(batch.numbers), "orders": arrays["orders"], "at": at})


def _shares(run: registry.RetiredRun, batch: Batch) -> Iterator[ledger.Part]:
    """Each order's money, shared by the lot's terms: seller, village, platform."""
    prices = {fen: allot(run.terms, fen) for fen in set(batch.fens)}
    parts = [prices[fen] for fen in batch.fens]
    count = len(parts)
    platform, seller = [chart.PLATFORM] * count, [run.seller_holder_id] * count
    village = [run.terms.village_holder_id or run.seller_holder_id] * count
    yield chart.CREDIT_SELLER, batch.orders, platform, seller, [part.seller_fen for part in parts]
    yield chart.CREDIT_VILLAGE, batch.orders, platform, village, [part.village_fen for part in parts]
    yield chart.TAKE_FEE, batch.orders, platform, platform, [part.fee_fen for part in parts]
