"""Issuing, selling, reserving, retiring and cancelling units; and what the database itself refuses."""

from datetime import date

import pytest
from builders import bare_project
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db, run
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import BlockNotFree, NotReserved, PeriodIssued, SoldOut
from app.registry.queries import Conservation, LotFacts
from app.registry.rules import NotWholeSteps, Terms
from app.registry.services import Issued, retirements

TERMS = Terms("yiyuan", 10, 100)
UNPOSTED = {"registry.prove_books", "registry.prove_holders"}
"""What does not hold after a retirement whose buyer's side no order has written."""


def year(vintage: int) -> tuple[date, date]:
    return date(vintage, 1, 1), date(vintage, 12, 31)


def issue(quantity_kg: int, vintage: int = 2020, project: str = "T-DG") -> Issued:
    """New units of a sample forest."""
    with transaction():
        services.load_samples()
        project_id = bare_project(project)
        return services.issue(project_id, year(vintage), quantity_kg, vintage=vintage, verification="V-1")


def open_lot(issued: Issued, quantity_kg: int) -> LotFacts:
    with transaction():
        return services.open_lot(issued.block_id, quantity_kg, TERMS)


def states(issued: Issued) -> dict[str, int]:
    """The kilograms of an issuance by state, those that are not zero."""
    units: Conservation = queries.conservation(issued.issuance_id)
    assert units.holds
    named = {name: getattr(units, f"{name}_kg") for name in ("active", "retired", "cancelled")}
    return {name: kg for name, kg in named.items() if kg}


def broken() -> set[str]:
    """The claims that do not hold."""
    return {proof.claim for proof in [*queries.prove(), *accounts.prove()] if not proof.holds}


def lot_row(lot_id: int) -> tuple[int, int, int]:
    """What of a lot is available, reserved and short."""
    row = db.session.execute(
        text("SELECT available_kg, reserved_kg, short_kg FROM lot WHERE id = :id"), {"id": lot_id}
    ).one()
    return (row[0], row[1], row[2])


def test_issuing_makes_one_block_and_one_entry(app: Flask) -> None:
    issued = issue(1000)
    total = db.session.scalar(text("SELECT max(last_serial) - 1000 FROM issuance")) or 0
    assert issued.serials == (total + 1, total + 1000)
    holder = queries.get_project("T-DG").project.holder_id
    assert accounts.get_balance(holder, chart.UNITS) == 1000 * 1000
    assert states(issued) == {"active": 1000}
    assert broken() == set()


@pytest.mark.parametrize(
    ("period", "vintage"),
    [
        (year(2021), 2021),
        ((date(2021, 12, 31), date(2023, 5, 1)), 2023),
        ((date(2019, 1, 1), date(2021, 1, 1)), 2019),
        ((date(2020, 6, 1), date(2020, 7, 1)), 2020),
        ((date(2020, 12, 31), date(2020, 12, 31)), 2020),
    ],
)
def test_the_same_uptake_is_not_issued_twice(app: Flask, period: tuple[date, date], vintage: int) -> None:
    for issued in (2020, 2021, 2022):
        issue(1000, issued)
    project_id = queries.get_project("T-DG").project.id
    with pytest.raises(PeriodIssued), transaction():
        services.issue(project_id, period, 1000, vintage=vintage, verification="V-2")


def test_a_project_is_not_kept_from_a_period_by_another(app: Flask) -> None:
    issue(1000, 2020, "T-DG")
    assert states(issue(2000, 2020, "T-YD")) == {"active": 2000}


def test_uptake_of_days_to_come_is_not_issued(app: Flask) -> None:
    issue(10)
    project_id = queries.get_project("T-DG").project.id
    with pytest.raises(IntegrityError), transaction():
        services.issue(project_id, year(2090), 1000, vintage=2090, verification="V-2")


def test_part_of_a_block_goes_on_sale_and_the_rest_stays_free(app: Flask) -> None:
    issued = issue(1000)
    first = open_lot(issued, 300)
    second = open_lot(issued, 700)
    assert (first.available_kg, second.available_kg) == (300, 700)
    with pytest.raises(BlockNotFree):
        open_lot(issued, 10)
    assert broken() == set()


@pytest.mark.parametrize(
    ("quantity_kg", "refusal"), [(1010, BlockNotFree), (995, NotWholeSteps), (0, NotWholeSteps)]
)
def test_only_what_is_there_goes_on_sale(app: Flask, quantity_kg: int, refusal: type[Exception]) -> None:
    issued = issue(1000)
    with pytest.raises(refusal):
        open_lot(issued, quantity_kg)


def test_reserving_takes_from_what_is_available(app: Flask) -> None:
    lot = open_lot(issue(1000), 1000)
    with transaction():
        services.reserve(lot.id, 600)
    facts = queries.find_lot(lot.code)
    assert facts is not None
    assert (facts.available_kg, facts.terms) == (400, TERMS)
    with pytest.raises(SoldOut), transaction():
        services.reserve(lot.id, 410)
    with transaction():
        services.release(lot.id, 600)
    assert lot_row(lot.id) == (1000, 0, 0)


