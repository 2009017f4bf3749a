"""Groups compete: by a roster of the first day, by what stands, and the result is final."""

from datetime import timedelta

import pytest
from builders import operator, person
from contest import Contest, ride
from crowd import at_once
from flask import Flask
from rewarding import balances, sponsor
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.accounts import queries as accounts
from app.footprint import services as footprint
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.errors.challenges import RewardTooLate
from app.rewards.jobs import challenges as jobs
from app.rewards.jobs.challenges import tend_challenges
from app.rewards.queries import challenges as known
from app.rewards.queries.challenge_rewards import find_reward
from app.rewards.services import challenge_rewards, challenges, groups
from app.rewards.services.programmes import fund_sample


@pytest.fixture
def contest(app: Flask) -> Contest:
    return Contest(app)


def test_what_stands_by_evidence_on_these_days_is_compared_by_the_heads_of_the_first_day(
    contest: Contest,
) -> None:
    small, large = contest.group(3), contest.group(4)
    code = contest.called(small, large)
    (one, two, _), (three, *_) = contest.people[small.code], contest.people[large.code]
    ride(three)
    late = person(contest.app)
    with contest.day(1):
        assert {each.tally.avoided_g for each in known.get_challenge(code).entries} == {0}, "yesterday's ride"
        ride(one), ride(three, 9_000)
        ride(two, source="self")
        with transaction():
            groups.join(late.holder_id, small.join_code)
        with transaction():
            groups.leave(two.holder_id, small.code)
        ride(late, 30_000)
    with contest.day(2):
        first, second = known.get_challenge(code).entries
    assert (first.group.code, first.tally.members, first.tally.active_members, first.place) == (
        small.code,
        3,
        1,
        1,
    )
    assert second.tally.active_days == 1
    assert first.score == first.tally.avoided_g // 3
    assert second.score == second.tally.avoided_g // 4
    shown = contest.read(code)
    assert [(entry["place"], entry["active_members"]) for entry in shown["entries"]] == [(1, None), (2, None)]
    told = accounts.notices.list_notices(two.holder_id, 5)
    assert [notice.message for notice in told] == ["rewards.notice_challenge_started"]


def test_the_result_waits_for_late_acts_and_is_then_final(contest: Contest) -> None:
    quick, slow = contest.group(3), contest.group(3)
    code = contest.called(quick, slow, measure="total")
    (one, *_), (two, *_) = contest.people[quick.code], contest.people[slow.code]
    with contest.day(7):
        act = ride(one)
        ride(two, 5_000)
    with contest.day(9):
        settling = known.get_challenge(code)
        assert (settling.status, settling.entries[0].group.code) == ("settling", quick.code)
        with transaction():
            footprint.withdraw_action(one.holder_id, act.code)
    with contest.day(11):
        decided = known.get_challenge(code)
        assert (decided.status, decided.entries[0].group.code) == ("decided", slow.code)
        for refused in (
            lambda: challenges.step_out(two.holder_id, code),
            lambda: challenges.stop(0, code),
            lambda: challenges.enter(one.holder_id, code, quick.code),
        ):
            with pytest.raises(Problem) as problem:
                refused()
            assert problem.value.code == "challenge_over"
        assert tend_challenges() == 0
    told = accounts.notices.list_notices(two.holder_id, 1)[0]
    assert (told.message, told.details) == (
        "rewards.notice_challenge_decided",
        {"place": 1, "groups": 2},
    )
    assert "第 1 名" in t(told.message, "zh", **told.details)
    with pytest.raises(DBAPIError):
        db.session.execute(text("UPDATE challenge_group SET score = score + 1"))
    assert_books_prove()


def test_one_person_counts_for_the_group_joined_first_and_nobody_who_stays_away(contest: Contest) -> None:
    both, away = person(contest.app), person(contest.app)
    one, two = contest.group(3, "office", both), contest.group(3, "office", both, away)
    with transaction():
        db.session.execute(
            text("INSERT INTO board_wish (holder_id, away, changed_at) VALUES (:holder, true, now())"),
            {"holder": away.holder_id},
        )
    code = contest.called(one, two)
    with contest.day(1):
        heads = {each.group.code: each.tally.members for each in known.get_challenge(code).entries}
        assert heads == {one.code: 4, two.code: 3}
        ride(both)
        with transaction():
            challenges.step_out(both.holder_id, code)
        tend_challenges()
        stepped_out = known.get_challenge(code).entries
        assert {each.tally.avoided_g for each in stepped_out} == {0}
        assert {each.tally.members for each in stepped_out} == {3, 4}
        with transaction(), pytest.raises(Problem) as unknown:
            challenges.step_out(away.holder_id, code)
        assert unknown.value.code == "not_in_challenge"


