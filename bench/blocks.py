"""A partial retirement where a million blocks are, against where a thousand are; and their conservation.

Two databases on one server. The blocks are cut by one statement under all guards: most of them retired,
as in an old registry, some free in many hands. The same holder then retires a kilogram again and again
from a block of their own, as over HTTP but without the web server, each in a transaction of its own.
"""

from collections.abc import Callable
from datetime import date
from statistics import median
from time import perf_counter

from sqlalchemy import text

from app.accounts import services as accounts
from app.config import Settings
from app.kit.database import allow_bulk, db
from app.kit.transaction import transaction
from app.registry import queries
from app.registry import services as registry
from app.registry.queries.serials import Run, get_series
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units, retire_units
from bench.databases import another
from bench.forest import sample_facts
from bench.rounds import ROUNDS, stopwatch

MANY, FEW = 1_000_000, 1_000
OWN_KG = 100_000
PIECE_KG = 3
RETIREMENTS = 200

# From the front: nine in ten are gone, the rest are free pieces of the holder's. Written from the back, so
# that each free piece finds the neighbour that it is cut from.
_CUT = text(
    "WITH asked AS (SELECT CAST(:kg AS bigint) AS kg, CAST(:pieces AS bigint) AS pieces),"
    " rest AS (UPDATE block SET first_serial = first_serial + kg * pieces FROM asked WHERE id = :block"
    " RETURNING issuance_id, holder_id, first_serial - kg * pieces AS first, kg, pieces)"
    " INSERT INTO block (issuance_id, holder_id, state, reason, first_serial, last_serial, created_at,"
    " changed_at)"
    " SELECT issuance_id, holder_id, CASE WHEN n < pieces * 9 / 10 THEN 'cancelled' ELSE 'active' END,"
    " CASE WHEN n < pieces * 9 / 10 THEN 'fault' END, first + n * kg, first + n * kg + kg - 1, now(), now()"
    " FROM rest CROSS JOIN generate_series(pieces - 1, 0, -1) AS n"
)


class Registry:
    """One database with so many blocks, and a holder of a large one."""

    def __init__(self, settings: Settings, name: str, pieces: int) -> None:
        self.app = another(settings, name)
        with self.app.app_context():
            self.holder_id, self.run = self._plant(pieces)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")

    def _plant(self, pieces: int) -> tuple[int, Run]:
        with transaction():
            allow_bulk(30)
            village = accounts.open_holder("village", "示例村集体", "350721").id
            project = registry.register_project(sample_facts("BLOCKS"), village)
            period = (date(2022, 1, 1), date(2022, 12, 31))
            issued = registry.issue(
                project.id, period, PIECE_KG * pieces + OWN_KG, vintage=2022, verification="SAMPLE"
            )
            db.session.execute(_CUT, {"kg": PIECE_KG, "pieces": pieces, "block": issued.block_id})
            keeper = accounts.open_holder("organisation", "示例机构").id
            series = get_series(issued.issuance_id)
            move_units(village, Run(series, series.serials), OWN_KG, keeper, NOBODY)
        return keeper, Run(series, series.serials)

    def retire(self) -> float:
        """Seconds of one retirement: the median of many in a row."""
        taken = []
        with self.app.app_context():
            for _ in range(RETIREMENTS):
                begun = perf_counter()
                with transaction():
                    retire_units(self.holder_id, self.run, 1, "public_good")
                taken.append(perf_counter() - begun)
        return median(taken)

    def recompute(self) -> float:
        """Seconds to recompute the conservation of every issuance from its blocks, and their chain."""
        with self.app.app_context(), transaction(), stopwatch() as seconds:
            allow_bulk(5)
            conserved = queries.prove_blocks()
        assert all(proof.holds for proof in conserved)
        return seconds()


def compare(settings: Settings) -> dict[str, float]:
    """The ratio of latencies, with the milliseconds behind it, and the conservation's seconds."""
    full = Registry(settings, "bench_blocks_many", MANY)
    small = Registry(settings, "bench_blocks_few", FEW)
    full.retire()
    small.retire()
    pairs = [_in_turn(number, full.retire, small.retire) for number in range(ROUNDS)]
    return {
        "retire_1m_ms": median(many for many, _ in pairs) * 1000,
        "retire_1k_ms": median(few for _, few in pairs) * 1000,
        "retire_1m_vs_1k": median(many / few for many, few in pairs),
        "conservation_s": median(full.recompute() for _ in range(ROUNDS)),
    }


def _in_turn(number: int, many: Callable[[], float], few: Callable[[], float]) -> tuple[float, float]:
    if number % 2:
        other, ours = few(), many()
    else:
        ours, other = many(), few()
    return ours, other
