"""Strict JSON, codes, sign-in verdicts, and the status of an order."""

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import RefreshVerdict, refresh_verdict
from app.kit import codes, strict_json
from app.kit.fields import Area, NewSchema
from app.kit.strict_json import Malformed
from app.offsets import rules
from app.offsets.rules import NEXT, OrderStatus, Stamps, closings, order_status

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 2}',
        b"NaN",
        b"[1e999999, Infinity]",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'["\\ud800"]',
        b"9" * 400,
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_ambiguous_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        strict_json.loads(raw)


_words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_values = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _words


@given(st.recursive(_values, st.lists, max_leaves=20))
def test_plain_json_is_read_as_it_is(value: object) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value


@given(st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_the_check_character_finds_any_wrong_character(position: int, wrong: str) -> None:
    number = codes.with_check(codes.random_code(16))
    spoiled = number[:position] + wrong + number[position + 1 :]
    assert codes.read_code(spoiled) == (number if spoiled == number else None)


def test_a_checked_code_fits_a_web_address() -> None:
    for _ in range(300):
        code = codes.checked_code(16)
        assert code.isalnum()
        assert codes.read_code(code) == code


def test_a_number_is_read_as_people_write_it() -> None:
    number = codes.with_check("01ABCDEFGH234567")
    spoken = "-".join(number[i : i + 4] for i in range(0, 16, 4)) + "-" + number[16]
    assert codes.read_code(f" {spoken.lower().replace('0', 'o').replace('1', 'l', 1)} ") == number


@pytest.mark.parametrize(
    ("used_for", "successor_used", "expected"),
    [
        (None, False, RefreshVerdict.ROTATE),
        (3, False, RefreshVerdict.REPEAT),
        (11, False, RefreshVerdict.REUSED),
        (3, True, RefreshVerdict.REUSED),
    ],
)
def test_a_refresh_token_is_judged_by_its_use(
    used_for: int | None, successor_used: bool, expected: RefreshVerdict
) -> None:
    used_at = None if used_for is None else NOON - timedelta(seconds=used_for)
    assert refresh_verdict(NOON, NOON + timedelta(days=1), used_at, successor_used) is expected


def test_a_refresh_token_ends() -> None:
    assert refresh_verdict(NOON, NOON, None, False) is RefreshVerdict.EXPIRED


def test_every_legal_path_of_an_order_gives_the_status_it_reached() -> None:
    names = {status: f"{status}_at" for status in OrderStatus if status is not OrderStatus.RESERVED}

    def walk(status: OrderStatus, passed: dict[str, datetime]) -> None:
        assert order_status(Stamps(**passed)) is status
        for step in NEXT[status]:
            walk(step, {**passed, names[step]: NOON})

    walk(OrderStatus.RESERVED, {})


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 50)), max_size=30),
    st.dictionaries(st.integers(1, 4), st.integers(0, 100_000)),
)
def test_closings_never_close_more_than_is_owed_and_lose_no_gram(
    orders: list[tuple[int, int]], owed: dict[int, int]
) -> None:
    holders, kgs = [h for h, _ in orders], [kg for _, kg in orders]
    split = closings(holders, kgs, owed)
    for (_, kg), part in zip(orders, split, strict=True):
        assert part.due_g + part.carry_g == kg * 1000
        assert part.due_g >= 0
        assert part.carry_g >= 0
    for holder in set(holders):
        closed = sum(part.due_g for h, part in zip(holders, split, strict=True) if h == holder)
        bought = sum(kg for h, kg in orders if h == holder) * 1000
        assert closed == min(owed.get(holder, 0), bought)


def test_unpaid_orders_are_looked_at_ever_later_but_always_after_they_expire() -> None:
    expires = NOON + timedelta(minutes=15)
    now, looks = NOON, []
    while now <= expires and len(looks) < 50:
        now = rules.next_check(now, NOON, expires)
        looks.append(now)
    assert looks[0] == NOON + timedelta(seconds=5)
    assert looks == sorted(set(looks))
    assert looks[-1] >= expires
    assert all(later > earlier for earlier, later in combinations(looks, 2))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8), st.integers(0, 20_000), st.booleans())
def test_corrections_lose_no_gram_and_nobody_owes_and_carries_at_once(
    totals: list[int], before: int, carries: bool
) -> None:
    owed, carry = (0, before) if carries else (before, 0)
    changes = [later - earlier for earlier, later in zip([0, *totals], totals, strict=False)]
    held = owed - carry
    for step, change in zip(rules.due_steps(changes, owed, carry), changes, strict=True):
        owed += step.opened_g - step.from_carry_g - step.reduced_g + step.to_carry_g
        carry += step.to_carry_g - step.from_carry_g
        held += change
        assert owed >= 0
        assert carry >= 0
        assert owed - carry == held
        assert owed == 0 or carry == 0


def is_area(written: str) -> bool:
    class Asked(NewSchema):
        area = Area()

    return not Asked().validate({"area": written})


@pytest.mark.parametrize("area", ["35", "3507", "350721", "350721103", "350721103201"])
def test_an_area_is_a_code_of_one_of_five_levels(area: str) -> None:
    assert is_area(area)


@pytest.mark.parametrize("area", ["", "3", "350", "35072", "3507210", "35_7", "三五", "3507211032010"])
def test_anything_else_is_no_area(area: str) -> None:
    assert not is_area(area)