def test_equals_share_a_place_and_a_theme_counts_its_scenes_alone(contest: Contest) -> None:
    those = [contest.group(3) for _ in range(3)]
    by_days = contest.called(*those, measure="active_days")
    on_foot = contest.called(*those, theme="walking")
    first, second, _ = (contest.owner(each) for each in those)
    with contest.day(1):
        ride(first, 20_000), ride(second, 2_000)
        ride(second, 2_000, minutes=300)
    with contest.day(2):
        stands = {each.group.code: (each.score, each.place) for each in known.get_challenge(by_days).entries}
        assert [stands[each.code] for each in those] == [(33, 1), (33, 1), (0, 3)]
        assert {each.place for each in known.get_challenge(on_foot).entries} == {1}


def test_too_small_groups_are_left_out_and_one_alone_does_not_compete(contest: Contest) -> None:
    large, other, small = contest.group(3), contest.group(3), contest.group(2)
    three = contest.called(large, other, small)
    alone = contest.called(large, small)
    with contest.day(1):
        assert {each.group.code for each in known.get_challenge(three).entries} == {large.code, other.code}
        called_off = known.get_challenge(alone)
    assert (called_off.status, called_off.called_off_reason) == ("called_off", "too_few")
    messages = {each.message for each in accounts.notices.list_notices(contest.owner(small).holder_id, 5)}
    assert messages == {"rewards.notice_challenge_left_out", "rewards.notice_challenge_called_off"}


def test_groups_come_and_go_by_whoever_looks_after_them_until_the_first_day(contest: Contest) -> None:
    office, school = contest.group(3), contest.group(3, "school")
    code = contest.called(office, group_kind="office")
    assert contest.post(contest.owner(school), f"/{code}/groups", group=school.code).json["code"] == (
        "group_unfit"
    )
    other = contest.group(3)
    member = contest.people[other.code][1]
    assert contest.post(member, f"/{code}/groups", group=other.code).json["code"] == "owner_only"
    stranger = contest.post(contest.owner(office), f"/{code}/groups", group=other.code)
    assert stranger.json["code"] == "group_unknown"
    for _ in range(2):
        entered = contest.post(contest.owner(other), f"/{code}/groups", group=other.code)
        assert len(entered.json["entries"]) == 2
    path = f"/v1/challenges/{code}/groups/{other.code}"
    gone = contest.client.delete(path, headers=contest.owner(other).auth)
    assert len(gone.json["entries"]) == 1
    assert contest.client.delete(path, headers=contest.owner(other).auth).status_code == 404
    assert contest.post(contest.owner(other), f"/{code}/call-off").json["code"] == "challenge_organiser_only"
    assert contest.client.get("/v1/challenges").json["items"] == [], "it is found by its link alone"
    mine = contest.client.get("/v1/me/challenges", headers=contest.owner(office).auth).json["items"]
    assert [each["code"] for each in mine] == [code]
    with contest.day(1), pytest.raises(Problem) as late, transaction():
        challenges.enter(contest.owner(other).holder_id, code, other.code)
    assert late.value.code == "challenge_over", "one group alone was no contest"


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"theme": "sleeping"}, "#/theme"),
        ({"measure": "steps"}, "#/measure"),
        ({"first_day": "2020-01-01"}, "#/first_day"),
        ({"first_day": "2099-01-01", "last_day": "2099-01-02"}, "#/first_day"),
        ({"last_day": "2020-01-01"}, "#/last_day"),
        ({"group_kind": "class"}, "group_unfit"),
    ],
)
def test_a_challenge_that_cannot_be_is_refused(contest: Contest, wish: dict[str, str], refusal: str) -> None:
    answer = contest.call(contest.group(1), **wish)
    pointers = [each["pointer"] for each in answer.json.get("errors", ())]
    assert refusal in (answer.json["code"], *pointers), answer.text
    assert db.session.scalar(text("SELECT count(*) FROM challenge")) == 0


def test_of_thirty_called_at_once_as_many_stand_as_one_may_have(app: Flask, contest: Contest) -> None:
    group = contest.group(3)
    wish = challenges.NewChallenge("all", challenges.Measure.TOTAL, contest.first_day, contest.last_day)

    def call() -> str:
        try:
            challenges.call_challenge(contest.owner(group).holder_id, group.code, wish)
        except Problem as problem:
            return problem.code
        return "called"

    assert sorted(at_once(app, [call] * 30, 30)) == ["called"] * 5 + ["too_many_challenges"] * 25
    owner = contest.owner(group)
    for each in contest.client.get("/v1/me/challenges", headers=owner.auth).json["items"]:
        assert contest.post(owner, f"/{each['code']}/call-off").status_code == 201
    assert contest.call(group).status_code == 409, "calling and calling off has an end, too"


