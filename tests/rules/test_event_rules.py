"""What is true of events: where they stand, by when, and the file of schemes."""

import copy
import tomllib
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from app.causes.queries.schemes import FILE, schemes
from app.causes.rules.events import (
    EventStatus,
    Progress,
    SchemesRefused,
    deadline,
    due_g,
    ends_to_remind,
    event_status,
    is_neutral,
    read_schemes,
    reminder,
)


def test_an_event_stands_where_it_has_got_to() -> None:
    assert event_status(Progress()) is EventStatus.PLANNED
    assert event_status(Progress(estimated=True)) is EventStatus.ESTIMATED
    assert event_status(Progress(estimated=True, counted=True)) is EventStatus.COUNTED
    attested = Progress(estimated=True, counted=True, attested=True, was_attested=True)
    assert event_status(attested) is EventStatus.NEUTRAL
    lapsed = Progress(estimated=True, counted=True, was_attested=True)
    assert event_status(lapsed) is EventStatus.LAPSED


def test_nothing_that_is_called_off_or_not_attested_is_ever_called_neutral() -> None:
    for flags in product((False, True), repeat=5):
        progress = Progress(*flags)
        if event_status(progress) is EventStatus.NEUTRAL:
            assert progress.attested
            assert not progress.called_off


@pytest.mark.parametrize(
    ("ends_on", "months", "last"),
    [
        (date(2026, 11, 26), 12, date(2027, 11, 26)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), 72, date(2032, 1, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
    ],
)
def test_a_deadline_is_so_many_calendar_months_later(ends_on: date, months: int, last: date) -> None:
    assert deadline(ends_on, months) == last


def test_a_proven_forest_takes_off_what_it_took_up_and_no_more() -> None:
    assert [due_g(1000, proven) for proven in (0, 400, 1000, 5000)] == [1000, 600, 0, 0]


def test_neutral_is_said_of_final_figures_with_nothing_owed() -> None:
    assert is_neutral(True, 0)
    assert not is_neutral(True, 1)
    assert not is_neutral(False, 0)


def test_every_region_has_a_scheme_and_the_nearest_comes_first() -> None:
    assert schemes().scheme_for("CN-FJ").key == "cn-fj-trial"
    assert schemes().scheme_for("CN-GD").key == "cn-gd-2026"
    assert schemes().scheme_for("CN-XJ").key == "cn-2019-19"


BROKEN: dict[str, Any] = {
    "no source": lambda told: told["scheme"][0].update(url=""),
    "no mark": lambda told: told["unit"][0].pop("verified"),
    "mark that is no mark": lambda told: told["scheme"][1].update(verified="yes"),
    "two for all": lambda told: told["scheme"][0].update(regions=[]),
    "none for all": lambda told: told["scheme"].pop(),
    "no deadline": lambda told: told["scheme"][0].pop("deadline"),
    "no forest": lambda told: told.pop("forest"),
    "no kinds": lambda told: told.pop("kind"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_of_schemes_that_would_mislead_is_refused(name: str) -> None:
    told = copy.deepcopy(tomllib.loads(FILE.read_text("utf-8")))
    read_schemes(told)
    BROKEN[name](told)
    with pytest.raises(SchemesRefused):
        read_schemes(told)


def test_every_event_with_a_near_deadline_ended_within_the_days_that_are_looked_through() -> None:
    for offset in range(366 * 4 + 1):
        ends_on = date(2024, 1, 1) + timedelta(days=offset)
        for months in (12, 13, 72):
            last = deadline(ends_on, months)
            for days in (-30, 0, 30):
                today = last + timedelta(days=days)
                assert reminder(last, today) is not None
                first, end = ends_to_remind(today, months)
                assert first <= ends_on <= end
    assert reminder(date(2026, 5, 31), date(2026, 7, 1)) is None
