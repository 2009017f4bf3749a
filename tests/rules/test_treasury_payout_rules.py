"""Months, states, amounts and files of payouts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.treasury.rules import bank_files, payees, payouts
from app.treasury.rules.bank_files import LineFault, Result, Transfer
from app.treasury.rules.payouts import (
    FROM,
    Outcome,
    PayoutStamps,
    PayoutStatus,
    RunStamps,
    RunStatus,
    SkipReason,
)

THEN = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "first", "after"),
    [
        ("2026-10", datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("2028-02", datetime(2028, 1, 31, 16, tzinfo=UTC), datetime(2028, 2, 29, 16, tzinfo=UTC)),
    ],
)
def test_a_month_is_shanghais(month: str, first: datetime, after: datetime) -> None:
    assert payouts.month_bounds(month) == (first, after)


@given(st.datetimes(datetime(2015, 2, 1), datetime(2099, 12, 1)))  # noqa: DTZ001
def test_the_month_before_ends_where_the_present_one_begins(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    before = payouts.month_before(at)
    first, after = payouts.month_bounds(before)
    assert payouts.is_month(before)
    assert first < after <= at < after + timedelta(days=31)


def test_a_month_counts_ten_minutes_after_its_end_and_is_due_at_ten() -> None:
    end = datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert not payouts.countable("2026-10", end + timedelta(minutes=9, seconds=59))
    assert payouts.countable("2026-10", end + timedelta(minutes=10))
    assert payouts.month_due(end + timedelta(hours=9, minutes=59)) is None
    assert payouts.month_due(end + timedelta(hours=10)) == "2026-10"
    assert payouts.month_due(end + timedelta(days=29)) == "2026-10"


@pytest.mark.parametrize(
    "written", ["2026-00", "2026-13", "2014-12", "26-10", "2026-1", "２０２６-10", "2026-10\n"]
)
def test_what_is_no_month_is_none(written: str) -> None:
    assert not payouts.is_month(written)


def test_what_is_free_is_never_below_nothing() -> None:
    assert payouts.free_fen(100, 30, 20) == 50
    assert payouts.free_fen(100, 70, 70) == 0
    assert payouts.free_fen(-5, 0, 0) == 0


def test_less_than_the_minimum_waits_and_no_account_waits() -> None:
    assert payouts.skip_reason(999, 1000, True) is SkipReason.BELOW_MINIMUM
    assert payouts.skip_reason(1000, 1000, False) is SkipReason.NO_PAYEE
    assert payouts.skip_reason(1000, 1000, True) is None


@pytest.mark.parametrize(
    ("stamps", "still_open", "status"),
    [
        (RunStamps(), 3, RunStatus.PREPARED),
        (RunStamps(), 0, RunStatus.FINISHED),
        (RunStamps(withdrawn_at=THEN), 0, RunStatus.WITHDRAWN),
        (RunStamps(withdrawn_at=THEN), 3, RunStatus.WITHDRAWN),
        (RunStamps(approved_at=THEN), 3, RunStatus.APPROVED),
        (RunStamps(approved_at=THEN, exported_at=THEN), 1, RunStatus.EXPORTED),
        (RunStamps(approved_at=THEN, exported_at=THEN), 0, RunStatus.FINISHED),
    ],
)
def test_a_run_stands_where_its_stamps_say(stamps: RunStamps, still_open: int, status: RunStatus) -> None:
    assert payouts.run_status(stamps, still_open) is status


def test_a_payout_stands_where_its_latest_stamp_says() -> None:
    run = RunStamps(approved_at=THEN)
    assert payouts.payout_status(RunStamps(), PayoutStamps()) is PayoutStatus.PREPARED
    assert payouts.payout_status(RunStamps(withdrawn_at=THEN), PayoutStamps()) is PayoutStatus.WITHDRAWN
    steps = [
        (PayoutStamps(), PayoutStatus.APPROVED),
        (PayoutStamps(THEN), PayoutStatus.EXPORTED),
        (PayoutStamps(THEN, failed_at=THEN), PayoutStatus.FAILED),
        (PayoutStamps(THEN, THEN), PayoutStatus.PAID),
        (PayoutStamps(THEN, THEN, returned_at=THEN), PayoutStatus.RETURNED),
    ]
    assert [payouts.payout_status(run, stamps) for stamps, _ in steps] == [status for _, status in steps]


def test_no_word_of_the_bank_begins_where_money_is_owed_again() -> None:
    ended = {PayoutStatus.FAILED, PayoutStatus.RETURNED, PayoutStatus.PREPARED, PayoutStatus.WITHDRAWN}
    assert all(not (starts & ended) for starts in FROM.values())
    assert set(FROM) == set(Outcome)


@given(st.integers(0, 10**15 - 1))
def test_an_amount_is_read_as_it_was_written(fen: int) -> None:
    assert bank_files.read_yuan(bank_files.yuan_text(fen)) == fen


@pytest.mark.parametrize(
    "written", ["1", "1.0", "1.000", "01.00", "-1.00", "1,000.00", "1e3.00", " 1.00", "１.00", ""]
)
def test_an_amount_written_otherwise_is_none(written: str) -> None:
    assert bank_files.read_yuan(written) is None


@given(st.text(max_size=20))
def test_no_cell_is_a_formula(text: str) -> None:
    assert not bank_files.plain_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert bank_files.plain_cell(text).removeprefix("'") == text.removeprefix("'")


def test_the_banks_file_quotes_what_needs_it_and_survives_its_encoding() -> None:
    written = bank_files.bank_file([Transfer('㙦村，林场,"一"', "1" * 32, "银行", 10**15, "N1")])
    assert written.encode(bank_files.ENCODING).decode(bank_files.ENCODING) == written
    assert written.splitlines()[1] == (
        f'1,"㙦村，林场,""一""",{"1" * 32},银行,10000000000000.00,森惠结算款 N1'
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_results_are_read_in_either_encoding_and_language(encoding: str, end: str) -> None:
    chinese = end.join(
        ("付款编号,金额(元),结果,银行流水号,原因", "A1,1.00,成功,B1,", "", "A2,2.05,失败,,账号有误")
    )
    english = end.join(
        (
            "payout_number,amount_yuan,result,bank_reference,reason",
            "A1,1.00,paid,B1,",
            "A2,2.05,failed,,账号有误",
        )
    )
    for file in (chinese, english):
        text = bank_files.read_bytes(file.encode(encoding))
        assert text is not None
        results, faults = bank_files.read_results(text)
        assert faults == []
        assert [(each.number, each.outcome, each.amount_fen) for each in results] == [
            ("A1", Outcome.PAID, 100),
            ("A2", Outcome.FAILED, 205),
        ]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    results, faults = bank_files.read_results(bank_files.read_bytes(content) or "")
    assert bool(results) != bool(faults)


