"""What is true of items and redemptions: periods, offers, uploads, steps, how long a partner is asked."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rewards.rules.items import (
    LONGEST_CODE,
    PHONE,
    Offer,
    Period,
    Supply,
    fingerprint,
    lies_in,
    offer_of,
    period_start,
    read_codes,
)
from app.rewards.rules.redemptions import (
    ASK_AFTER,
    CONCLUDES,
    RESTS,
    Step,
    ask_again,
    may_complain,
    may_return,
    step_of,
)

TODAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (Period.EVER, None),
        (Period.YEAR, date(2026, 1, 1)),
        (Period.MONTH, date(2026, 11, 1)),
        (Period.WEEK, date(2026, 11, 23)),
        (Period.DAY, TODAY),
    ],
)
def test_a_period_is_the_calendars(period: Period, first: date | None) -> None:
    assert period_start(period, TODAY) == first


@pytest.mark.parametrize(
    ("changes", "offer"),
    [
        ({}, Offer.OPEN),
        ({"remaining": None}, Offer.OPEN),
        ({"remaining": 0}, Offer.SOLD_OUT),
        ({"published_at": None}, Offer.DRAFT),
        ({"withdrawn_at": NOW, "remaining": 0}, Offer.WITHDRAWN),
        ({"closes_on": TODAY}, Offer.OPEN),
        ({"closes_on": TODAY - timedelta(days=1)}, Offer.ENDED),
        ({"opens_on": TODAY + timedelta(days=1)}, Offer.ANNOUNCED),
    ],
)
def test_where_an_item_stands(changes: dict[str, object], offer: Offer) -> None:
    told = {"published_at": NOW, "withdrawn_at": None, "opens_on": TODAY, "closes_on": None, "remaining": 1}
    assert offer_of(**{**told, **changes}, today=TODAY) is offer  # type: ignore[arg-type]


def test_a_region_holds_whoever_is_at_home_in_it() -> None:
    assert lies_in(None, None)
    assert lies_in("3507", "350721")
    assert not lies_in("350721", "3507")
    assert not lies_in("3507", None)


def test_terms_that_differ_in_one_place_are_known_apart() -> None:
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
    assert fingerprint(None, 1) == fingerprint(None, 1)


def test_a_list_is_read_line_by_line() -> None:
    good, faults = read_codes(
        '\ufeff券码,最后使用日\r\nABCD-1\r\n\r\n"ABCD-2"，2026-12-31\nABCD-1\nab c\nABCD-3,soon'
    )
    assert good == [(2, "ABCD-1", None), (4, "ABCD-2", date(2026, 12, 31))]
    assert [line for line, _ in faults] == [5, 6, 7]


@pytest.mark.parametrize(
    "mangled", ['="00123456"', "=SUM(A1)", "1.23457E+15", "6.2E+18", 'AB"CD', "'0012345"]
)
def test_what_a_spreadsheet_made_of_a_code_is_given_to_nobody(mangled: str) -> None:
    assert read_codes(f"GOOD-1\n{mangled}") == (
        [(1, "GOOD-1", None)],
        [(2, "rewards.code_line_spreadsheet")],
    )


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_uploaded_every_line_is_a_code_or_named(content: str) -> None:
    good, faults = read_codes(content)
    lines = [line for line, _, _ in good] + [line for line, _ in faults]
    assert len(lines) == len(set(lines))
    assert len({code for _, code, _ in good}) == len(good)
    assert all(code.isascii() and code.isprintable() and len(code) <= LONGEST_CODE for _, code, _ in good)


@pytest.mark.parametrize("phone", ["13800138000", "0599-7823456", "01088886666"])
def test_telephones_of_china_are_taken_and_others_not(phone: str) -> None:
    assert PHONE.fullmatch(phone)
    assert not PHONE.fullmatch(phone + "1" * 4)
    assert not PHONE.fullmatch("１３８００１３８０００")


def test_a_step_is_the_last_stamp_and_points_go_back_only_before_the_thing_is_gone() -> None:
    assert [
        step_of(*stamps) for stamps in ((None,) * 3, (NOW, None, None), (NOW, NOW, None), (NOW, None, NOW))
    ] == [
        Step.RESERVED,
        Step.FULFILLED,
        Step.DONE,
        Step.RETURNED,
    ]
    returnable = {(supply, step) for supply in Supply for step in Step if may_return(supply, step)}
    assert returnable == {(Supply.OWN, Step.FULFILLED), (Supply.DELIVERY, Step.RESERVED)}
    complained = {supply for supply in Supply if may_complain(supply, Step.FULFILLED)}
    assert complained >= set(RESTS)
    assert not any(may_complain(supply, step) for supply in Supply for step in (Step.DONE, Step.RETURNED))


def test_what_rests_is_paid_in_the_end_and_only_an_unused_coupon_is_returned() -> None:
    assert {supply for supply, step in CONCLUDES.items() if step is Step.RETURNED} == {Supply.OWN}
    assert set(RESTS) | {Supply.OWN} == set(CONCLUDES)


def test_a_silent_partner_is_asked_ever_more_rarely_and_for_ever() -> None:
    waits = [ask_again(attempts) for attempts in range(1, 50)]
    assert waits == sorted(waits)
    assert waits[-1] == ASK_AFTER[-1]
