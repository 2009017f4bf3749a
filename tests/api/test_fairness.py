"""Fairness: what signals find, what is held, decided, appealed and taken back, and by whom."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from builders import Person, operator, person
from evidence import morning
from flask import Flask
from flask.testing import FlaskClient
from rewarding import assert_covered, balances, giver, later, sponsor, with_points
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from suspecting import (
    STEPS,
    days_later,
    measures,
    member_of_a_shop,
    party,
    same_wechat_user,
    twins,
    walk,
)

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import services as footprint
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.errors.fairness import (
    AnotherOperatorNeeded,
    AppealAnswered,
    InquiryDecided,
    NothingToTakeBack,
    ProgrammeDoesNotThank,
    ProposalChanged,
    RedeemingHeld,
)
from app.rewards.jobs.fairness import keep_limits, look_for_signals
from app.rewards.queries import fairness_figures, programmes
from app.rewards.services import fairness, fairness_appeals, spending
from app.rewards.services.inquiries import look_once

TRIPS = 8


@pytest.fixture
def desk(app: Flask) -> tuple[int, int, int]:
    """Three operators."""
    return (
        operator(app, app.test_client(), "rewards"),
        operator(app, app.test_client(), "rewards"),
        operator(app, app.test_client(), "rewards"),
    )


def judge(operator_id: int, someone: Person, decision: str, reason: str = "看过了") -> str:
    """Decide about somebody; the measure's code."""
    code = party(someone.holder_id).inquiry.code
    with transaction():
        return fairness.judge(operator_id, code, someone.holder_id, decision, reason).code


def confirm(operator_id: int, code: str) -> None:
    """Agree."""
    with transaction():
        fairness.confirm(operator_id, code)


def say(client: FlaskClient, someone: Person, path: str, words: str = "那是我的手机") -> int:
    """Appeal over HTTP; the status."""
    told = client.post(f"/v1/fairness/{path}/appeal", json={"words": words}, headers=someone.auth)
    return told.status_code


def answer(operator_id: int, code: str, *, granted: bool, programme: str | None = None) -> None:
    """Answer an appeal."""
    with transaction():
        fairness_appeals.answer(operator_id, code, "查过了", granted=granted, programme=programme)


def spend(someone: Person, points: int = 10) -> int:
    """Set points aside."""
    payee = giver()
    with transaction():
        return spending.reserve(someone.holder_id, points, "village", payee)


def status(someone: Person) -> str:
    """How the last measure on somebody stands."""
    return measures(someone.holder_id)[0].status


def test_one_phones_steps_on_two_accounts_are_found_held_and_explained(
    app: Flask, client: FlaskClient
) -> None:
    one, other = twins(app)
    stranger = person(app)
    walk(stranger.holder_id, *[each + 1 for each in STEPS])
    told = client.get("/v1/fairness", headers=one.auth).json
    [measure] = told["measures"]
    assert (measure["rule"], measure["status"], measure["automatic"]) == ("same_steps", "held", True)
    assert "6" in measure["told"]
    assert [each["value"] for each in measure["data"]] == list(STEPS), "the data used, and nobody else's"
    assert str(other.holder_id) not in str(told)
    with pytest.raises(RedeemingHeld):
        spend(one)
    assert measures(stranger.holder_id) == []
    assert look_for_signals() == 0, "once a day"
    with days_later(7):
        assert status(one) == "over", "nobody looked in time"
    assert_covered()


def test_a_run_of_days_is_asked_for_and_not_five_days_here_and_there(app: Flask) -> None:
    one, other = person(app), person(app)
    walk(one.holder_id, 8001, 5000, 8002, 5001, 8003, 5002, 8004, 5003, 8005, 5004)
    walk(other.holder_id, 8001, 6000, 8002, 6001, 8003, 6002, 8004, 6003, 8005, 6004)
    assert look_for_signals() == 0


def test_signals_of_journeys_numbers_users_and_shops_each_open_an_inquiry(app: Flask) -> None:
    one, other, third = person(app), person(app), person(app)
    for each in (one, other):
        for number in range(TRIPS):
            with transaction():
                footprint.record_action(each.holder_id, "metro", morning(number + 1), 3_000)
    walk(third.holder_id, 8000, 8000, 8000, 8000)
    same_wechat_user(one.holder_id, third.holder_id)
    with_points(third.holder_id, 600)
    shop = member_of_a_shop(third.holder_id)
    with transaction():
        spending.reserve(third.holder_id, 600, "coupon", shop)
    assert look_for_signals() == 4
    rules = [{each.inquiry.rule for each in measures(who.holder_id)} for who in (one, other, third)]
    assert rules == [{"same_person"}, set(), {"same_person"}], "only what leaves no doubt holds by itself"
    assert fairness_figures.count_waiting() == 2 + 1 + 2 + 1
    with transaction():
        found = db.session.execute(text("SELECT rule, found FROM fairness_inquiry ORDER BY rule")).all()
    assert [tuple(row) for row in found] == [
        ("own_shop", 600),
        ("repeated_steps", 4),
        ("same_journeys", TRIPS),
        ("same_person", 2),
    ]


