"""What is true of operators and of their log's chain; without a database."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import rules
from app.accounts.rules import CHAIN_START, AuditLine

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2026, 11, 25, 8, 30, 15, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


def test_codes_are_those_of_the_standard() -> None:
    """The first and the third vector of RFC 6238, appendix B, in six digits."""
    for second, code in ((59, "287082"), (1111111111, "050471")):
        assert rules.matching_step(SECRET, code, datetime.fromtimestamp(second, UTC), 0) == second // 30


@pytest.mark.parametrize(
    ("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False), (1000, False)]
)
def test_a_code_is_taken_one_step_early_or_late(steps: int, accepted: bool) -> None:
    code = pyotp.TOTP(SECRET).at(NOW, counter_offset=steps)
    assert (rules.matching_step(SECRET, code, NOW, 0) == STEP + steps) is accepted


def test_no_code_is_taken_at_or_before_the_last_one_used() -> None:
    for last in (-1, 0, 1):
        for steps in (-1, 0, 1):
            code = pyotp.TOTP(SECRET).at(NOW, counter_offset=steps)
            assert (rules.matching_step(SECRET, code, NOW, STEP + last) is not None) is (steps > last)


@given(st.integers(0, 999_999))
def test_hardly_any_other_number_is_a_code(number: int) -> None:
    code = f"{number:06}"
    right = {pyotp.TOTP(SECRET).at(NOW, counter_offset=steps) for steps in (-1, 0, 1)}
    assert (rules.matching_step(SECRET, code, NOW, 0) is not None) is (code in right)


def test_locks_grow_and_stop_growing() -> None:
    waits = [rules.lock_after(failures) for failures in range(1, 60)]
    assert waits[:4] == [timedelta()] * 4
    assert waits[4:8] == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240)]
    assert waits == sorted(waits)
    assert set(waits[9:]) == {timedelta(minutes=15)}
    assert rules.lock_after(10**9) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("four quiet words", None),
        ("short one", "length"),
        ("x" * 201, "length"),
        ("aaaaaaaaaaaaaaaa", "guessable"),
        ("ababababababab", "guessable"),
        ("LIN.HUA is my name", "guessable"),
        ("林间小路上的一群白鹭飞过去了", None),
    ],
)
def test_a_password_is_long_and_not_the_first_guess(password: str, fault: str | None) -> None:
    assert rules.password_fault("lin.hua", password) == (fault and f"accounts.password_{fault}")


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, "a\n", "<b>", "a/b"])
def test_a_name_is_one_plain_word(name: str) -> None:
    assert rules.name_fault(name)
    assert rules.name_fault("林华") is None


LINES = st.builds(
    AuditLine,
    position=st.integers(1, 2**40),
    entry_id=st.integers(1, 2**40),
    operator=st.none() | st.text(max_size=10),
    action=st.text(max_size=10),
    subject=st.text(max_size=10),
    details=st.text(max_size=20),
    acted_us=st.integers(0, 2**53),
    written_us=st.integers(0, 2**53),
)
PREVIOUS = st.binary(min_size=32, max_size=32)


@given(LINES, LINES, PREVIOUS, PREVIOUS)
def test_a_link_stands_for_one_line_after_one_link(
    one: AuditLine, other: AuditLine, before: bytes, elsewhere: bytes
) -> None:
    assert one.follow(before) == one.follow(before)
    assert (one.follow(before) == other.follow(before)) is (one == other)
    assert (one.follow(before) == one.follow(elsewhere)) is (before == elsewhere)


@given(LINES)
def test_words_that_move_from_one_field_to_the_next_make_another_line(line: AuditLine) -> None:
    moved = line._replace(action=line.action + line.subject + "x", subject="")
    assert moved.follow(CHAIN_START) != line.follow(CHAIN_START)
    nobody, no_name = line._replace(operator=None), line._replace(operator="")
    assert nobody.follow(CHAIN_START) != no_name.follow(CHAIN_START)


def test_the_chain_is_what_it_was_when_it_was_first_written() -> None:
    """A change of the form would make every log that exists look tampered with."""
    line = AuditLine(1, 7, "林", "payout_approved", "P-1", '{"fen": 1}', 1_764_000_000_000_000, 1)
    assert (
        line.follow(CHAIN_START).hex() == "ae8052c2a4232df634edc11a6a7ef37480eb67b6d145d2b1807734fee5dcd7dd"
    )
