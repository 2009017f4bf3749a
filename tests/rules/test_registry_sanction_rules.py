"""Regions' codes and sanctions' steps, by themselves."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.rules import regions
from app.registry.rules.sanctions import (
    FREE,
    HALTED,
    LIMITED,
    NEXT,
    STANDING,
    WAITING,
    SanctionTerms,
    restraint,
    terms_fault,
)

DIGITS = st.sampled_from(regions.DIGITS)
TODAY = date(2026, 11, 26)


@st.composite
def codes(draw: st.DrawFn) -> str:
    """A code of any level, none of whose parts is zero."""
    parts = {2: st.integers(11, 82), 4: st.integers(1, 99), 6: st.integers(1, 99)}
    widths, digits = {2: 2, 4: 2, 6: 2, 9: 3, 12: 3}, draw(DIGITS)
    return "".join(
        str(draw(parts.get(level, st.integers(1, 899)))).zfill(widths[level])
        for level in regions.DIGITS
        if level <= digits
    )


@given(codes())
def test_a_region_lies_in_what_its_code_begins_with(code: str) -> None:
    path = regions.path_of(code)
    assert regions.is_code(code)
    assert all(code.startswith(each) and regions.is_code(each) for each in path)
    assert regions.parent_of(code) == (path[-1] if path else None)
    assert len(path) == [*regions.LEVELS.values()].index(regions.level_of(code))


@given(codes())
def test_zeros_that_fill_a_code_up_change_nothing(code: str) -> None:
    assert regions.unpadded(code.ljust(12, "0")) == code
    if len(code) <= 6:
        assert regions.unpadded(code.ljust(6, "0")) == code


@given(st.lists(codes(), min_size=1, max_size=20, unique=True))
def test_a_table_is_read_in_any_order_parents_first(wanted: list[str]) -> None:
    every = {each for code in wanted for each in (*regions.path_of(code), code)}
    rows = regions.read_table(["code,name_zh", *(f"{code},名" for code in sorted(every, reverse=True))], ())
    read = [row.code for row in rows]
    assert sorted(read) == sorted(every)
    assert [len(code) for code in read] == sorted(len(code) for code in read)


@given(st.text(max_size=15))
def test_whatever_is_written_is_a_code_or_is_not(written: str) -> None:
    assert not regions.is_code(written) or (written.isascii() and written.isdigit())


@given(st.text(max_size=300))
def test_any_text_is_a_table_or_is_refused(written: str) -> None:
    with suppress(regions.TableFaulty):
        assert regions.read_table(written.splitlines(keepends=True), ())


@pytest.mark.parametrize(
    ("kind", "daily_kg", "meant"),
    [("suspend", None, HALTED), ("remove", None, HALTED), ("limit", 5, LIMITED), ("limit", None, FREE)],
)
def test_a_sanction_means_one_thing_for_a_lot(kind: str, daily_kg: int | None, meant: int) -> None:
    assert restraint(kind, daily_kg) == meant


def test_what_waits_can_be_agreed_to_and_declined_and_ends_in_force_or_not() -> None:
    for step, (agreed, declined) in WAITING.items():
        assert {agreed, declined} <= NEXT[step]
        assert (agreed in STANDING) != (declined in STANDING)


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        (SanctionTerms("suspend", "other", "x"), None),
        (SanctionTerms("suspend", "other", "x", last_day=TODAY), None),
        (SanctionTerms("limit", "other", "x", True), None),
        (SanctionTerms("limit", "other", "x", daily_kg=1), None),
        (SanctionTerms("limit", "other", "x"), "daily_kg"),
        (SanctionTerms("remove", "other", "x", daily_kg=1), "daily_kg"),
        (SanctionTerms("remove", "other", "x", last_day=TODAY), "last_day"),
        (SanctionTerms("suspend", "envy", "x"), "ground"),
    ],
)
def test_terms_say_neither_nothing_nor_too_much(terms: SanctionTerms, fault: str | None) -> None:
    assert terms_fault(terms, TODAY) == fault