def test_taking_back_needs_two_and_waits_for_the_time_to_appeal(
    app: Flask, desk: tuple[int, int, int]
) -> None:
    lin, chen, _ = desk
    one, other = twins(app)
    before = balances(other.holder_id)
    assert before.pending + before.active > 0
    judge(lin, one, "nothing")
    code = judge(lin, other, "take_back")
    assert spend_is_free(one)
    with pytest.raises(InquiryDecided):
        judge(chen, other, "nothing")
    with pytest.raises(AnotherOperatorNeeded):
        confirm(lin, code)
    confirm(chen, code)
    assert party(other.holder_id).inquiry.closed_at is not None
    with days_later(13):
        assert balances(other.holder_id).taken_back == 0, "nothing has moved yet"
        with pytest.raises(RedeemingHeld):
            spend(other)
    with days_later(14):
        [taken, automatic] = measures(other.holder_id)
        assert (taken.status, automatic.status) == ("taken", "decided")
        announcements.deliver()
        assert taken.row.points_taken == balances(other.holder_id).taken_back == before.earned
        assert books.get_balance(other.holder_id, chart.REDUCTIONS) == 0, "one act, one account"
        assert keep_limits() == 0
    assert balances(one.holder_id).taken_back == 0
    assert books.get_balance(one.holder_id, chart.REDUCTIONS) > 0
    assert_covered()


def spend_is_free(someone: Person) -> bool:
    """Whether nothing holds somebody's redeeming."""
    with transaction():
        fairness.require_free(someone.holder_id)
    return True


def test_an_appeal_keeps_points_where_they_are_and_is_answered_by_a_third(
    app: Flask, client: FlaskClient, desk: tuple[int, int, int]
) -> None:
    lin, chen, wu = desk
    _, other = twins(app)
    code = judge(lin, other, "take_back")
    confirm(chen, code)
    assert say(client, person(app), f"measures/{code}") == 404
    assert say(client, other, f"measures/{code}", "x" * 1001) == 422
    assert say(client, other, f"measures/{code}") == 201
    assert say(client, other, f"measures/{code}") == 201, "the same words change nothing"
    assert say(client, other, f"measures/{code}", "再说一遍") == 409
    appeal = measures(other.holder_id)[0].appeal
    assert appeal is not None
    with clock.frozen(clock.now() + timedelta(days=14, hours=1)):
        keep_limits()
        assert status(other) == "taking", "it waits for the answer"
        for involved in (lin, chen):
            with pytest.raises(AnotherOperatorNeeded):
                answer(involved, appeal.code, granted=True)
        answer(wu, appeal.code, granted=True)
        with pytest.raises(AppealAnswered):
            answer(wu, appeal.code, granted=False)
        keep_limits()
    assert status(other) == "appeal"
    assert balances(other.holder_id).taken_back == 0
    assert_covered()


def test_what_nobody_answers_or_decides_in_time_ends_in_the_holders_favour(
    app: Flask, client: FlaskClient, desk: tuple[int, int, int]
) -> None:
    one, other = twins(app)
    code = judge(desk[0], other, "hold")
    assert say(client, other, f"measures/{code}") == 201
    proposal = judge(desk[0], one, "take_back")
    with days_later(7):
        assert status(one) == "declined", "nobody agreed"
        with pytest.raises(InquiryDecided):
            confirm(desk[1], proposal)
        assert party(one.holder_id).waits, "and it can be decided again"
    with days_later(15):
        assert status(other) == "appeal"
        appeal = measures(other.holder_id)[0].appeal
        assert appeal is not None
        assert (appeal.granted, appeal.answered_by) == (True, None)
    with days_later(31):
        assert party(one.holder_id).inquiry.closed_at is not None
    with days_later(31 + 181):
        [measure, _] = measures(other.holder_id)
        assert measure.facts is None, "the data used is erased"
        assert measure.appeal is not None
        assert measure.appeal.words is None
    assert_covered()


def test_what_was_proposed_before_its_inquiry_closed_for_want_of_time_can_be_agreed_with(
    app: Flask, desk: tuple[int, int, int]
) -> None:
    one, other = twins(app)
    judge(desk[0], one, "nothing")
    with later(29):
        code = judge(desk[0], other, "take_back")
    with days_later(31):
        closed_at = party(other.holder_id).inquiry.closed_at
        assert closed_at is not None
    with later(32):
        confirm(desk[1], code)
        assert (status(other), party(other.holder_id).inquiry.closed_at) == ("taking", closed_at)


