"""Recorded acts thanked for in bulk, against COPY of the lots that this leaves.

Ours: the listener hears of 10,000 acts of 2,000 people as a partner's batch announces them: their days and
grades, the homes of the people, two sponsors' offers and tariffs, what each fund can still promise, lots with
their life and wait, and the books; one transaction, and the database's guards on. The other side: the same
lots, rendered beforehand, by COPY into a table with the same columns, keys and checks, and nothing else.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.accounts.services import open_holder
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import allow_bulk, array, db
from app.kit.transaction import transaction
from app.rewards.jobs.recorded import thank
from app.rewards.services.programmes import announce_tariff, fund_sample, open_programme
from bench.rounds import ROUNDS, side_by_side, stopwatch

ACTS, PEOPLE = 10_000, 2_000
FUND_FEN = 1_000_000_000
_PEOPLE = text(
    "INSERT INTO holder (code, kind, created_at) SELECT upper(substr(md5(random()::text || n), 1, 26)),"
    " 'person', now() FROM generate_series(1, :people) n RETURNING id"
)
_ACTS = text(
    "INSERT INTO action (holder_id, code, scene, occurred_on, source, grade, inputs, methodology_id,"
    "  factor_id, computed_g, before_g, avoided_g, recorded_at)"
    " SELECT holder, upper(substr(md5(random()::text || n), 1, 26)), 'walking', CAST(:day AS date), 'werun',"
    "  'measured', '{\"steps\": 6000, \"steps_before\": 0}', m.id, m.factor_id, 120, 0, 120, now()"
    " FROM unnest(CAST(:holders AS bigint[])) WITH ORDINALITY AS told(holder, n),"
    "  (SELECT id, factor_id FROM methodology WHERE scene = 'walking' ORDER BY id DESC LIMIT 1) m"
    " RETURNING id, holder_id"
)
_COLUMNS = (
    "source, source_id, holder_id, programme_id, tariff, points, remaining, reason, granted_at, due_at,"
    " activated_at, expires_at"
)


class Crowd:
    """People and two sponsors; ever new acts of theirs."""

    def __init__(self) -> None:
        with transaction():
            bank = open_holder("organisation", "Bench bank")
            since = clock.business_day() - timedelta(days=1)
            for region in (None, "350721"):
                opened = open_programme(None, bank.id, f"Bench {random_code(6)}", since, region=region)
                announce_tariff(None, opened.holder_id, since, 10)
                fund_sample(opened.holder_id, FUND_FEN)
            self.people = list(db.session.scalars(_PEOPLE, {"people": PEOPLE}))
            db.session.execute(text("DROP TABLE IF EXISTS floor_grant"))
            db.session.execute(text("CREATE TABLE floor_grant (LIKE point_grant INCLUDING ALL)"))

    def acts(self) -> list[list[Any]]:
        """Acts that nobody has heard of yet, as an announcement tells them."""
        holders = (self.people * (ACTS // PEOPLE + 1))[:ACTS]
        with transaction():
            allow_bulk(2)
            rows = db.session.execute(_ACTS, {"holders": array(holders), "day": clock.business_day()}).all()
        return [[row.id, 120, "walking", row.holder_id] for row in rows]

    def granting(self) -> float:
        """Acts thanked for in a second."""
        acts = self.acts()
        with stopwatch() as seconds, transaction():
            thank({"actions": acts})
        return ACTS / seconds()

    def copying(self) -> float:
        """Rows of the last such lots copied in a second."""
        asked = f"SELECT {_COLUMNS} FROM point_grant WHERE source = 'action' ORDER BY id DESC LIMIT {ACTS}"
        with transaction():
            rows = [tuple(row) for row in db.session.execute(text(asked))]
            db.session.execute(text("TRUNCATE floor_grant"))
        with stopwatch() as seconds, transaction():
            driver: Any = db.session.connection().connection.driver_connection
            with driver.cursor().copy(f"COPY floor_grant ({_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        return ACTS / seconds()


def compare() -> dict[str, float]:
    """Bulk grants a second, and how they compare with copying their rows."""
    crowd = Crowd()
    crowd.granting()
    crowd.copying()
    mine, _, ratio = side_by_side(crowd.granting, crowd.copying)
    thanked = db.session.scalar(text("SELECT count(*) FROM point_grant WHERE points = 12"))
    if thanked != (ROUNDS + 1) * ACTS:
        raise RuntimeError(f"{thanked} acts were thanked for")
    return {"grant_bulk_per_s": mine, "grant_bulk_vs_copy": ratio}
