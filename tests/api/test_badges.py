"""Levels, badges, streaks and years: counted from acts, given once, taken back fairly, shown by wish."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from builders import Person, forest, person
from crowd import at_once
from crowding import at
from flask import Flask
from flask.testing import FlaskClient
from rewarding import giver, sponsor, with_points
from shop import wait_for_a_lock
from sqlalchemy import text
from stranger import sell

from app.accounts.queries import notices
from app.footprint import services as footprint
from app.footprint.queries import Action
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.jobs import badges as jobs
from app.rewards.jobs import recorded
from app.rewards.queries import badges as known
from app.rewards.queries import prove, years
from app.rewards.rules.tariffs import Act
from app.rewards.services import badges as services
from app.rewards.services import grants, spending
from app.rewards.services import years as showing
from app.statements import queries as statements
from app.statements.rules.periods import read_period

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
TODAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def today(app: Flask) -> Any:
    """One day on which all of this happens."""
    with clock.frozen(NOON):
        with transaction():
            db.session.execute(text("UPDATE badge_watch SET until = :since"), {"since": NOON - timedelta(1)})
        yield


@pytest.fixture
def rider(app: Flask) -> Person:
    """Somebody who moves."""
    return person(app)


def ride(who: Person, days_ago: int = 1, scene: str = "metro", hour: int = 8) -> Action:
    """A ride, which nobody has heard of yet."""
    started = at(TODAY - timedelta(days=days_ago)).replace(hour=hour)
    with clock.frozen(started + timedelta(hours=5)), transaction():
        return footprint.record_action(who.holder_id, scene, started, 3000, 900).action


def withdraw(act: Action) -> None:
    """Withdraw an act; nobody has heard of it yet."""
    with transaction():
        assert footprint.withdraw_action(act.holder_id, act.code)


def hear(minutes: int = 1) -> None:
    """Let everything be heard, and everybody be looked at."""
    with clock.frozen(NOON + timedelta(minutes=minutes)):
        announcements.deliver()
        jobs.watch_others()
        jobs.give_badges()
    db.session.rollback()


def held(who: Person) -> set[str]:
    """The badges somebody holds."""
    db.session.rollback()
    return {facts.badge.code for facts in known.get_trail(who.holder_id).held}


def unproven() -> list[str]:
    """What `flask prove` finds wrong in this room."""
    db.session.rollback()
    return [proof.claim for proof in prove() if not proof.holds]


def told(who: Person) -> list[str]:
    """What somebody was told, the latest first."""
    return [each.message for each in notices.list_notices(who.holder_id, 50)]


def test_what_people_do_earns_badges_once_and_they_are_told(rider: Person) -> None:
    for days_ago in range(1, 8):
        ride(rider, days_ago)
    hear()
    assert held(rider) == {"first_day", "streak_7"}
    trail = known.get_trail(rider.holder_id)
    assert trail.streak.current == 7
    assert [facts.earned_on for facts in trail.held] == [TODAY - timedelta(1), TODAY - timedelta(7)]
    assert told(rider).count("rewards.notice_badge") == 2
    with transaction():
        services.count([])
        db.session.execute(text("UPDATE badge_standing SET stale = true"))
    hear()
    assert len(told(rider)) == 2 + told(rider).count("rewards.notice_level")


def test_a_withdrawn_act_takes_its_day_and_its_badge_back_and_doing_it_again_returns_them(
    rider: Person,
) -> None:
    act = ride(rider)
    hear()
    assert held(rider) == {"first_day"}
    withdraw(act)
    hear()
    assert held(rider) == set()
    assert told(rider)[0] == "rewards.notice_badge_withdrawn"
    assert not known.get_days(rider.holder_id).all
    again = ride(rider, hour=10)
    hear(2)
    assert held(rider) == {"first_day"}
    withdraw(again)
    hear(3)
    names = ["rewards.notice_badge_withdrawn", "rewards.notice_badge"]
    assert told(rider) == names * 2, "every time, not the first alone"


def test_a_day_stays_while_anything_else_of_it_stands(rider: Person) -> None:
    first, second, bike = ride(rider), ride(rider, hour=10), ride(rider, scene="shared_bike", hour=12)
    hear()
    withdraw(first)
    hear()
    assert sorted(known.get_days(rider.holder_id).by_scene) == ["metro", "shared_bike"]
    withdraw(second)
    hear()
    assert sorted(known.get_days(rider.holder_id).by_scene) == ["shared_bike"]
    withdraw(bike)
    hear()
    assert not known.get_days(rider.holder_id).all


def test_prove_finds_an_uncredited_day_but_waits_for_what_is_still_to_be_heard(
    rider: Person,
) -> None:
    act = ride(rider)
    hear()
    withdraw(act)
    assert unproven() == [], "its withdrawal is still to be heard of"
    hear()
    assert unproven() == []
    with transaction():
        db.session.execute(text("UPDATE active_days SET days = set_bit(days, 7, 1)"))
    assert unproven() == ["rewards.prove_days"]


def test_an_act_that_was_withdrawn_before_it_was_heard_of_counts_nothing(rider: Person) -> None:
    act = ride(rider)
    withdraw(act)
    late = Act(act.id, rider.holder_id, act.avoided_g, act.scene, act.occurred_on, act.grade)
    with transaction():
        services.uncount(rider.holder_id, act.occurred_on)
        services.count([late])
    assert not known.get_days(rider.holder_id).all


def test_a_rule_that_was_changed_takes_nothing_back(rider: Person) -> None:
    act = ride(rider)
    hear()
    with transaction():
        db.session.execute(text("ALTER TABLE badge_award DISABLE TRIGGER badge_award_stands"))
        db.session.execute(text("UPDATE badge_award SET version = '2025-1'"))
        db.session.execute(text("ALTER TABLE badge_award ENABLE TRIGGER badge_award_stands"))
    withdraw(act)
    hear()
    assert held(rider) == {"first_day"}


def test_thirty_at_once_count_every_day_and_give_every_badge_once(app: Flask, rider: Person) -> None:
    acts = [ride(rider, days_ago) for days_ago in range(1, 16)]
    heard = [Act(act.id, act.holder_id, act.avoided_g, act.scene, act.occurred_on, act.grade) for act in acts]
    work = [partial(services.count, [each]) for each in heard] + [services.give_badges] * 15
    at_once(app, work, 10)
    hear()
    assert len(known.get_days(rider.holder_id).all) == 15
    assert held(rider) == {"first_day", "streak_7"}
    assert told(rider).count("rewards.notice_badge") == 2


def test_whoever_waits_for_a_look_keeps_nobody_else_from_being_thanked(app: Flask, rider: Person) -> None:
    waiting, other = ride(rider), person(app)
    hear()
    sponsor()
    payload = {"actions": [(waiting.id, waiting.avoided_g, waiting.scene, rider.holder_id)]}

    def thank_another() -> list[Act]:
        db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        return grants.thank([Act(10**6, other.holder_id, 500, "metro", TODAY, "measured")])

    with ThreadPoolExecutor(1) as pool:
        db.session.execute(text("SELECT FROM badge_standing FOR UPDATE"))
        heard = pool.submit(at_once, app, [partial(recorded.thank, payload)], 1)
        wait_for_a_lock()
        thanked = at_once(app, [thank_another], 1)
        db.session.rollback()
        assert (heard.result(), len(thanked[0])) == ([None], 1)


def test_a_level_follows_the_books_and_spending_points_does_not_lower_it(rider: Person) -> None:
    for days_ago in range(1, 25):
        ride(rider, days_ago)
    hear()
    before = known.get_trail(rider.holder_id).standing
    assert before.level.code == "sprout"
    assert before.avoided_g >= 1000
    assert "rewards.notice_level" in told(rider)
    with_points(rider.holder_id, 500)
    village = giver()
    with transaction():
        spending.spend(spending.reserve(rider.holder_id, 500, "charity", village))
    assert known.get_trail(rider.holder_id).standing == before


def test_recorded_months_and_retired_forest_are_seen_without_an_act(app: Flask, rider: Person) -> None:
    with clock.frozen(NOON - timedelta(hours=1)):
        for month in ("2026-08", "2026-09", "2026-10"):
            with transaction():
                footprint.record_emission(rider.holder_id, month, [("electricity", 100)])
    hear()
    assert held(rider) == {"months_3"}
    sell(app, forest(1000), 10)
    buyer = db.session.scalar(text("SELECT holder_id FROM orders"))
    hear()
    assert {each.badge.code for each in known.get_trail(buyer).held} == {"first_forest"}


def test_a_day_that_was_credited_before_there_were_badges_is_counted_by_the_upgrade(rider: Person) -> None:
    for days_ago in (1, 3, 60):
        ride(rider, days_ago)
    ride(rider, 2, "shared_bike")
    hear()
    by_scene = known.get_days(rider.holder_id).by_scene
    with transaction():
        for table in ("active_days", "badge_standing", "badge_watch"):
            db.session.execute(text(f"DELETE FROM {table}"))
        db.session.execute(text(importlib.import_module("migrations.versions.0038_badges").FILL))
    assert known.get_days(rider.holder_id).by_scene == by_scene


def test_a_year_says_what_the_account_of_that_year_says(client: FlaskClient, rider: Person) -> None:
    for days_ago in (1, 2, 40):
        ride(rider, days_ago)
    ride(rider, 3, "shared_bike")
    with transaction():
        footprint.record_emission(rider.holder_id, "2026-09", [("electricity", 120)])
    hear()
    year = client.get("/v1/me/years/2026", headers=rider.auth).json
    period = read_period("2026", TODAY)
    assert period is not None
    account = statements.get_account(rider.holder_id, period)
    assert year["avoided_g"] == account.avoided.grams == sum(year["avoided_by_month"])
    assert (year["emitted_g"], year["retired_g"]) == (account.emitted.grams, account.offset.grams)
    assert {each["scene"]: each["grams"] for each in year["parts"]} == {
        part.name: part.grams for part in account.avoided.parts
    }
    assert (year["active_days"], year["recorded_months"], year["over"]) == (4, 1, False)
    assert [each["code"] for each in year["badges"]] == ["first_day"]
    for other in (2027, 2014, 99999):
        assert client.get(f"/v1/me/years/{other}", headers=rider.auth).status_code == 404
        assert client.delete(f"/v1/me/years/{other}/link", headers=rider.auth).status_code == 404


def test_a_year_is_shown_by_wish_alone_and_a_link_taken_back_never_leads_anywhere_again(
    app: Flask, rider: Person
) -> None:
    client = app.test_client()
    path = "/v1/me/years/2026/link"
    assert client.put(path, headers=rider.auth).status_code == 404, "there is nothing to show yet"
    ride(rider)
    hear()
    first = client.put(path, headers=rider.auth).json["url"]
    assert client.put(path, headers=rider.auth).json["url"] == first
    address = first.partition("/y/")[2]
    shown = client.get(f"/y/{address}")
    assert shown.status_code == 200
    assert shown.headers["X-Robots-Tag"] == "noindex"
    assert client.get(f"/y/{address}.svg").mimetype == "image/svg+xml"
    assert client.get(f"/y/{address[:-1]}x").status_code == 404
    assert client.delete(path, headers=person(app).auth).status_code == 404, "it is another's"
    assert client.delete(path, headers=rider.auth).status_code == 204
    assert client.delete(path, headers=rider.auth).status_code == 404
    second = client.put(path, headers=rider.auth).json["url"]
    assert second != first
    assert client.get(f"/y/{address}").status_code == 404
    assert client.get(f"/y/{address}.png").status_code == 404


def test_thirty_wishes_at_once_make_one_link(app: Flask, rider: Person) -> None:
    ride(rider)
    secrets = at_once(app, [partial(showing.show_year, rider.holder_id, 2026)] * 30, 15)
    assert len(set(secrets)) == 1
    assert years.find_secret(rider.holder_id, 2026) == secrets[0]