def test_whoever_did_nothing_wrong_is_left_in_peace_and_others_are_not(
    app: Flask, desk: tuple[int, int, int]
) -> None:
    one, other = twins(app)
    judge(desk[0], one, "nothing")
    judge(desk[0], other, "nothing")
    with later(20):
        for each in (one, other):
            walk(each.holder_id, *[steps + 7 for steps in STEPS], seed=1)
        assert look_for_signals() == 0
        copied = person(app)
        walk(copied.holder_id, *[steps + 7 for steps in STEPS])
        with transaction():
            assert look_once("same_steps", again=True) == 1
        assert [len(measures(each.holder_id)) for each in (one, other, copied)] == [2, 2, 1]
    with later(120):
        for each in (one, other):
            walk(each.holder_id, *[steps + 9 for steps in STEPS], seed=2)
        assert look_for_signals() == 1


def test_what_rests_on_no_acts_can_be_held_and_not_taken_back(app: Flask, desk: tuple[int, int, int]) -> None:
    one, other = person(app), person(app)
    same_wechat_user(one.holder_id, other.holder_id)
    assert look_for_signals() == 1
    with pytest.raises(NothingToTakeBack):
        judge(desk[0], one, "take_back")
    code = judge(desk[0], one, "hold")
    with transaction():
        fairness.lift(desk[1], code)
    assert spend_is_free(one)


def test_an_act_that_earned_nothing_is_explained_and_thanked_once_on_appeal(
    app: Flask, client: FlaskClient, desk: tuple[int, int, int]
) -> None:
    lin, chen, _ = desk
    rider = person(app)
    with transaction():
        ride = footprint.record_action(rider.holder_id, "metro", morning(1), 9_000).action
    announcements.deliver()
    [unthanked] = client.get("/v1/fairness", headers=rider.auth).json["unthanked"]
    assert (unthanked["action"], unthanked["reason"]) == (ride.code, "no_programme")
    assert say(client, person(app), f"acts/{ride.code}") == 404
    assert say(client, rider, f"acts/{ride.code}") == 201
    [appeal] = client.get("/v1/fairness", headers=rider.auth).json["appeals"]
    with pytest.raises(ProgrammeDoesNotThank):
        answer(chen, appeal["code"], granted=True)
    dear = programmes.list_programmes()
    assert dear == []
    paying = sponsor(1_000, 10)
    [programme] = programmes.list_programmes()
    with transaction():
        fairness_appeals.propose(lin, appeal["code"], programme.code)
    sponsor(1_000, 10, region="35")
    [far] = [each.code for each in programmes.list_programmes() if each.region]
    with pytest.raises(ProgrammeDoesNotThank), transaction():
        fairness_appeals.propose(lin, appeal["code"], far)
    with pytest.raises(AnotherOperatorNeeded):
        answer(lin, appeal["code"], granted=True)
    with pytest.raises(ProposalChanged):
        answer(chen, appeal["code"], granted=True, programme=far)
    answer(chen, appeal["code"], granted=True, programme=programme.code)
    assert balances(rider.holder_id).active == ride.avoided_g // 10
    assert programmes.standing(paying).outstanding == ride.avoided_g // 10
    assert say(client, rider, f"acts/{ride.code}", "还要") == 409
    with transaction():
        footprint.withdraw_action(rider.holder_id, ride.code)
    announcements.deliver()
    assert balances(rider.holder_id).active == 0, "what thanks for an act goes back with it"
    assert programmes.standing(paying).outstanding == 0
    assert_covered()


def test_who_holds_waits_for_what_is_being_redeemed_and_nothing_comes_between(
    app: Flask, desk: tuple[int, int, int]
) -> None:
    one, _ = twins(app)
    judge(desk[0], one, "nothing")
    with_points(one.holder_id, 100)
    same_wechat_user(one.holder_id, person(app).holder_id)
    with transaction():
        db.session.execute(text("DELETE FROM fairness_look WHERE rule = 'same_person'"))
    payee = giver()

    def look() -> int:
        with app.app_context():
            return look_for_signals()

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            spending.reserve(one.holder_id, 10, "village", payee)
            looking = pool.submit(look)
            with pytest.raises(TimeoutError):
                looking.result(0.4)
        assert looking.result(5) == 1
    with pytest.raises(RedeemingHeld):
        spend(one)
    assert_covered()


def test_a_hundred_decide_at_once_and_one_has_decided(app: Flask, desk: tuple[int, int, int]) -> None:
    one, _ = twins(app)

    def decide(number: int) -> bool:
        with app.app_context():
            try:
                judge(desk[number % 3], one, ("nothing", "hold", "take_back")[number % 3])
            except InquiryDecided:
                return False
            return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(decide, range(40))) == 1
    assert sum(not each.automatic for each in measures(one.holder_id)) == 1


def test_the_database_itself_refuses_a_lone_hand(app: Flask, desk: tuple[int, int, int]) -> None:
    _, other = twins(app)
    code = judge(desk[0], other, "take_back")
    for change in (
        f"confirmed_by = {desk[0]}, confirmed_at = now()",
        "ended_why = 'taken', ended_at = now(), points_taken = 1",
        "kind = 'hold'",
        "reason = 'another'",
    ):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(
                text(f"UPDATE fairness_measure SET {change} WHERE code = :code"), {"code": code}
            )
        db.session.rollback()