def test_more_than_was_reserved_is_neither_released_nor_retired(app: Flask) -> None:
    lot = open_lot(issue(1000), 1000)
    with transaction():
        services.reserve(lot.id, 100)
    with pytest.raises(NotReserved), transaction():
        services.release(lot.id, 110)
    with pytest.raises(NotReserved), transaction():
        services.retire_run(lot.id, [60, 50])
    assert lot_row(lot.id) == (900, 100, 0)


def test_retiring_lays_quantities_end_to_end_from_the_front(app: Flask) -> None:
    issued = issue(1000)
    lot = open_lot(issued, 1000)
    first = issued.serials.first
    with transaction():
        services.reserve(lot.id, 100)
        run = services.retire_run(lot.id, [10, 30, 20])
        more = services.retire_run(lot.id, [40])
    assert run.firsts == [first, first + 10, first + 40]
    assert (run.placed, run.issuance_id, run.terms) == (3, issued.issuance_id, TERMS)
    assert more.firsts == [first + 60]
    assert lot_row(lot.id) == (900, 0, 0)
    assert states(issued) == {"active": 900, "retired": 100}


def test_the_last_units_retire_their_whole_block(app: Flask) -> None:
    issued = issue(100)
    lot = open_lot(issued, 100)
    with transaction():
        services.reserve(lot.id, 100)
        run = services.retire_run(lot.id, [100])
    assert run.block_id == issued.block_id
    assert states(issued) == {"retired": 100}
    with transaction():
        assert services.retire_run(lot.id, []).placed == 0


