"""Many at once on a real PostgreSQL: nobody gets what another got, and nothing is lost."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import pairwise

from builders import bare_project
from crowd import at_once
from flask import Flask
from sqlalchemy import text

from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import SoldOut
from app.registry.queries import LotFacts
from app.registry.rules import Terms
from app.registry.services import RetiredRun

UNPOSTED = {"registry.prove_books", "registry.prove_holders"}
YEAR = (date(2020, 1, 1), date(2020, 12, 31))


def fresh_lot(quantity_kg: int) -> LotFacts:
    with transaction():
        services.load_samples()
        project_id = bare_project("T-DG")
        issued = services.issue(project_id, YEAR, quantity_kg, vintage=2020, verification="V-1")
        return services.open_lot(issued.block_id, quantity_kg, Terms("yiyuan", 10, 100))


def reserved(lot_id: int) -> bool:
    try:
        services.reserve(lot_id, 10)
    except SoldOut:
        return False
    return True


def test_a_hundred_buyers_of_the_last_units_get_exactly_what_is_there(app: Flask) -> None:
    lot = fresh_lot(370)
    won = at_once(app, [lambda: reserved(lot.id)] * 100, 100)
    assert sum(won) == 37
    found = queries.find_lot(lot.code)
    assert found is not None
    assert found.available_kg == 0
    assert queries.held_kg() == 370


def test_of_three_runs_of_600_on_1000_units_one_fits(app: Flask) -> None:
    lot = fresh_lot(1800)
    with transaction():
        services.reserve(lot.id, 1800)
    with transaction():
        services.cancel_units(lot.issuance_id, 800, "fire")
    gathered = threading.Barrier(4)

    def retire() -> RetiredRun:
        gathered.wait(10)
        return services.retire_run(lot.id, [600])

    with ThreadPoolExecutor(1) as pool, transaction():
        db.session.execute(text("SELECT FROM block WHERE lot_id = :id FOR UPDATE"), {"id": lot.id})
        waiting = pool.submit(at_once, app, [retire] * 3, 3)
        gathered.wait(10)
        time.sleep(0.3)  # so that all three stand before the block
        db.session.rollback()
        runs = waiting.result(10)
    assert sorted(run.placed for run in runs) == [0, 0, 1]
    units = queries.conservation(lot.issuance_id)
    assert (units.active_kg, units.retired_kg, units.cancelled_kg) == (400, 600, 800)
    assert queries.held_kg() == 0
    found = queries.find_lot(lot.code)
    assert found is not None
    assert found.available_kg == 400


def test_runs_cancellations_and_reservations_at_once_lose_nothing(app: Flask) -> None:
    lot = fresh_lot(10_000)
    with transaction():
        services.reserve(lot.id, 4_000)
    acts: list[Callable[[], object]] = []
    for _ in range(20):
        acts += [
            lambda: services.retire_run(lot.id, [50, 50, 50]).placed,
            lambda: services.cancel_units(lot.issuance_id, 70, "felling"),
            lambda: reserved(lot.id),
            lambda: services.release(lot.id, 20),
        ]
    at_once(app, acts, 8)
    assert all(proof.holds for proof in queries.prove() if proof.claim not in UNPOSTED)
    units = queries.conservation(lot.issuance_id)
    assert (units.retired_kg, units.cancelled_kg) == (3_000, 1_400)


def test_issuing_at_once_leaves_no_gap_in_the_serials(app: Flask) -> None:
    fresh_lot(10)
    codes = ("T-YD", "T-RS", "T-GY", "T-H1", "T-H2")

    def issue(code: str) -> int:
        project_id = bare_project(code)
        return services.issue(project_id, YEAR, 100, vintage=2020, verification="V-1").serials.first

    firsts = sorted(at_once(app, [partial(issue, code) for code in codes], 5))
    assert [later - sooner for sooner, later in pairwise(firsts)] == [100] * 4
    assert all(proof.holds for proof in queries.prove())


def test_samples_loaded_by_two_processes_stand_once(app: Flask) -> None:
    assert sorted(at_once(app, [services.load_samples] * 2, 2)) == [0, 7]
    assert db.session.scalar(text("SELECT count(*) FROM project")) == 7
