"""Settlement where a million people and a million settled orders are, against where nothing is.

Two databases on one server, so that both sides share its buffers and its log. The full one was filled
by the settlement itself; what it does not touch (the orders' own rows) is left out. The load is the same
on both: about as many different people buy, drawn at random. The empty one holds them and nobody else.

Both are measured at work, not just after a bulk load: some unmeasured rounds bring back the pages that
the load pushed out of the buffers, and log their images after the checkpoint.
"""

from collections.abc import Callable

from app.config import Settings
from app.kit.database import db
from app.offsets.jobs import settle_paid
from bench.databases import another
from bench.forest import plant
from bench.rounds import ROUNDS, side_by_side
from bench.settling import KG, ORDERS, Settling, set_based

MILLION = 1_000_000
BATCH = 50_000
WARMING_ROUNDS = 3
MEASURED = (ROUNDS + WARMING_ROUNDS) * ORDERS


class Place:
    """One database with its application."""

    def __init__(self, settings: Settings, name: str, holders: int, settled: int) -> None:
        self.app = another(settings, name)
        with self.app.app_context():
            forest = plant(holders, KG * (settled + MEASURED), 10**9)
            self.data = Settling(forest)
            for _ in range(settled // BATCH):
                self.data.paid_orders(BATCH)
                settle_paid()
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")

    def rate(self) -> Callable[[], float]:
        """Orders a second here."""
        measure = set_based(self.data)

        def measured() -> float:
            with self.app.app_context():
                return measure()

        return measured


def compare(settings: Settings) -> dict[str, float]:
    """The ratio, with the rates behind it."""
    full = Place(settings, "bench_full", MILLION, MILLION).rate()
    empty = Place(settings, "bench_empty", MEASURED, 0).rate()
    for _ in range(WARMING_ROUNDS):
        full()
        empty()
    rate, bare, ratio = side_by_side(full, empty)
    return {"settle_full_per_s": rate, "settle_empty_per_s": bare, "settle_full_vs_empty": ratio}