def test_however_many_quantities_take_the_same_statements(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = open_lot(issue(20_000), 20_000)
    with transaction():
        services.reserve(lot.id, 10_010)
    seen: list[str] = []
    monkeypatch.setattr(retirements, "run", lambda *args: (seen.append(args[0]), run(*args))[1])
    for quantities in ([10], [10] * 1000):
        with transaction():
            event.listen(db.engine, "before_cursor_execute", listener := lambda *args: seen.append(args[2]))
            retired = services.retire_run(lot.id, quantities)
            event.remove(db.engine, "before_cursor_execute", listener)
        assert retired.placed == len(quantities)
        assert len(seen) == 4, "the block, the lot's terms, the run, the promise"
        seen.clear()


def test_closing_a_lot_frees_what_nobody_reserved(app: Flask) -> None:
    issued = issue(1000)
    lot = open_lot(issued, 1000)
    with transaction():
        services.reserve(lot.id, 300)
    with transaction():
        assert services.close_lot(lot.id) == 700
    with pytest.raises(SoldOut), transaction():
        services.reserve(lot.id, 10)
    with transaction():
        services.release(lot.id, 100)
    with pytest.raises(SoldOut), transaction():
        services.reserve(lot.id, 10)
    with transaction():
        run = services.retire_run(lot.id, [200])
        assert services.close_lot(lot.id) == 100
    assert run.placed == 1
    assert lot_row(lot.id) == (0, 0, 0)
    free = db.session.scalars(
        text("SELECT id FROM block WHERE lot_id IS NULL AND issuance_id = :id ORDER BY first_serial"),
        {"id": issued.issuance_id},
    ).all()
    with transaction():
        offered = [services.open_lot(*block, TERMS) for block in zip(free, (100, 700), strict=True)]
    assert [each.available_kg for each in offered] == [100, 700]
    assert broken() == UNPOSTED  # the buyer's side of a retirement is written by offsets


def test_a_lot_closed_unsold_frees_its_whole_block(app: Flask) -> None:
    issued = issue(1000)
    lot = open_lot(issued, 1000)
    with transaction():
        services.close_lot(lot.id)
    assert open_lot(issued, 1000).available_kg == 1000


def test_a_cancellation_takes_free_and_available_units_first(app: Flask) -> None:
    issued = issue(1000)
    first, second = open_lot(issued, 300), open_lot(issued, 300)
    with transaction():
        services.reserve(first.id, 200)
        services.reserve(second.id, 300)
    with transaction():
        assert services.cancel_units(issued.issuance_id, 450, "fire") == 450
    assert lot_row(first.id) == (50, 200, 0)
    assert lot_row(second.id) == (0, 300, 0)
    holder = queries.get_project("T-DG").project.holder_id
    assert accounts.get_balance(holder, chart.UNITS) == 550 * 1000
    assert broken() == set()


def test_orders_whose_units_burnt_find_none(app: Flask) -> None:
    issued = issue(2000)
    lot = open_lot(issued, 2000)
    with transaction():
        services.reserve(lot.id, 1800)
    with transaction():
        assert services.cancel_units(issued.issuance_id, 1000, "fire") == 1000
    assert lot_row(lot.id) == (0, 1800, 800)
    with transaction():
        run = services.retire_run(lot.id, [600, 500, 100])
    assert (run.placed, len(run.firsts)) == (1, 1)
    assert lot_row(lot.id) == (0, 600, 200)
    with transaction():
        services.release(lot.id, 300)
    assert lot_row(lot.id) == (100, 300, 0)
    assert states(issued) == {"active": 400, "retired": 600, "cancelled": 1000}


def test_a_cancellation_never_reaches_what_is_retired(app: Flask) -> None:
    issued = issue(100)
    lot = open_lot(issued, 100)
    with transaction():
        services.reserve(lot.id, 100)
        services.retire_run(lot.id, [60])
    with transaction():
        assert services.cancel_units(issued.issuance_id, 1000, "felling") == 40
    with transaction():
        run = services.retire_run(lot.id, [40])
    assert (run.placed, run.block_id) == (0, None)
    assert lot_row(lot.id) == (0, 0, 0)
    assert states(issued) == {"retired": 60, "cancelled": 40}


@pytest.fixture
def chain(app: Flask) -> Issued:
    """An issuance with a retired, an active (on sale) and a cancelled block."""
    issued = issue(1000)
    lot = open_lot(issued, 1000)
    with transaction():
        services.reserve(lot.id, 100)
        services.retire_run(lot.id, [100])
        services.cancel_units(issued.issuance_id, 50, "fire")
    return issued


_PIECE = (
    "INSERT INTO block (issuance_id, holder_id, state, first_serial, last_serial, created_at, changed_at)"
    " SELECT issuance_id, holder_id, 'active', {}, now(), now() FROM block WHERE state = 'retired'"
)


@pytest.mark.parametrize(
    "statement",
    [
        _PIECE.format("first_serial, last_serial"),
        _PIECE.format("first_serial + 500, first_serial + 600"),
        _PIECE.format("first_serial + 1000, first_serial + 1999"),
        "UPDATE block SET first_serial = first_serial + 10 WHERE state = 'active' AND lot_id IS NOT NULL",
        "UPDATE block SET last_serial = last_serial - 10 WHERE state = 'active' AND lot_id IS NOT NULL",
        "UPDATE block SET last_serial = last_serial + 10 WHERE state = 'active' AND lot_id IS NOT NULL",
        "UPDATE block SET state = 'active' WHERE state = 'retired'",
        "UPDATE block SET state = 'active', reason = NULL WHERE state = 'cancelled'",
        "UPDATE block SET state = 'cancelled', reason = 'fire' WHERE state = 'retired'",
        "UPDATE block SET lot_id = NULL WHERE state = 'retired'",
        "UPDATE block SET changed_at = now() WHERE state = 'cancelled'",
        "UPDATE block SET holder_id = 1 WHERE state = 'active' AND lot_id IS NOT NULL",
        "UPDATE block SET holder_id = 1 WHERE state = 'retired'",
        "UPDATE block SET issuance_id = 1",
        "UPDATE block SET state = 'sold' WHERE state = 'active'",
        "UPDATE block SET state = 'cancelled' WHERE state = 'active'",
        "DELETE FROM block WHERE state = 'active'",
        "DELETE FROM block",
        "TRUNCATE block CASCADE",
        "UPDATE issuance SET last_serial = last_serial + 1",
        "UPDATE issuance SET vintage = 2000",
        "DELETE FROM issuance",
        "INSERT INTO issuance (project_id, holder_id, period_start, period_end, vintage, first_serial,"
        " last_serial, verification, sample, issued_at) SELECT 1, 1, '2001-01-01', '2001-12-31', 2001,"
        " max(last_serial) + 2, max(last_serial) + 3, 'V', true, now() FROM issuance",
        "INSERT INTO issuance (project_id, holder_id, period_start, period_end, vintage, first_serial,"
        " last_serial, verification, sample, issued_at) SELECT 1, 1, '2001-01-01', '2001-12-31', 2001,"
        " max(last_serial), max(last_serial) + 3, 'V', true, now() FROM issuance",
        "UPDATE lot SET price_fen_per_step = 1",
        "UPDATE lot SET fee_bp = 5000",
        "UPDATE lot SET seller_holder_id = 1",
        "UPDATE lot SET available_kg = -1",
        "UPDATE lot SET available_kg = offered_kg + 1",
        "UPDATE lot SET reserved_kg = -1",
        "DELETE FROM lot",
        "UPDATE project SET code = 'X' || code",
        "UPDATE project SET sample = false",
        "DELETE FROM project",
    ],
)
def test_the_database_refuses_to_bend_the_chain(chain: Issued, statement: str) -> None:
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))
    assert states(chain) == {"active": 850, "retired": 100, "cancelled": 50}
    assert broken() == UNPOSTED


def test_a_fault_in_the_chain_is_found_by_the_proofs(chain: Issued) -> None:
    """With the guards out of the way, as a restored or tampered database would have them."""
    with transaction():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        of_chain = "state = 'active' AND issuance_id = :id"
        db.session.execute(
            text(f"UPDATE block SET first_serial = first_serial + 10 WHERE {of_chain}"),
            {"id": chain.issuance_id},
        )
    assert broken() == {
        "registry.prove_conservation",
        "registry.prove_chain",
        *UNPOSTED,
        "registry.prove_lots",
        "registry.prove_promises",
        "registry.prove_regions_parts",
    }
