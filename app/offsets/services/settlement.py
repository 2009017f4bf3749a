"""Settlement 结算: paid orders of one lot become retirements, certificates and income, set-based.

Drained, not called one by one. However many orders a run takes, it is two statements: the lot's block
is locked, and then one statement claims the orders, lays them out on the block, closes dues, shares the
money and writes every fact, so that no row leaves the database. Several workers drain different lots at
once; a lot that another drains is passed over. A crash anywhere leaves either the whole run or nothing.

The rules it follows stand in Python too, where they can be read and tested on their own:
`rules.closings`, `registry.rules.allot`, `fitting` and `place`. Tests hold the statement against them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Leg
from app.kit import clock
from app.kit.database import db, run
from app.offsets.rules import GRAMS_PER_UNIT
from app.offsets.services.refunds import open_refund
from app.registry import services as registry
from app.registry.rules import WHOLE_BP

RUN_LENGTH = 2000
"""Orders a transaction: fifty milliseconds of locks. Twice as many gain a twentieth, half as many lose a
tenth where a million people are: the longer the run, the more of its accounts share a page."""


@dataclass(frozen=True)
class Settled:
    """What one run did: orders settled, and orders that found no units and are being refunded."""

    settled: int
    refunding: int

    @property
    def claimed(self) -> int:
        """Orders taken from the queue."""
        return self.settled + self.refunding


def _statement() -> str:
    """The one statement of a run. Each room gives the part that writes its own tables."""
    village, fee = (f"amount_fen * %({share}_bp)s / {WHOLE_BP}" for share in ("village", "fee"))
    seller, buyer, platform = "%(seller)s::bigint", "holder_id", f"{PLATFORM}::bigint"
    legs = (
        Leg(chart.RETIRE, seller, buyer, "due_g"),
        Leg(chart.RETIRE_SURPLUS, seller, buyer, "grams - due_g"),
        Leg(chart.CREDIT_SELLER, platform, seller, f"amount_fen - {village} - {fee}"),
        Leg(chart.CREDIT_VILLAGE, platform, "%(village)s::bigint", village, "%(village_bp)s > 0"),
        Leg(chart.TAKE_FEE, platform, platform, fee, "%(fee_bp)s > 0"),
    )
    return _SETTLE.format(
        retire=registry.run_from("claimed"),
        due=chart.DUE.code,
        codes=chart.CODES,
        endless=2**63 - 1,
        grams=GRAMS_PER_UNIT,
        held=ledger.balances_of("due_accounts"),
        post=ledger.legs_from("closing", *legs),
    )


_SETTLE = """
WITH last AS (
  SELECT order_id FROM paid_order WHERE lot_id = %(lot)s ORDER BY lot_id, order_id OFFSET %(most)s - 1 LIMIT 1
),
claimed AS MATERIALIZED (
  DELETE FROM paid_order WHERE lot_id = %(lot)s
    AND order_id <= coalesce((SELECT order_id FROM last), {endless})
  RETURNING order_id AS place, holder_id, quantity_kg, amount_fen, certificate_number
),
{retire},
due_accounts AS (SELECT holder_id * {codes} + {due} AS id FROM placed),
held AS ({held}),
closing AS MATERIALIZED (
  SELECT placed.*, place AS reference, quantity_kg * {grams} AS grams,
    least(quantity_kg * {grams}, greatest(0, -coalesce(balance, 0) - (sum(quantity_kg) OVER earlier
      - quantity_kg)::bigint * {grams})) AS due_g
  FROM placed LEFT JOIN held ON held.id = holder_id * {codes} + {due}
  WINDOW earlier AS (PARTITION BY holder_id ORDER BY place)
),
settled AS (
  INSERT INTO settlement_run
    (lot_id, issuance_id, block_id, first_serial, last_serial, orders, settled_at)
  SELECT %(lot)s, %(issuance)s, retired.id, first_serial, last_serial, (SELECT count(*) FROM closing), %(now)s
  FROM retired RETURNING id
),
retirements AS (
  INSERT INTO retirement (order_id, run_id, first_serial, last_serial, due_g, carry_g, settled_at)
  SELECT place, settled.id, first_serial, last_serial, due_g, grams - due_g, %(now)s
  FROM closing CROSS JOIN settled
),
certificates AS (
  INSERT INTO certificate (number, order_id, issued_at)
  SELECT certificate_number, place, %(now)s FROM closing
),
posted AS ({post})
SELECT asked_kg, taken_kg, (SELECT count(*) FROM closing),
  (SELECT array_agg(place ORDER BY place) FROM laid WHERE upto_kg > %(room_kg)s) FROM sums
"""
_RUN = _statement()
# From one lot to the next by index, however many orders wait in each.
_LOTS = text(
    "WITH RECURSIVE waiting AS ("
    " (SELECT lot_id FROM paid_order ORDER BY lot_id LIMIT 1)"
    " UNION ALL SELECT (SELECT lot_id FROM paid_order WHERE lot_id > waiting.lot_id ORDER BY lot_id LIMIT 1)"
    " FROM waiting WHERE lot_id IS NOT NULL)"
    " SELECT lot_id FROM waiting WHERE lot_id IS NOT NULL"
)


def lots_waiting() -> list[int]:
    """Lots that have paid orders waiting."""
    return list(db.session.scalars(_LOTS))


def settle_lot(lot_id: int, most: int = RUN_LENGTH) -> Settled:
    """Settle up to `most` paid orders of a lot in the running transaction, oldest first.

    Nothing is settled while another run has the lot: it will find what waits. Orders beyond what the
    lot's block still holds (units were cancelled meanwhile) are refunded.
    """
    lot = registry.begin_retiring(lot_id, wait=False)
    if lot is None:
        return Settled(0, 0)
    values: dict[str, Any] = {
        **lot.values(),
        "most": most,
        "issuance": lot.issuance_id,
        "seller": lot.seller_holder_id,
        "village": lot.terms.village_holder_id or lot.seller_holder_id,
        "village_bp": lot.terms.village_bp,
        "fee_bp": lot.terms.fee_bp,
        "now": clock.now(),
    }
    row = run(_RUN, values).fetchone()
    assert row is not None
    asked_kg, taken_kg, settled, unplaced = row
    for order_id in unplaced or ():
        open_refund(order_id, "sold_out")
    lot.end(asked_kg, taken_kg)
    return Settled(settled, len(unplaced or ()))
