"""The pages of challenges: called and entered by forms, seen by anyone with the link; the operators' desk."""

import pytest
from contest import Contest, ride
from flask import Flask
from rewarding import sponsor
from sqlalchemy import text
from visiting import Visitor, at_console

import simulator
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.queries import challenges as known
from app.rewards.queries.challenge_rewards import find_reward
from app.rewards.services import groups


@pytest.fixture
def contest(app: Flask) -> Contest:
    return Contest(app)


def test_a_challenge_is_called_entered_and_withdrawn_from_by_its_pages(
    app: Flask, phone: simulator.Running, contest: Contest
) -> None:
    owner = Visitor(app).sign_in().speak("zh")
    with transaction():
        mine = groups.make_group(owner.holder_id, "office", "三楼", listed=False)
        second = groups.make_group(owner.holder_id, "office", "四楼", listed=False)
    told = {
        "form_key": "k",
        "group": mine.code,
        "theme": "commute",
        "measure": "active_days",
        "first_day": str(contest.first_day),
        "last_day": str(contest.last_day),
        "listed": "yes",
    }
    faulty = owner.post("/challenges", told | {"form_key": "f", "first_day": "2020-01-01"})
    assert faulty.status_code == 422
    assert "最早明天开始" in faulty.text
    addresses = {owner.post("/challenges", told).location for _ in range(2)}
    assert len(addresses) == 1
    [challenge] = known.list_listed(5)
    page = f"/challenges/{challenge.code}"
    stranger = Visitor(app)
    for language, name in (("zh", "绿色通勤"), ("en", "Green commute")):
        shown = stranger.speak(language).get(page)
        assert (shown.status_code, name in shown.text) == (200, True)
        assert name in stranger.get("/challenges").text
    assert "三楼" not in stranger.get(page).text, "nobody has judged the name yet"
    assert owner.post(f"{page}/groups", {"group": second.code}).status_code == 303
    assert len(known.get_challenge(challenge.code).entries) == 2
    assert owner.post(f"{page}/groups/withdraw", {"group": second.code}).status_code == 303
    assert owner.post(f"{page}/groups", {}).status_code == 422
    assert stranger.post(f"{page}/call-off").status_code == 401
    assert owner.post(f"{page}/call-off").status_code == 303
    assert owner.post(f"{page}/step-out").status_code == 409
    assert stranger.get("/challenges/NONE").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_standings_show_groups_and_never_what_one_person_did(
    app: Flask, contest: Contest, language: str
) -> None:
    first, second = contest.group(3), contest.group(4)
    code = contest.called(first, second, measure="total")
    with contest.day(1):
        act = ride(contest.people[first.code][0])
        ride(contest.people[first.code][1], 5_000)
    with contest.day(2):
        shown = Visitor(app).speak(language).get(f"/challenges/{code}")
    assert shown.status_code == 200
    total = known.get_challenge(code).entries[0].tally.avoided_g
    assert f"{total:,}" in shown.text
    assert f"{act.avoided_g:,}\N{NO-BREAK SPACE}g" not in shown.text
    with contest.day(11):
        assert Visitor(app).get(f"/challenges/{code}").status_code == 200


def test_operators_call_one_promise_a_reward_between_two_and_stop_it(app: Flask, contest: Contest) -> None:
    asks, approves = (at_console(app, "rewards") for _ in range(2))
    reads = at_console(app, "auditor")
    sponsor(10_000)
    programme = str(db.session.scalar(text("SELECT code FROM reward_programme")))
    told = {
        "form_key": "k",
        "theme": "all",
        "measure": "total",
        "first_day": str(contest.first_day),
        "last_day": str(contest.last_day),
    }
    assert reads.post("/console/challenges", told).status_code == 403
    assert asks.post("/console/challenges", told).status_code == 303
    [challenge] = known.list_listed(5)
    desk = f"/console/challenges/{challenge.code}"
    for language in ("zh", "en"):
        for path in ("/console/challenges", desk):
            assert {who.speak(language).get(path).status_code for who in (asks, reads)} == {200}
    reward = {"programme": programme, "points_each": "50"}
    assert asks.post(f"{desk}/reward", reward | {"points_each": "0"}).status_code == 422
    assert asks.post(f"{desk}/reward", reward).status_code == 303
    assert asks.post(f"{desk}/reward/approve").status_code == 403
    assert approves.post(f"{desk}/reward/approve").status_code == 303
    assert approves.post(f"{desk}/reward/drop").status_code == 409
    found = find_reward(challenge.id)
    assert found is not None
    assert found.approved_at is not None
    assert f"/points/programmes/{programme}" in Visitor(app).get(f"/challenges/{challenge.code}").text
    assert Visitor(app).get(f"/points/programmes/{programme}").status_code == 200
    assert asks.post(f"{desk}/stop").status_code == 303
    assert approves.get(desk).status_code == 200
    assert asks.post(f"{desk}/stop").status_code == 409
