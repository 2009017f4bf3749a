"""Periods, crowds and tables, without a database."""

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.tables import csv_text
from app.registry.rules.regions import LEVELS
from app.statements.rules import LINES
from app.statements.rules.crowds import (
    DIGITS,
    LEAST_PEOPLE,
    ROUNDED_TO_G,
    UNCERTAIN_PERCENT,
    Crowd,
    digest_of,
    publishable,
    published_g,
    wider,
)
from app.statements.rules.periods import FIRST, LIFE, read_period

TODAY = date(2026, 11, 25)
sizes = st.lists(st.integers(1, 10**9), min_size=0, max_size=40)


def crowd(grams: list[int]) -> Crowd:
    largest = [*sorted(map(abs, grams), reverse=True), 0, 0]
    return Crowd(len(grams), sum(grams), sum(map(abs, grams)), largest[0], largest[1])


@given(sizes, st.integers(0, 30))
def test_a_crowd_is_published_only_with_its_people_and_nobody_who_stands_out(
    grams: list[int], least: int
) -> None:
    if publishable(crowd(grams), least):
        assert len(grams) >= max(least, LEAST_PEOPLE)
        rest = sum(sorted(grams)[:-2])
        assert 100 * rest >= UNCERTAIN_PERCENT * max(grams)


@given(sizes, sizes)
def test_two_safe_batches_of_other_people_are_safe_together(ours: list[int], theirs: list[int]) -> None:
    if publishable(crowd(ours), 5) and publishable(crowd(theirs), 5):
        assert publishable(crowd(ours + theirs), 5)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=5, max_size=30))
def test_two_safe_batches_of_the_same_people_are_safe_together(days: list[tuple[int, int]]) -> None:
    first, second = ([each[day] for each in days if each[day]] for day in (0, 1))
    if publishable(crowd(first), 5) and publishable(crowd(second), 5):
        assert publishable(crowd([sum(each) for each in days if sum(each)]), 5)


@given(st.sampled_from(LINES), st.integers(-(10**12), 10**12))
def test_published_grams_favour_nobody_who_counts_them(line: str, grams: int) -> None:
    shown, size = published_g(line, grams), ROUNDED_TO_G[line]
    assert shown % size == 0
    assert 0 <= (shown - grams if line == "emitted" else grams - shown) < size


def test_levels_widen_from_the_village_to_all_regions() -> None:
    path = [12]
    while path[-1]:
        path.append(wider(path[-1]))
    assert path == [*DIGITS] == [*sorted(LEVELS, reverse=True), 0]


def test_a_days_digest_holds_every_release_and_the_day_before() -> None:
    releases = [("35", "avoided", 1000), ("3507", "offset", 10_000)]
    digests = {
        digest_of(releases, ""),
        digest_of(releases, "x"),
        digest_of(releases[::-1], ""),
        digest_of([("35", "avoided", 2000), releases[1]], ""),
        digest_of(releases[:1], ""),
    }
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("written", "first", "last", "unit", "parts"),
    [
        ("2026-11-25", date(2026, 11, 25), date(2026, 11, 25), None, 1),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "day", 29),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30), "day", 30),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "month", 12),
        ("life", FIRST, date(2026, 12, 31), "year", 12),
    ],
)
def test_periods_are_read_from_their_addresses(
    written: str, first: date, last: date, unit: str | None, parts: int
) -> None:
    period = read_period(written, TODAY)
    assert period is not None
    assert (period.first, period.last, period.unit, len(period.starts())) == (first, last, unit, parts)


@pytest.mark.parametrize(
    "written",
    ["", "2027", "2026-12", "2026-11-26", "2026-13", "2026-02-30", "2014", "26", "２０２６", "2026-1", "l"],
)
def test_what_is_no_period_or_not_here_yet_is_none(written: str) -> None:
    assert read_period(written, TODAY) is None


@given(st.dates(FIRST, TODAY), st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y"]))
def test_neighbours_touch_and_lead_back(day: date, form: str) -> None:
    period = read_period(day.strftime(form), TODAY)
    assert period is not None
    assert period.first <= day <= period.last
    before = period.neighbour(-1)
    if before:
        earlier = read_period(before, TODAY)
        assert earlier is not None
        assert earlier.last + timedelta(days=1) == period.first
        assert earlier.neighbour(1) == period.address
    wider = read_period(period.wider, TODAY)
    assert wider is not None
    assert wider.first <= period.first
    assert (wider.kind == LIFE) == (period.kind == "year")
    for starts in period.starts():
        if starts <= TODAY and period.unit:
            part = read_period(period.part(starts), TODAY)
            assert part is not None
            assert part.first == starts


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_no_cell_of_a_table_is_a_formula_and_every_cell_comes_back(cells: list[str]) -> None:
    row = next(csv.reader(io.StringIO(csv_text([cells]), newline="")), [""])
    for told, cell in zip(row, cells, strict=True):
        assert told in (cell, f"'{cell}")
        assert not told.strip(" \u00a0\u3000")[:1] or told.strip(" \u00a0\u3000")[0] not in "=+-@＝＋－＠"


def test_numbers_stay_numbers() -> None:
    assert csv_text([[-5, "-5", None]]) == "-5,'-5,\r\n"
