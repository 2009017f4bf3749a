"""Retiring 注销: the primitive under every settlement.

A run of quantities is laid end to end from the front of a lot's block, in one statement however many
they are: the block shrinks and one retired block takes the run; then the lot's promises end. The statement
is put together from parts, so that a settlement writes its own facts in the same one; the rules that
the parts follow are `rules.fitting` and `rules.place`, and tests hold the two against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.kit import clock
from app.kit.database import array, db, run
from app.registry.errors import LotUnknown
from app.registry.rules import Terms
from app.registry.services.lots import end_promise

_LOCK = (
    "SELECT block.id, block.first_serial, block.last_serial - block.first_serial + 1"
    " FROM block WHERE lot_id = %(lot)s AND state = 'active' FOR UPDATE"
)
_LOT = text(
    "SELECT issuance_id, seller_holder_id, product, step_kg, price_fen_per_step, village_holder_id,"
    " village_bp, fee_bp,"
    # What waits for a run comes and goes faster than the planner learns of it: always by index, until commit.
    " set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)"
    " FROM lot WHERE id = :lot"
)
_ACTIVE = text("SELECT EXISTS (SELECT FROM block WHERE lot_id = :lot AND state = 'active')")


@dataclass(frozen=True, slots=True)
class Retiring:
    """A lot whose block is locked until the commit: where its serials begin, how many there are.

    A lot whose units are all gone has `block_id` 0 and no room.
    """

    lot_id: int
    block_id: int
    first_serial: int
    room_kg: int
    issuance_id: int
    seller_holder_id: int
    terms: Terms

    def values(self) -> dict[str, int]:
        """The parameters that `run_from` takes."""
        return {
            "lot": self.lot_id,
            "block": self.block_id,
            "first_serial": self.first_serial,
            "room_kg": self.room_kg,
        }

    def end(self, asked_kg: int, taken_kg: int) -> None:
        """End the lot's promises for a run. What found no units is for the caller to refund.

        Last in the transaction, since buyers reserve from the same row and wait while it is locked.
        Raises `NotReserved` for more than was promised.
        """
        if asked_kg:
            end_promise(self.lot_id, asked_kg, asked_kg - taken_kg)


@dataclass(frozen=True, slots=True)
class RetiredRun:
    """Units retired in one step as one contiguous block, and how they are laid out.

    `firsts` holds the first serial of each of the first `placed` quantities, numbered through over
    all issuances; the quantities after them found no units. `block_id` is None when none did.
    """

    block_id: int | None
    issuance_id: int
    seller_holder_id: int
    terms: Terms
    placed: int
    firsts: list[int]


def begin_retiring(lot_id: int, *, wait: bool = True) -> Retiring | None:
    """Lock a lot's block for a run; without `wait`, None where another run holds it.

    Raises `LotUnknown`.
    """
    block = run(_LOCK if wait else f"{_LOCK} SKIP LOCKED", {"lot": lot_id}).fetchone()
    if block is None and not wait and db.session.scalar(_ACTIVE, {"lot": lot_id}):
        return None
    lot = db.session.execute(_LOT, {"lot": lot_id}).one_or_none()
    if lot is None:
        raise LotUnknown()
    issuance, seller, *terms, _, _ = lot
    block_id, first, room = block or (0, 0, 0)
    return Retiring(lot_id, block_id, first, room, issuance, seller, Terms(*terms))


def run_from(rows: str) -> str:
    """The part of a statement that retires the quantities of `rows` from a locked block.

    `rows` names a relation with the columns `place` (their order) and `quantity_kg`, both unique or
    positive. Gives the relations `placed` (`rows` that found units, with `first_serial` and
    `last_serial`), `retired` (the run's block: id, first_serial, last_serial; no row when none did) and
    `sums` (asked_kg, taken_kg: what `Retiring.end` takes). Parameters are those of `Retiring.values`,
    and `now`.
    """
    return _RUN.format(rows=rows)


_RUN = """
laid AS MATERIALIZED (
  SELECT *, (sum(quantity_kg) OVER (ORDER BY place))::bigint AS upto_kg FROM {rows}
),
placed AS NOT MATERIALIZED (
  SELECT laid.*, %(first_serial)s::bigint + upto_kg - quantity_kg AS first_serial,
    %(first_serial)s::bigint + upto_kg - 1 AS last_serial
  FROM laid WHERE upto_kg <= %(room_kg)s
),
sums AS MATERIALIZED (
  SELECT coalesce(max(upto_kg), 0) AS asked_kg,
    coalesce(max(upto_kg) FILTER (WHERE upto_kg <= %(room_kg)s), 0) AS taken_kg FROM laid
),
used_up AS (
  UPDATE block SET state = 'retired', changed_at = %(now)s
  FROM sums WHERE block.id = %(block)s AND taken_kg = %(room_kg)s
  RETURNING block.id, first_serial, last_serial
),
rest AS (
  UPDATE block SET first_serial = block.first_serial + taken_kg
  FROM sums WHERE block.id = %(block)s AND taken_kg > 0 AND taken_kg < %(room_kg)s
  RETURNING issuance_id, lot_id, holder_id, old.first_serial AS first, new.first_serial - 1 AS last
),
piece AS (
  INSERT INTO block (issuance_id, lot_id, holder_id, state, first_serial, last_serial, created_at, changed_at)
  SELECT issuance_id, lot_id, holder_id, 'retired', first, last, %(now)s, %(now)s FROM rest
  RETURNING id, first_serial, last_serial
),
retired AS (
  SELECT id, first_serial, last_serial FROM used_up
  UNION ALL SELECT id, first_serial, last_serial FROM piece
)
"""
_RETIRE = (
    "WITH asked AS (SELECT place, quantity_kg FROM unnest(%(quantities)s::bigint[])"
    f" WITH ORDINALITY AS told (quantity_kg, place)), {run_from('asked')}"
    " SELECT (SELECT id FROM retired), asked_kg, taken_kg,"
    " (SELECT coalesce(array_agg(first_serial ORDER BY place), '{}') FROM placed) FROM sums"
)


def retire_run(lot_id: int, quantities: Sequence[int]) -> RetiredRun:
    """Retire reserved `quantities` (kilograms) from the front of a lot's block, in one step.

    When units were cancelled meanwhile and the block holds less than the sum, the longest beginning
    that fits is placed; the promise of the rest has ended too. Raises `NotReserved` for more than was
    reserved, and ValueError for a quantity that is not positive.
    """
    if min(quantities, default=1) <= 0:
        raise ValueError("quantities must be positive")
    lot = begin_retiring(lot_id)
    assert lot is not None
    values: dict[str, Any] = {**lot.values(), "quantities": array(quantities), "now": clock.now()}
    row = run(_RETIRE, values).fetchone()
    assert row is not None
    block_id, asked_kg, taken_kg, firsts = row
    lot.end(asked_kg, taken_kg)
    return RetiredRun(block_id, lot.issuance_id, lot.seller_holder_id, lot.terms, len(firsts), firsts)
