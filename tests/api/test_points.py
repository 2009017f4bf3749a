"""Points on the books: earned, pending, active, spent, expired, taken back, owed; each with a sponsor."""

from datetime import date, timedelta
from functools import partial

import pytest
from builders import Person, operator, person
from crowd import at_once
from flask import Flask
from flask.testing import FlaskClient
from rewarding import act, assert_covered, balances, giver, later, sponsor, thanked, with_points
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as books
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards import queries
from app.rewards.errors import (
    FundShort,
    GrantUnknown,
    MovementDecided,
    PointsShort,
    SameOperator,
    SpendingEnded,
    TariffTooSoon,
)
from app.rewards.jobs.points import tend_points
from app.rewards.models import Programme
from app.rewards.queries.sponsoring import list_budgets
from app.rewards.rules.tariffs import Act
from app.rewards.services import grants, programmes, spending
from app.rewards.services.tallies import count_thanks


@pytest.fixture
def walker(app: Flask) -> Person:
    """Somebody who takes the metro."""
    return person(app)


def test_an_act_earns_once_and_its_points_wait_for_their_evidence(walker: Person) -> None:
    sponsor()
    ride = act(walker.holder_id, 374)
    assert thanked(ride) == [ride]
    assert thanked(ride) == []
    assert (balances(walker.holder_id).pending, balances(walker.holder_id).active) == (37, 0)
    with later(3):
        assert (balances(walker.holder_id).pending, balances(walker.holder_id).active) == (0, 37)
    assert_covered()


def test_a_budget_that_is_used_up_stops_the_programme_until_it_is_funded_again(walker: Person) -> None:
    programme_id = sponsor(fen=40)
    thanked(*(act(walker.holder_id, 300) for _ in range(3)))
    assert balances(walker.holder_id).pending == 30
    assert db.session.get_one(Programme, programme_id).stopped_at is not None
    thanked(act(walker.holder_id, 10))
    assert balances(walker.holder_id).pending == 30, "nobody is thanked by chance"
    lots = queries.grants.list_grants(walker.holder_id, 10)
    assert [lot.reason for lot in lots] == ["no_programme", "no_programme", "exhausted", None]
    with transaction():
        programmes.fund_sample(programme_id, 1000)
    thanked(act(walker.holder_id, 300))
    assert balances(walker.holder_id).pending == 60
    assert_covered()


def test_a_hundred_at_once_are_never_promised_more_than_the_fund_holds(app: Flask) -> None:
    programme_id = sponsor(fen=500)
    people = [person(app).holder_id for _ in range(30)]
    rides = [act(holder_id, 200) for holder_id in people]
    at_once(app, [partial(grants.thank, [ride]) for ride in rides], 10)
    db.session.rollback()
    standing = queries.programmes.standing(programme_id)
    assert (standing.fund_fen, standing.promise, standing.outstanding) == (500, 0, 500)
    assert_covered()


def test_a_sponsor_of_another_place_is_waited_for_by_nobody(app: Flask, walker: Person) -> None:
    elsewhere, ride = sponsor(region="4401"), act(walker.holder_id, 500)
    sponsor()

    def thank() -> list[Act]:
        db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        return grants.thank([ride])

    programmes.lock_promises([elsewhere])
    assert at_once(app, [thank], 1) == [[ride]]


def test_points_that_become_active_while_they_are_taken_back_wait_in_no_circle(
    app: Flask, walker: Person
) -> None:
    sponsor(pending_days={"measured": 0})
    rides = [act(walker.holder_id, 100) for _ in range(40)]
    thanked(*rides)
    backwards = [
        partial(grants.take_back, walker.holder_id, grants.ACTION, ride.action_id) for ride in rides[::-1]
    ]
    few = partial(grants.activate_due, 3)
    at_once(app, [step for back in backwards for step in (few, back)], 8)
    now = balances(walker.holder_id)
    assert (now.pending, now.active, now.debt, now.taken_back) == (0, 0, 0, 400)
    assert_covered()