def test_every_bad_line_is_named_once() -> None:
    head = ",".join(bank_files.RESULT_COLUMNS[1])
    lines = [
        "a1,1.00,paid,B1,",
        "A2,1,paid,B1,",
        "A3,1.00,paid,,",
        "A4,1.00,failed,,",
        "A5,1.00,paid,B,",
        "A5,1.00,paid,B,",
    ]
    results, faults = bank_files.read_results("\n".join([head, *lines]))
    assert [result.number for result in results] == ["A5"]
    assert faults == [
        LineFault(2, "line_number"),
        LineFault(3, "line_amount"),
        LineFault(4, "line_reference_missing"),
        LineFault(5, "line_reason_missing"),
        LineFault(7, "line_twice"),
    ]


def test_a_word_by_hand_needs_what_a_line_needs() -> None:
    assert bank_files.result_fault(Result("A", Outcome.PAID, 1)) == LineFault(0, "line_reference_missing")
    assert bank_files.result_fault(Result("A", Outcome.RETURNED, 1)) == LineFault(0, "line_reason_missing")
    assert bank_files.result_fault(Result("A", Outcome.PAID, 1, "B")) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("6222 0200 0011 2233 445", "6222020000112233445"),
        ("1234-5678", "12345678"),
        ("1" * 32, "1" * 32),
        ("1" * 33, None),
        ("1234567", None),
        ("6222O20000112233445", None),
        ("６２２２０２００００１１２２３３", None),
        ("", None),
    ],
)
def test_an_account_number_is_its_digits(written: str, read: str | None) -> None:
    assert payees.read_number(written) == read


@pytest.mark.parametrize("name", ["=1", "+1", "-1", "@a", "'a", " a", "a ", "a\tb", "a\u200bb", ""])
def test_a_name_that_a_spreadsheet_or_a_bank_misreads_is_refused(name: str) -> None:
    assert not payees.is_name(name)


def test_a_name_as_villages_have_it_is_taken() -> None:
    assert payees.is_name("顺昌县大干镇（示例）村股份经济合作社")
