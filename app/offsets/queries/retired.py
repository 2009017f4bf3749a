"""What a holder had retired, by orders and of their own units: sums, and every line one after another.

What somebody bought for a cause, such as an event, offsets the cause's emissions and not their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from app.kit.database import array, db
from app.registry import queries as registry
from app.registry.queries.own_retirements import own_retired_from


@dataclass(frozen=True, slots=True)
class Retired:
    """One retirement: its public number, how much, which serials of which forest. `id` orders a day's."""

    id: int
    day: date
    number: str
    by_order: bool
    quantity_kg: int
    serial: str
    retired_at: datetime
    forest: registry.CertificateFacts

    @property
    def grams(self) -> int:
        """A unit is a kilogram."""
        return self.quantity_kg * 1000

    @property
    def path(self) -> str:
        """Its public page."""
        return f"/c/{self.number}" if self.by_order else f"/retirements/{self.number}"


# One number line for both kinds, so that a list can go on from any of them.
_OF_HOLDER = (
    "(SELECT o.id * 2 AS id, r.settled_at AS at, certificate_number AS number, true AS by_order, issuance_id,"
    "   r.first_serial, r.last_serial, o.quantity_kg FROM orders o JOIN retirement r ON r.order_id = o.id"
    "   JOIN settlement_run run ON run.id = r.run_id WHERE o.holder_id = :holder AND o.cause_id IS NULL"
    " UNION ALL SELECT id * 2 + 1, retired_at, number, false, issuance_id, first_serial, last_serial,"
    f"   quantity_kg FROM {own_retired_from()} own WHERE own.holder_id = :holder) retired"
)
_DAY = "(at AT TIME ZONE 'Asia/Shanghai')::date"
_SUMS = text(
    f"SELECT date_trunc(:unit, {_DAY})::date AS starts, sum(quantity_kg)::bigint * 1000 AS grams"
    f" FROM {_OF_HOLDER} WHERE {_DAY} BETWEEN :first AND :last GROUP BY 1 ORDER BY 1"
)
_LINES = text(
    f"SELECT *, {_DAY} AS day FROM {_OF_HOLDER} WHERE {_DAY} BETWEEN :first AND :last"
    f" AND ({_DAY}, id) > (:day, :id) ORDER BY {_DAY}, id LIMIT :limit"
)
_UPTO = text(
    f"SELECT coalesce(sum(quantity_kg), 0)::bigint * 1000 FROM {_OF_HOLDER}"
    f" WHERE {_DAY} >= :first AND ({_DAY}, id) <= (:day, :id)"
)

_RETIRERS = text(
    "SELECT holder_id FROM unnest(CAST(:holders AS bigint[])) AS asked(holder_id) WHERE EXISTS ("
    "   SELECT FROM orders o JOIN retirement r ON r.order_id = o.id"
    "   WHERE o.holder_id = asked.holder_id AND o.cause_id IS NULL)"
    f" OR EXISTS (SELECT FROM {own_retired_from()} own WHERE own.holder_id = asked.holder_id)"
)


def sum_retired(holder_id: int, first: date, last: date, unit: str) -> dict[date, int]:
    """Grams retired from `first` to `last` in Shanghai, by the day that each day, month or year begins."""
    values = {"holder": holder_id, "first": first, "last": last, "unit": unit}
    return {row.starts: int(row.grams) for row in db.session.execute(_SUMS, values)}


def list_retired(
    holder_id: int, first: date, last: date, after: tuple[date, int], limit: int
) -> Sequence[Retired]:
    """A stretch's retirements in the order of their days, from behind (day, id) on."""
    values = {"holder": holder_id, "first": first, "last": last}
    rows = db.session.execute(_LINES, {**values, "day": after[0], "id": after[1], "limit": limit}).all()
    forests = {each: registry.certificate_facts(each) for each in {row.issuance_id for row in rows}}
    return [
        Retired(
            id=row.id,
            day=row.day,
            number=row.number,
            by_order=row.by_order,
            quantity_kg=row.quantity_kg,
            serial=forests[row.issuance_id].serial_text(row.first_serial, row.last_serial),
            retired_at=row.at,
            forest=forests[row.issuance_id],
        )
        for row in rows
    ]


def retired_upto(holder_id: int, first: date, upto: tuple[date, int]) -> int:
    """Grams of a stretch's retirements up to and with (day, id)."""
    values = {"holder": holder_id, "first": first, "day": upto[0], "id": upto[1]}
    return int(db.session.scalar(_UPTO, values) or 0)


def list_retirers(holder_ids: Iterable[int]) -> set[int]:
    """Which of these holders ever had anything retired for themselves."""
    return set(db.session.scalars(_RETIRERS, {"holders": array(holder_ids)}))


def retired_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: everything retired for anybody.

    From `:since` to before `:until`: holder_id, recorded_at, grams. A run's retirements are found by the
    serials it took: settlement keeps no index of their time.
    """
    return (
        "(SELECT holder_id, run.settled_at AS recorded_at, quantity_kg * 1000 AS grams"
        " FROM settlement_run run"
        " JOIN retirement r ON r.first_serial BETWEEN run.first_serial AND run.last_serial"
        " JOIN orders ON orders.id = r.order_id"
        " WHERE run.settled_at >= :since AND run.settled_at < :until AND cause_id IS NULL"
        f" UNION ALL SELECT holder_id, retired_at, quantity_kg * 1000 FROM {own_retired_from()} own"
        " WHERE retired_at >= :since AND retired_at < :until)"
    )