def test_what_a_sponsor_promises_goes_to_whoever_took_part_in_the_first_group(contest: Contest) -> None:
    first, second = contest.group(3), contest.group(3)
    code = contest.called(first, second)
    asks, approves = operator(contest.app, contest.client), operator(contest.app, contest.client)
    programme_id = sponsor(1_000)
    programme = str(db.session.scalar(text("SELECT code FROM reward_programme")))
    with transaction():
        challenge_rewards.ask_reward(asks, code, programme, 200)
    assert contest.read(code)["reward"] is None, "nothing is promised yet"
    refusals = []
    for who in (asks, approves, approves):
        try:
            with transaction():
                challenge_rewards.approve_reward(who, code)
        except Problem as problem:
            refusals.append(problem.code)
    assert refusals == ["reward_own", "reward_stands"]
    assert contest.read(code)["reward"]["points_each"] == 200
    one, two, idle = contest.people[first.code]
    with contest.day(3):
        ride(one), ride(two, 4_000)
    with contest.day(11):
        assert balances(one.holder_id).active == 200
        assert balances(two.holder_id).active == 200
        assert balances(idle.holder_id).active == 0
        assert tend_challenges() == 0
    reward = find_reward(known.get_challenge(code).id)
    assert reward is not None
    assert (reward.people, reward.programme_id) == (2, programme_id)
    assert_books_prove()


def test_no_programme_promises_for_a_day_on_which_it_does_not_thank(contest: Contest) -> None:
    code = contest.called(contest.group(3), contest.group(3))
    who = operator(contest.app, contest.client)
    sponsor(1_000, ends_on=contest.last_day)
    programme = str(db.session.scalar(text("SELECT code FROM reward_programme")))
    with pytest.raises(RewardTooLate), transaction():
        challenge_rewards.ask_reward(who, code, programme, 200)


def test_promises_of_challenges_that_run_keep_no_decided_one_waiting(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_TURN", 1)
    first, second = contest.group(3), contest.group(3)
    far = contest.first_day + timedelta(days=60)
    codes = [contest.called(first, second, first_day=str(far), last_day=str(far))]
    codes.append(contest.called(first, second))
    asks, approves = operator(contest.app, contest.client), operator(contest.app, contest.client)
    sponsor(1_000)
    programme = str(db.session.scalar(text("SELECT code FROM reward_programme")))
    for code in codes:
        with transaction():
            challenge_rewards.ask_reward(asks, code, programme, 200)
        with transaction():
            challenge_rewards.approve_reward(approves, code)
    with contest.day(1):
        ride(contest.owner(first))
    with contest.day(11):
        assert balances(contest.owner(first).holder_id).active == 200


def test_a_promise_that_is_not_covered_goes_to_nobody_until_it_is_or_lapses(contest: Contest) -> None:
    first, second = contest.group(3), contest.group(3)
    codes = [contest.called(first, second) for _ in range(2)]
    asks, approves = operator(contest.app, contest.client), operator(contest.app, contest.client)
    programme_id = sponsor(600)
    programme = str(db.session.scalar(text("SELECT code FROM reward_programme")))
    for code in codes:
        with transaction():
            challenge_rewards.ask_reward(asks, code, programme, 200)
        with transaction():
            challenge_rewards.approve_reward(approves, code)
    with contest.day(1):
        for each in contest.people[first.code]:
            ride(each)
    with contest.day(11):
        rewards = [find_reward(known.get_challenge(code).id) for code in codes]
        assert [each is not None and each.granted_at is not None for each in rewards] == [True, False]
        with transaction():
            fund_sample(programme_id, 600)
        tend_challenges()
        assert {balances(each.holder_id).active for each in contest.people[first.code]} == {400}
    assert_books_prove()


def test_an_operator_calls_one_for_all_and_stops_what_should_not_be(contest: Contest) -> None:
    who = operator(contest.app, contest.client)
    wish = challenges.NewChallenge(
        "commute",
        challenges.Measure.TOTAL,
        contest.first_day,
        contest.last_day + timedelta(days=20),
        listed=True,
    )
    with transaction():
        code = challenges.call_for_all(who, wish).code
    [listed] = contest.client.get("/v1/challenges").json["items"]
    assert (listed["code"], listed["entries"]) == (code, [])
    with transaction():
        challenges.stop(who, code)
    assert contest.read(code)["called_off_reason"] == "operator"
