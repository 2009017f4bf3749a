"""An organiser hears of the day by which an event has to be neutral: once before it, and once after."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from organising import FOREST, Organiser, day

from app.accounts.queries.notices import list_notices
from app.causes.jobs.events import remind_organisers
from app.causes.services import event_reminders
from app.cli.processes import CHORES
from app.kit import clock
from app.kit.messages import t


@pytest.fixture
def organiser(app: Flask) -> Organiser:
    return Organiser(app)


def deadline_of(event: Any) -> date:
    return date.fromisoformat(event["deadline"]["on"])


def go_to(on: date, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + (on - clock.business_day())
    monkeypatch.setattr(clock, "now", lambda: later)


def test_an_organiser_is_told_once_before_the_deadline_and_once_after_it(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = deadline_of(organiser.register())
    for days, told in ((-31, 0), (-30, 1), (-1, 0), (0, 0), (1, 1), (2, 0)):
        go_to(last + timedelta(days=days), monkeypatch)
        assert (remind_organisers(), remind_organisers()) == (told, 0), days
    said = [t(each.message, "en", **each.details) for each in list_notices(organiser.who.holder_id, 5)]
    assert said == [
        f"“第一次论坛” had to be neutral by {last} and is not; it still can be.",
        f"“第一次论坛” has to be neutral by {last}, and is not yet.",
    ]
    assert remind_organisers in [chore.do for chore in CHORES]


def test_nobody_is_told_of_an_event_that_is_neutral_or_does_not_take_place(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    neutral = organiser.estimated(1000)
    organiser.buy(neutral, 3050)
    assert organiser.final(neutral, 1000)["status"] == "neutral"
    off = organiser.register()
    organiser.done("POST", f"events/{off['code']}/call-off")
    for days in (-10, 10):
        go_to(deadline_of(off) + timedelta(days=days), monkeypatch)
        assert remind_organisers() == 0, days


def test_a_planted_forest_has_a_deadline_of_its_own(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = organiser.estimated(1000)
    by_units = deadline_of(event)
    by_forest = deadline_of(organiser.done("PUT", f"events/{event['code']}/forest", FOREST))
    go_to(by_units, monkeypatch)
    assert remind_organisers() == 0
    go_to(by_forest, monkeypatch)
    assert remind_organisers() == 1


def test_a_new_deadline_is_told_of_anew_and_one_long_over_never(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    organiser.register(starts_on="2016-05-30", ends_on="2016-05-31")
    event = organiser.register(begins=-330)
    assert remind_organisers() == 0
    moved = {"starts_on": day(-350), "ends_on": day(-345), "onsite_heads": 1, "online_heads": 0}
    path = f"inventories/{event['inventory']}/estimate"
    organiser.done("PUT", path, {**moved, "excluded": {}})
    assert remind_organisers() == 1
    organiser.done("PUT", path, {**moved, "ends_on": day(-344), "excluded": {}})
    assert (remind_organisers(), remind_organisers()) == (1, 0)


def test_every_event_is_looked_through_some_at_a_time(
    organiser: Organiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reminders, "AT_ONCE", 2)
    for _ in range(5):
        organiser.register(begins=-360)
    assert remind_organisers() == 5
