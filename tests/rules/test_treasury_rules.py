"""How a difference is called, whose it is, and which days are due."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import SHANGHAI
from app.treasury.rules.breaks import (
    PAID,
    SUCCEEDED,
    Break,
    Flow,
    Merchant,
    Ours,
    Subject,
    Trade,
    fee_fits,
    payment_breaks,
    refund_breaks,
    return_breaks,
    window,
)
from app.treasury.rules.days import due_days
from app.treasury.rules.totals import account_breaks, summary_breaks

US = Merchant("wx1", "19")
TRADE = Trade(1, "wx1", "19", "A", "SUCCESS", "CNY", 100, 100, 1000, 6000)
GOOD = Subject("T", TRADE, Flow(100, 1), Ours("A", 100, PAID, 100))
BACK = Subject("R", replace(TRADE, fee_millifen=-1000), Flow(100, 1), Ours("A", 100, SUCCEEDED, 100))


def kinds(seen: Subject) -> list[Break]:
    return [each.kind for each in payment_breaks(seen, US)]


def with_trade(**changes: Any) -> Subject:
    return replace(GOOD, trade=replace(TRADE, **changes))


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (GOOD, []),
        (replace(GOOD, trade=None, flow=None), [Break.MISSING_THERE]),
        (replace(GOOD, trade=None, ours=None), [Break.FLOW_ALONE]),
        (replace(GOOD, ours=None), [Break.MISSING_HERE]),
        (replace(GOOD, ours=None, rival="T2"), [Break.DUPLICATE]),
        (with_trade(copies=2), [Break.DUPLICATE]),
        (with_trade(currency="USD"), [Break.CURRENCY]),
        (with_trade(mchid="20"), [Break.MERCHANT]),
        (with_trade(appid="wx2", currency="USD", copies=3), [Break.MERCHANT]),
        (with_trade(order_code="B"), [Break.ORDER]),
        (with_trade(state="REVOKED"), [Break.STATE]),
        (with_trade(amount_fen=101, settled_fen=101), [Break.AMOUNT, Break.FLOW_AMOUNT]),
        (with_trade(settled_fen=90), [Break.AMOUNT, Break.FLOW_AMOUNT]),
        (with_trade(fee_millifen=2000), [Break.FEE]),
        (replace(GOOD, flow=Flow(100, 2)), [Break.FEE]),
        (replace(GOOD, flow=None), [Break.FLOW_MISSING]),
        (replace(GOOD, flow=Flow(99, 1)), [Break.FLOW_AMOUNT]),
        (replace(GOOD, ours=Ours("A", 100, PAID, None)), [Break.BOOKS_MISSING]),
        (replace(GOOD, ours=Ours("A", 100, PAID, 99)), [Break.BOOKS]),
        (replace(GOOD, flow=Flow(None, 1), trade=None, ours=None), [Break.FLOW_ALONE]),
    ],
)
def test_a_payment_is_called_by_what_is_wrong_with_it(seen: Subject, named: list[Break]) -> None:
    assert kinds(seen) == named


@pytest.mark.parametrize(
    ("seen", "asked", "moved"),
    [
        (BACK, [], []),
        (replace(BACK, trade=None, flow=None), [Break.REFUND_MISSING_THERE], [Break.FLOW_MISSING]),
        (replace(BACK, ours=None), [Break.REFUND_MISSING_HERE], [Break.REFUND_MISSING_HERE]),
        (replace(BACK, ours=Ours("A", 99, SUCCEEDED, 99)), [Break.REFUND_AMOUNT], [Break.REFUND_AMOUNT]),
        (replace(BACK, ours=Ours("A", 100, "open", None)), [Break.STATE], [Break.STATE]),
        (replace(BACK, ours=Ours("A", 100, SUCCEEDED, None)), [], [Break.BOOKS_MISSING]),
        (replace(BACK, flow=Flow(100, 0)), [], [Break.FEE]),
    ],
)
def test_a_refund_is_called_by_what_is_wrong_with_it(
    seen: Subject, asked: list[Break], moved: list[Break]
) -> None:
    assert [each.kind for each in refund_breaks(seen, US)] == asked
    assert [each.kind for each in return_breaks(seen)] == moved


def test_a_refund_billed_as_processing_may_have_ended_since() -> None:
    billed = replace(BACK, trade=replace(TRADE, state="PROCESSING"))
    for state in ("open", SUCCEEDED, "abnormal"):
        assert refund_breaks(replace(billed, ours=Ours("A", 100, state, None)), US) == []


FEN = st.integers(1, 500)
SUBJECTS = st.builds(
    Subject,
    st.just("T"),
    st.none()
    | st.builds(
        Trade, st.integers(1, 2), st.sampled_from(["wx1", "wx2"]), st.just("19"), st.sampled_from("AB"),
        st.sampled_from(["SUCCESS", "REVOKED", "PROCESSING"]), st.sampled_from(["CNY", "USD"]),
        FEN, FEN, st.integers(0, 3000), st.just(6000),
    ),
    st.none() | st.builds(Flow, st.none() | FEN, st.integers(0, 3)),
    st.none() | st.builds(Ours, st.just("A"), FEN, st.sampled_from([PAID, SUCCEEDED]), st.none() | FEN),
    st.none() | st.just("T2"),
)  # fmt: skip


@given(SUBJECTS)
def test_no_money_differs_without_a_break_that_says_so(seen: Subject) -> None:
    def moved_fen() -> int:
        return (seen.flow.amount_fen or 0) if seen.flow else 0

    booked = (seen.ours.books_fen or 0) if seen.ours else 0
    if seen.trade or seen.flow or seen.ours:
        found = payment_breaks(seen, US)
        assert sum(each.difference_fen for each in found) == moved_fen() - booked
    if seen.flow or (seen.ours and seen.ours.state == SUCCEEDED):
        found = return_breaks(seen)
        assert sum(each.difference_fen for each in found) == booked - moved_fen()


@given(SUBJECTS)
def test_a_break_whose_money_differs_needs_two_people(seen: Subject) -> None:
    for each in payment_breaks(seen, US) if seen.trade or seen.flow or seen.ours else []:
        differs = (each.ours_fen or 0) != (each.theirs_fen or 0) or each.difference_fen != 0
        assert each.carries_money is differs


@given(st.integers(1, 10**9), st.integers(0, 50_000), st.integers(-1500, 1500))
def test_a_fee_fits_its_rate_exactly_or_rounded_half_up_to_a_fen(fen: int, rate_ppm: int, off: int) -> None:
    rounded = (fen * rate_ppm + 500_000) // 1_000_000
    assert fee_fits(fen, rate_ppm, rounded * 1000)
    assert fee_fits(-fen, rate_ppm, -rounded * 1000)
    assert not fee_fits(fen, rate_ppm, (rounded + 1) * 1000)
    assert rounded == 0 or not fee_fits(fen, rate_ppm, (rounded - 1) * 1000)


def test_a_days_last_minutes_are_judged_with_the_next_day() -> None:
    day = date(2026, 11, 20)
    first = window(day, SHANGHAI, day_before_done=False)
    second = window(day + timedelta(days=1), SHANGHAI, day_before_done=True)
    assert first == (
        datetime(2026, 11, 19, 16, tzinfo=UTC),
        datetime(2026, 11, 20, 15, 50, tzinfo=UTC),
    )
    assert second[0] == first[1], "every moment is judged once"


def test_days_are_due_from_ten_in_the_next_morning_and_for_three_months() -> None:
    morning = datetime(2026, 11, 20, 9, 59, tzinfo=SHANGHAI)
    assert due_days(None, morning) == []
    assert due_days(date(2026, 11, 18), morning) == [date(2026, 11, 18)]
    later = morning + timedelta(minutes=1)
    assert due_days(date(2026, 11, 18), later) == [date(2026, 11, 18), date(2026, 11, 19)]
    assert due_days(date(2026, 11, 20), later) == []
    assert len(due_days(date(2020, 1, 1), later)) == 90


def test_a_summary_is_held_against_its_rows() -> None:
    counted = {"总交易单数": 2, "订单总金额": 100}
    assert list(summary_breaks("trade", counted, counted)) == []
    [found] = summary_breaks("trade", counted | {"订单总金额": 101}, counted)
    assert (found.kind, found.key, found.ours, found.theirs) == (
        Break.SUMMARY, "trade:订单总金额", "100", "101",
    )  # fmt: skip


def test_a_balance_follows_from_the_day_before_and_the_movements() -> None:
    moved = {"收入金额": 100, "支出金额": 30}
    assert list(account_breaks(5, (5, 75), moved, {"fees": (1, 1)})) == []
    assert list(account_breaks(None, (None, None), {}, {})) == []
    found = account_breaks(4, (5, 76), moved, {"fees": (1, 2)})
    assert [(each.kind, each.key, each.ours_fen, each.theirs_fen) for each in found] == [
        (Break.BALANCE, "opening", 4, 5),
        (Break.BALANCE, "closing", 75, 76),
        (Break.BOOKS, "fees", 1, 2),
    ]