def test_points_granted_at_once_while_others_become_active_wait_in_no_circle(app: Flask) -> None:
    programme_id = sponsor(pending_days={"measured": 0})
    people = [person(app).holder_id for _ in range(12)]
    thanked(*(act(holder_id, 100) for holder_id in people for _ in range(3)))
    prizes = [[(each * 100 + holder_id, holder_id, 5) for holder_id in people] for each in range(8)]
    few = partial(grants.activate_due, 5)
    given = [partial(grants.grant, programme_id, "test", prize) for prize in prizes]
    at_once(app, [step for give in given for step in (few, give)], 8)
    tend_points()
    assert [balances(holder_id).active for holder_id in people] == [70] * 12
    assert_covered()


def test_money_is_confirmed_while_people_are_thanked_and_nobody_waits_in_a_circle(app: Flask) -> None:
    first, second = (operator(app, app.test_client(), "rewards") for _ in range(2))
    programme_id, people = sponsor(fen=500), [person(app).holder_id for _ in range(20)]
    with transaction():
        paid = [
            programmes.record_movement(first, programme_id, "deposit", 1000, f"BANK-{each}").id
            for each in range(8)
        ]
    steps = [partial(programmes.confirm_movement, second, each) for each in paid]
    for place in range(16):
        acts = [act(holder_id, 100) for holder_id in people]
        steps.insert(place * 3 // 2, partial(grants.thank, acts))
    at_once(app, steps, 8)
    assert queries.programmes.standing(programme_id).fund_fen == 8500
    assert_covered()


def test_points_are_spent_in_the_order_in_which_they_expire_and_the_giver_is_paid(walker: Person) -> None:
    long, short = sponsor(life_months=12, region="11"), sponsor(life_months=1)
    village = giver()
    with transaction():
        grants.grant(long, "test", [(901, walker.holder_id, 100)])
        grants.grant(short, "test", [(902, walker.holder_id, 60)])
        number = spending.reserve(walker.holder_id, 80, "goods", village)
    left = {lot.source_id: lot.remaining for lot in queries.grants.list_grants(walker.holder_id, 10)}
    assert left == {901: 80, 902: 0}
    with transaction():
        assert spending.spend(number)
        assert not spending.spend(number), "twice is once"
    assert books.get_balance(village, chart.PAYABLE) == 80
    assert queries.programmes.standing(short).fund_fen == 100_000 - 60
    assert balances(walker.holder_id).spent == 80
    with pytest.raises(SpendingEnded), transaction():
        spending.give_back(number)
    assert_covered()


def test_points_that_come_back_live_on(walker: Person) -> None:
    programme_id = sponsor(life_months=1)
    with transaction():
        grants.grant(programme_id, "test", [(911, walker.holder_id, 50)])
        number = spending.reserve(walker.holder_id, 20, "coupon", programme_id)
    with later(40):
        assert balances(walker.holder_id).reserved == 20
        assert balances(walker.holder_id).active == 30, "nothing expires of a lot of which some is set aside"
        with transaction():
            assert spending.give_back(number)
            assert not spending.give_back(number)
        with pytest.raises(SpendingEnded), transaction():
            spending.spend(number)
        with later(20):
            assert balances(walker.holder_id).active == 50
        with later(32):
            assert (balances(walker.holder_id).active, balances(walker.holder_id).expired) == (0, 50)
    assert queries.programmes.standing(programme_id).promise == 100_000
    assert_covered()


def test_no_points_live_longer_than_ten_years_however_often_they_come_back(walker: Person) -> None:
    programme_id = sponsor(life_months=120)
    with transaction():
        grants.grant(programme_id, "test", [(912, walker.holder_id, 50)])
    with clock.frozen(clock.now() + timedelta(days=3650)), transaction():
        spending.give_back(spending.reserve(walker.holder_id, 20, "coupon", programme_id))
    with later(3656):
        assert (balances(walker.holder_id).active, balances(walker.holder_id).expired) == (0, 50)


def test_nobody_spends_more_than_they_have_however_often_at_once(app: Flask, walker: Person) -> None:
    with_points(walker.holder_id, 100)
    village = giver()

    def reserve() -> bool:
        try:
            spending.reserve(walker.holder_id, 30, "goods", village)
        except PointsShort:
            return False
        return True

    assert sum(at_once(app, [reserve] * 20, 10)) == 3
    assert (balances(walker.holder_id).active, balances(walker.holder_id).reserved) == (10, 90)
    assert_covered()


def test_a_sponsor_pays_only_for_what_it_said(walker: Person) -> None:
    programme_id = sponsor(pays_for=["ticket"])
    with transaction():
        grants.grant(programme_id, "test", [(921, walker.holder_id, 50)])
    with pytest.raises(PointsShort), transaction():
        spending.reserve(walker.holder_id, 10, "goods", programme_id)
    with transaction():
        assert spending.reserve(walker.holder_id, 10, "ticket", programme_id)


def test_what_is_taken_back_never_goes_below_zero_but_is_owed_and_worked_off(walker: Person) -> None:
    sponsor()
    false_ride, village = act(walker.holder_id, 1000), giver()
    thanked(false_ride)
    with later(4):
        with transaction():
            spending.spend(spending.reserve(walker.holder_id, 70, "goods", village))
            assert grants.take_back(walker.holder_id, grants.ACTION, false_ride.action_id)
            assert grants.take_back(walker.holder_id, grants.ACTION, false_ride.action_id)
        now = balances(walker.holder_id)
        assert (now.active, now.debt, now.free, now.earned) == (0, 70, 0, 100)
        thanked(act(walker.holder_id, 500), act(walker.holder_id, 400))
        assert_covered()
        with later(4):
            now = balances(walker.holder_id)
            assert (now.active, now.debt) == (20, 0)
    assert books.get_balance(village, chart.PAYABLE) == 70, "what was given was given in good faith"
    assert_covered()


def test_what_had_expired_is_not_taken_back_once_more(walker: Person) -> None:
    programme_id = sponsor(life_months=1)
    ride = act(walker.holder_id, 500)
    thanked(ride)
    with later(40), transaction():
        assert grants.take_back(walker.holder_id, grants.ACTION, ride.action_id)
        count_thanks()
    now = balances(walker.holder_id)
    assert (now.earned, now.expired, now.taken_back, now.debt) == (50, 50, 0, 0)
    counted = list_budgets([programme_id])[programme_id].tally
    assert counted is not None
    assert (counted.granted, counted.expired, counted.taken_back) == (50, 50, 0)
    assert_covered()


def test_what_is_owed_cannot_be_spent_before_it_is_worked_off(walker: Person) -> None:
    sponsor()
    ride = act(walker.holder_id, 500)
    thanked(ride)
    village = giver()
    with later(4), transaction():
        spending.spend(spending.reserve(walker.holder_id, 50, "goods", village))
        grants.take_back(walker.holder_id, grants.ACTION, ride.action_id)
        grants.grant(sponsor_of(ride.holder_id), "test", [(931, walker.holder_id, 60)])
        with pytest.raises(PointsShort):
            spending.reserve(walker.holder_id, 11, "goods", walker.holder_id)
        assert spending.reserve(walker.holder_id, 10, "goods", walker.holder_id)


def sponsor_of(holder_id: int) -> int:
    [lot] = queries.grants.list_grants(holder_id, 1)
    assert lot.programme_id is not None
    return lot.programme_id


def test_an_act_that_was_withdrawn_before_it_was_heard_of_earns_nothing(walker: Person) -> None:
    sponsor()
    ride = act(walker.holder_id, 374)
    with transaction():
        assert not grants.take_back(walker.holder_id, grants.ACTION, ride.action_id)
    assert thanked(ride) == []
    assert balances(walker.holder_id).pending == 0
    assert_covered()


def test_one_things_points_can_be_given_away_whole_even_while_they_wait(walker: Person) -> None:
    sponsor()
    ride, village = act(walker.holder_id, 374), giver()
    thanked(ride)
    with transaction():
        given = spending.spend_grant(walker.holder_id, grants.ACTION, ride.action_id, "village", village)
    assert given == 37
    with pytest.raises(GrantUnknown), transaction():
        spending.spend_grant(walker.holder_id, grants.ACTION, ride.action_id, "village", village)
    assert books.get_balance(village, chart.PAYABLE) == 37
    with transaction():
        grants.take_back(walker.holder_id, grants.ACTION, ride.action_id)
    assert balances(walker.holder_id).debt == 37
    assert_covered()


def test_what_has_expired_cannot_be_given_away_before_it_is_swept(walker: Person) -> None:
    sponsor(life_months=1)
    ride, village = act(walker.holder_id, 374), giver()
    thanked(ride)
    with clock.frozen(clock.now() + timedelta(days=40)), pytest.raises(GrantUnknown), transaction():
        spending.spend_grant(walker.holder_id, grants.ACTION, ride.action_id, "village", village)


def test_many_who_pay_somebody_who_was_never_paid_before_do_not_disturb_one_another(app: Flask) -> None:
    sponsor()
    people = [person(app).holder_id for _ in range(16)]
    rides = [act(holder_id, 100) for holder_id in people]
    thanked(*rides)
    village = giver()
    gifts = [
        partial(spending.spend_grant, ride.holder_id, grants.ACTION, ride.action_id, "village", village)
        for ride in rides
    ]
    assert at_once(app, gifts, 8) == [10] * 16
    assert books.get_balance(village, chart.PAYABLE) == 160


def test_a_tariff_is_announced_ahead_and_never_changed(walker: Person) -> None:
    programme_id, today = sponsor(), clock.business_day()
    for day in (today - timedelta(days=1), today, today + timedelta(days=29)):
        with pytest.raises(TariffTooSoon), transaction():
            programmes.announce_tariff(None, programme_id, day, 100)
    with transaction():
        programmes.announce_tariff(None, programme_id, today + timedelta(days=30), 100)
    thanked(act(walker.holder_id, 1000))
    assert balances(walker.holder_id).pending == 100, "not before its day"
    for change in ("UPDATE reward_tariff SET grams_per_point = 1000", "DELETE FROM reward_tariff"):
        with pytest.raises(IntegrityError):
            db.session.execute(text(change))
        db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(
            text(
                "INSERT INTO reward_tariff VALUES (:id, 3, :day, 50, '{}', '{}', 12, now())",
            ),
            {"id": programme_id, "day": date(2026, 1, 1)},
        )
    db.session.rollback()


def test_money_for_a_fund_needs_two_people_and_what_is_promised_does_not_leave_it(
    client: FlaskClient, app: Flask, walker: Person
) -> None:
    first, second = (operator(app, app.test_client(), "rewards") for _ in range(2))
    programme_id = sponsor(fen=0)
    with transaction():
        paid = programmes.record_movement(first, programme_id, "deposit", 1000, "BANK-1").id
    assert queries.programmes.standing(programme_id).fund_fen == 0
    with pytest.raises(SameOperator), transaction():
        programmes.confirm_movement(first, paid)
    with transaction():
        programmes.confirm_movement(second, paid)
    with pytest.raises(MovementDecided), transaction():
        programmes.confirm_movement(second, paid)
    thanked(act(walker.holder_id, 4000))
    with transaction():
        back = programmes.record_movement(first, programme_id, "return", 601, "BANK-2").id
    with pytest.raises(FundShort), transaction():
        programmes.confirm_movement(second, back)
    with transaction():
        programmes.drop_movement(second, back)
        rest = programmes.record_movement(first, programme_id, "return", 600, "BANK-2").id
    with transaction():
        programmes.confirm_movement(second, rest)
        programmes.close_programme(second, programme_id)
    standing = queries.programmes.standing(programme_id)
    assert (standing.fund_fen, standing.promise, standing.outstanding) == (400, 0, 400)
    assert_covered()


def test_a_closed_programmes_points_stay_good(walker: Person, app: Flask) -> None:
    somebody = operator(app, app.test_client(), "rewards")
    programme_id = sponsor()
    thanked(act(walker.holder_id, 500))
    village = giver()
    with transaction():
        programmes.close_programme(somebody, programme_id)
    thanked(act(walker.holder_id, 500))
    with later(4), transaction():
        assert spending.spend(spending.reserve(walker.holder_id, 50, "goods", village))
    assert balances(walker.holder_id).pending == 0
    assert_covered()


def test_the_caller_reads_points_with_their_reasons(client: FlaskClient, walker: Person) -> None:
    sponsor(fen=10)
    thanked(act(walker.holder_id, 60), act(walker.holder_id, 9), act(walker.holder_id, 900))
    answer = client.get("/v1/points?limit=2", headers=walker.auth).json
    assert [lot["reason"] for lot in answer["items"]] == ["exhausted", "too_small"]
    rest = client.get(f"/v1/points?limit=2&after={answer['next']}", headers=walker.auth).json
    assert [lot["points"] for lot in rest["items"]] == [6]
    told = client.get("/v1/points/balances", headers=walker.auth).json
    assert (told["pending"], told["free"], told["debt"]) == (6, 0, 0)
    assert client.get("/v1/points/balances").status_code == 401
