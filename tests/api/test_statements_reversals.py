"""What is taken back or corrected: a region gives up what it was given, and never what another one was."""

from datetime import timedelta

import pytest
from crowding import FIRST, at_home, avoid, emit, move, published, seal, shares, withdraw
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit.database import db
from app.kit.transaction import transaction
from app.statements import services
from app.statements.queries import prove

DAY = timedelta(days=1)
HERE, THERE = "350721", "350702"


def proves() -> bool:
    db.session.rollback()
    return all(proof.holds for proof in prove())


def test_what_is_withdrawn_is_taken_off_with_a_crowd_again(app: Flask, client: FlaskClient) -> None:
    people = at_home(app, HERE, 14)
    acts = avoid(people, 2000, FIRST)
    seal(FIRST)
    withdraw(acts[:3], FIRST + DAY)
    seal(FIRST + DAY)
    assert published(client, HERE) == 28_000, "three alone are not shown to have withdrawn"
    avoid(people[3:], 2000, FIRST + 2 * DAY)
    seal(FIRST + 2 * DAY)
    assert published(client, HERE) == 28_000 - 6000 + 22_000
    assert proves()


def test_whoever_moves_takes_nothing_off_their_new_region_by_withdrawing_acts_of_the_old(
    app: Flask, client: FlaskClient
) -> None:
    people, locals_ = at_home(app, HERE, 11), at_home(app, THERE, 11)
    acts = avoid(people, 90_000, FIRST)
    avoid(locals_, 2000, FIRST)
    seal(FIRST)
    for each in people:
        move(each, THERE, FIRST + DAY)
    withdraw(acts, FIRST + DAY)
    avoid(locals_, 2000, FIRST + DAY)
    seal(FIRST + DAY)
    assert published(client, HERE) == 990_000
    assert published(client, THERE) == 44_000
    assert proves()


def test_whoever_joins_takes_nothing_off_by_withdrawing_acts_of_before(
    app: Flask, client: FlaskClient
) -> None:
    people = at_home(app, HERE, 11)
    with transaction():
        for each in people:
            services.leave_home(each)
    acts = avoid(people, 5000, FIRST)
    for each in people:
        move(each, HERE, FIRST + DAY)
    withdraw(acts, FIRST + DAY)
    avoid(people, 1000, FIRST + DAY)
    seal(FIRST + DAY)
    assert published(client, HERE) == 11_000
    assert proves()


def test_a_correction_of_what_was_recorded_before_home_is_counted_nowhere(
    app: Flask, client: FlaskClient
) -> None:
    people = at_home(app, HERE, 11)
    emit(people, "2026-09", 1000, FIRST)
    for each in people:
        move(each, THERE, FIRST + DAY)
    emit(people, "2026-09", 100, FIRST + DAY)
    emit(people, "2026-08", 100, FIRST + DAY)
    emit(people, "2026-09", 50, FIRST + 2 * DAY)
    grams = emit(people, "2026-08", 90, FIRST + 2 * DAY)
    seal(FIRST + 2 * DAY)
    shown = published(client, THERE, "emitted")
    assert shown is not None
    assert 0 <= shown - grams < 10_000, "of August as it stands, and of September nothing"
    assert proves()


def test_emissions_are_rounded_up_and_a_correction_is_its_difference(app: Flask, client: FlaskClient) -> None:
    people = at_home(app, HERE, 11)
    for quantity, day in ((100, FIRST), (120, FIRST + DAY)):
        grams = emit(people, "2026-09", quantity, day)
        seal(day)
    shown = published(client, HERE, "emitted") or 0
    assert shown % 10_000 == 0
    assert 0 <= shown - grams < 20_000, "two batches, each rounded up"
    assert proves()


def test_a_batch_that_would_take_a_region_below_nothing_waits(app: Flask, client: FlaskClient) -> None:
    people = at_home(app, HERE, 11)
    acts = avoid(people, 1045, FIRST)
    seal(FIRST)
    assert published(client, HERE) == 11_000, "11,495 rounded down"
    withdraw(acts, FIRST + DAY)
    seal(FIRST + DAY)
    assert published(client, HERE) == 11_000, "12,000 cannot be taken off"
    avoid(people, 3000, FIRST + 2 * DAY)
    seal(FIRST + 2 * DAY)
    assert published(client, HERE) == 11_000 + 21_000
    assert proves()


def test_proving_sees_a_region_that_gave_up_what_it_was_never_given(app: Flask) -> None:
    people = at_home(app, HERE, 11)
    withdraw(avoid(people, 1000, FIRST), FIRST)
    avoid(people, 1000, FIRST)
    seal(FIRST)
    assert proves()
    fault = "UPDATE {} SET {} = -{} WHERE line = 'avoided'"
    for table, column, claim in (
        ("region_share", "grams", "given"),
        ("region_month", "published_g", "given"),
    ):
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.execute(text(fault.format(table, column, column)))
        assert f"statements.prove_{claim}" in [each.claim for each in prove() if not each.holds]
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.execute(text(fault.format(table, column, column)))
        assert proves()


def test_the_order_of_shares_tells_nothing_of_whose_they_were(app: Flask) -> None:
    people = at_home(app, HERE, 11)
    avoid(people, 3000, FIRST)
    seal(FIRST)
    told = [row.person for row in shares()]
    assert sorted(told) == people
    assert told != people


@pytest.mark.parametrize("leaves", [False, True])
def test_what_is_withdrawn_before_it_was_sealed_never_shows(
    app: Flask, client: FlaskClient, leaves: bool
) -> None:
    people = at_home(app, HERE, 12)
    acts = avoid(people, 2000, FIRST)
    withdraw(acts[:1], FIRST)
    if leaves:
        with transaction():
            services.leave_home(people[0])
    seal(FIRST)
    assert published(client, HERE) == 22_000
    assert proves()
