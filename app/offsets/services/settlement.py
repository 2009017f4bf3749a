"""Settlement 结算: paid orders of one lot become retirements, certificates and income, set-based.

Drained, not called one by one. However many orders a run takes, it issues the same dozen statements;
several workers may drain different lots at once, and on one lot they queue behind its block. A crash
anywhere leaves either the whole run or nothing.
"""

from collections.abc import Sequence
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
    orders, holders, kgs, fens, numbers = claimed
    run = registry.retire_run(lot_id, kgs)
    placed = run.placed
    if placed:
        _write_run(lot_id, run, orders[:placed], holders[:placed], kgs[:placed], numbers[:placed])
        _allot(run, orders[:placed], fens[:placed])
    for order_id in orders[placed:]:
        open_refund(order_id, "sold_out")
    return Settled(placed, len(orders) - placed)


def _write_run(
    lot_id: int,
    run: registry.RetiredRun,
    orders: Sequence[int],
    holders: Sequence[int],
    kgs: Sequence[int],
    numbers: Sequence[str],
) -> None:
    """Write the run, its retirements and certificates, and move the grams to the buyers' dues."""
    at = clock.now()
    purpose = PURPOSES["personal"]
    balances = ledger.lock_balances([purpose.due.of(holder) for holder in holders])
    owed = {holder: -balances.get(purpose.due.of(holder), 0) for holder in holders}
    closings = rules.closings(holders, kgs, owed)
    dues, carries = [c.due_g for c in closings], [c.carry_g for c in closings]
    last = run.firsts[-1] + kgs[-1] - 1
    run_id = db.session.scalar(
        _RUN,
        {
            "lot": lot_id,
            "issuance": run.issuance_id,
            "block": run.block_id,
            "first": run.firsts[0],
            "last": last,
            "orders": len(orders),
            "at": at,
        },
    )
    columns = {"orders": orders, "firsts": run.firsts, "kgs": kgs, "dues": dues, "carries": carries}
    arrays = {name: array(column) for name, column in columns.items()}
    db.session.execute(_RETIRE, {**arrays, "run": run_id, "at": at})
    db.session.execute(_CERTIFY, {"numbers": array(numbers), "orders": arrays["orders"], "at": at})
    sellers = [run.seller_holder_id] * len(orders)
    ledger.post_columns(
        (purpose.retire, orders, sellers, holders, dues),
        (purpose.retire_surplus, orders, sellers, holders, carries),
    )


def _allot(run: registry.RetiredRun, orders: Sequence[int], fens: Sequence[int]) -> None:
    """Share each order's money by the lot's terms: seller, village, platform."""
    shares = {fen: allot(run.terms, fen) for fen in set(fens)}
    parts = [shares[fen] for fen in fens]
    platform = [chart.PLATFORM] * len(orders)
    village = run.terms.village_holder_id or run.seller_holder_id
    ledger.post_columns(
        (
            chart.CREDIT_SELLER,
            orders,
            platform,
            [run.seller_holder_id] * len(orders),
            [p.seller_fen for p in parts],
        ),
        (chart.CREDIT_VILLAGE, orders, platform, [village] * len(orders), [p.village_fen for p in parts]),
        (chart.TAKE_FEE, orders, platform, platform, [p.fee_fen for p in parts]),
    )
