"""What a ruling orders, when it is due, which papers it needs, and how cases and parties are written."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.causes.rules.case_numbers import read_case_number
from app.causes.rules.docket_papers import checklist, lacking, needed
from app.causes.rules.dockets import (
    ROUNDINGS,
    Fault,
    Instalment,
    Ruling,
    grams_of_loss,
    grams_of_money,
    ruling_fault,
    stands,
    wanted_now,
)
from app.causes.rules.parties import Party, pseudonyms

TODAY = date(2026, 11, 21)
T = 1_000_000


def ruling(**changes: object) -> Ruling:
    """南靖 2022 as a ruling of today's, with `changes`."""
    told = {
        "basis": "tonnes",
        "ruled_on": TODAY,
        "legal_basis": "闽高法工作指引（试行）",
        "instalments": (Instalment(TODAY + timedelta(days=30), 96 * T),),
        "rounding": "loss_tonne",
        "loss_g": 47_070_000,
        "multiplier": Fraction(2),
    }
    return Ruling(**{**told, **changes})  # type: ignore[arg-type]


def fault(**changes: object) -> Fault | None:
    return ruling_fault(ruling(**changes), TODAY)


def test_nanjing_2022_bought_ninety_six_tonnes_for_twice_a_loss_of_47_07() -> None:
    assert ruling().ordered_g == 96 * T
    assert ruling_fault(ruling(), TODAY) is None


def test_no_other_rounding_gives_what_nanjing_bought() -> None:
    given_by = {name: grams_of_loss(47_070_000, Fraction(2), name) for name in ROUNDINGS}
    assert given_by == {
        "kilogram": 94_140_000,
        "hundredth": 94_140_000,
        "tonne": 95 * T,
        "loss_tonne": 96 * T,
    }


def test_changyang_2024_bought_16_18_tonnes_for_1_500_yuan() -> None:
    """The report names no price; every price to the fen that its two figures allow gives its tonnes."""
    assert grams_of_money(150_000, 9_271, "hundredth") == 16_180_000
    fitting = [
        price for price in range(9_000, 9_600) if grams_of_money(150_000, price, "hundredth") == 16_180_000
    ]
    assert (fitting[0], fitting[-1]) == (9_268, 9_273)


def test_xianyou_2023_bought_whole_tonnes() -> None:
    """23,333.01 yuan, 441 t: at 53 yuan a tonne, begun tonnes counted whole (platforms: J4)."""
    assert grams_of_money(2_333_301, 5_300, "tonne") == 441 * T


def test_a_multiplier_is_an_exact_fraction() -> None:
    assert grams_of_loss(1_000_000, Fraction("1.1"), "kilogram") == 1_100_000
    assert grams_of_loss(3, Fraction(1, 3), "kilogram") == 1_000
    assert grams_of_loss(10_000_000, Fraction("0.3"), "tonne") == 3 * T


@given(
    st.integers(1, 10**12),
    st.fractions(Fraction(1, 100), 10),
    st.sampled_from(["kilogram", "tonne", "loss_tonne"]),
)
def test_rounding_up_owes_never_less_than_loss_times_multiplier(loss_g: int, by: Fraction, name: str) -> None:
    owed = grams_of_loss(loss_g, by, name)
    assert owed >= loss_g * by
    assert owed - loss_g * by < (by + 1) * T + 1_000
    assert owed % 1_000 == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"loss_g": -1}, ("loss", "loss")),
        ({"loss_g": 0}, ("loss", "loss")),
        ({"loss_g": None}, ("loss", "loss")),
        ({"loss_g": 10**12 + 1}, ("loss", "loss")),
        ({"multiplier": Fraction(0)}, ("multiplier", "multiplier")),
        ({"multiplier": Fraction(-2)}, ("multiplier", "multiplier")),
        ({"multiplier": Fraction(101, 10)}, ("multiplier", "multiplier")),
        ({"rounding": None}, ("rounding", "rounding")),
        ({"rounding": "nearest"}, ("rounding", "rounding")),
        ({"ruled_on": TODAY + timedelta(days=1)}, ("ruled_on", "ruled_ahead")),
        ({"instalments": ()}, ("instalments", "instalments_count")),
        ({"instalments": (Instalment(TODAY, 95 * T),)}, ("instalments", "instalments_sum")),
        ({"instalments": (Instalment(TODAY, 97 * T),)}, ("instalments", "instalments_sum")),
        (
            {"instalments": (Instalment(TODAY, 97 * T), Instalment(TODAY + timedelta(1), -T))},
            ("instalments", "instalment_part"),
        ),
        (
            {"instalments": (Instalment(TODAY, 500), Instalment(TODAY + timedelta(1), 96 * T - 500))},
            ("instalments", "instalment_part"),
        ),
        (
            {"instalments": (Instalment(TODAY - timedelta(1), 96 * T),)},
            ("instalments", "deadline_before_ruling"),
        ),
        (
            {"instalments": (Instalment(TODAY, 48 * T), Instalment(TODAY, 48 * T))},
            ("instalments", "instalments_order"),
        ),
        (
            {"instalments": (Instalment(TODAY + timedelta(9_999), 96 * T),)},
            ("instalments", "deadline_too_late"),
        ),
    ],
)
def test_what_cannot_be_ruled_is_named(changes: dict[str, object], told: tuple[str, str]) -> None:
    assert fault(**changes) == Fault(*told)


MONEY = {"basis": "money", "loss_g": None, "multiplier": None, "amount_fen": 150_000}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"amount_fen": -1}, ("amount", "amount")),
        ({"amount_fen": 0}, ("amount", "amount")),
        ({"price_fen_per_t": 0}, ("price", "price")),
        ({"price_fen_per_t": 9_271, "rounding": "hundredth"}, ("price_source", "price_source")),
        (
            {"price_fen_per_t": 9_271, "rounding": "hundredth", "price_source": "x"},
            ("priced_on", "priced_on"),
        ),
        (
            {"price_fen_per_t": 9_271, "rounding": "loss_tonne", "price_source": "x", "priced_on": TODAY},
            ("rounding", "rounding"),
        ),
        (
            {
                "amount_fen": 1,
                "price_fen_per_t": 1_000_000,
                "rounding": "hundredth",
                "price_source": "x",
                "priced_on": TODAY,
            },
            ("amount", "orders_nothing"),
        ),
    ],
)
def test_what_money_cannot_be_ruled_is_named(changes: dict[str, object], told: tuple[str, str]) -> None:
    assert fault(**{**MONEY, **changes}) == Fault(*told)


def test_money_without_a_price_is_measured_in_money() -> None:
    parts = (Instalment(TODAY, 50_001), Instalment(TODAY + timedelta(30), 99_999))
    told = ruling(**{**MONEY, "rounding": None, "instalments": parts})
    assert (told.measure, told.ordered_g, told.ordered) == ("fen", None, 150_000)
    assert ruling_fault(told, TODAY) is None


def test_what_is_done_serves_the_earliest_instalment_first() -> None:
    parts = [Instalment(TODAY + timedelta(days=days), 30) for days in (-1, 0, 7, 8)]
    states = [each.state for each in stands(parts, 0, TODAY)]
    assert states == ["overdue", "last_day", "ahead", "later"]
    told = stands(parts, 45, TODAY)
    assert [(each.open_part, each.state) for each in told] == [
        (0, "done"),
        (15, "last_day"),
        (30, "ahead"),
        (30, "later"),
    ]
    assert wanted_now(told) == 15
    assert wanted_now(stands(parts, 500, TODAY)) == 0


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=36), st.integers(0, 10**11), st.integers(-40, 40))
def test_nothing_that_is_done_is_lost_between_instalments(parts: list[int], done: int, shift: int) -> None:
    days = [TODAY + timedelta(days=shift + place) for place in range(len(parts))]
    told = stands([Instalment(*each) for each in zip(days, parts, strict=True)], done, TODAY)
    assert sum(each.open_part for each in told) == max(0, sum(parts) - done)
    assert (wanted_now(told) == 0) == (done >= sum(parts))
    opened = [each.open_part > 0 for each in told]
    assert opened == sorted(opened), "an instalment is served before any later one"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("（2022）闽0627刑初321号", "（2022）闽0627刑初321号"),
        (" (2022) 闽0627刑初 0321 号 ", "（2022）闽0627刑初321号"),
        ("〔２０２２〕闽0627刑初321号", "（2022）闽0627刑初321号"),
        ("（2024）鄂0528刑初97号", "（2024）鄂0528刑初97号"),
        ("（2025）闽08执恢12号之一", "（2025）闽08执恢12号之一"),
        ("云林罚决字〔2025〕第012号", "云林罚决字〔2025〕12号"),
        ("永检刑诉[2022]15号", "永检刑诉〔2022〕15号"),
        ("南公(森)立字〔2022〕1号", "南公（森）立字〔2022〕1号"),
    ],
)
def test_a_cases_number_has_one_form(written: str, read: str) -> None:
    assert read_case_number(written, 2026) == read
    assert read_case_number(read, 2026) == read


NO_NUMBERS = (
    "",
    "321",
    "2022闽0627刑初321号",
    "（2022）闽0627刑初321",
    "（2022）闽0627刑初0号",
    "（2027）闽0627刑初1号",
    "（1949）闽0627刑初1号",
    "（2022）闽0627刑初321号；DROP",
    "=cmd()",
    "（2022）" + "闽" * 60 + "1号",
    "\x00",
)


@pytest.mark.parametrize("written", NO_NUMBERS)
def test_what_is_no_cases_number_is_not_taken_for_one(written: str) -> None:
    assert read_case_number(written, 2026) is None


def test_parties_are_shown_by_surnames_and_told_apart() -> None:
    parties = [
        Party("张三"),
        Party("张小四"),
        Party("欧阳锋"),
        Party("顺昌某山林业有限公司", "organisation"),
        Party("村雅村村民委员会", "organisation"),
        Party("阿卜杜拉"),
    ]
    assert pseudonyms(parties) == ["张某甲", "张某乙", "欧阳某", "某有限公司", "某村民委员会", "阿某"]


def test_papers_follow_the_stage_and_the_basis() -> None:
    assert [*needed("trial", "tonnes")] == [
        "undertaking", "measurement_notice", "commission", "opinion", "payment_notice", "voucher",
    ]  # fmt: skip
    assert [*needed("trial", "money")] == ["undertaking", "opinion", "payment_notice", "voucher"]
    assert [*needed("enforcement", "tonnes")] == ["payment_notice", "voucher", "decision"]
    assert "decision" in needed("administrative", None)


def test_a_waived_paper_is_not_lacking() -> None:
    lines = checklist("trial", "money", present=["opinion"], waived=["undertaking"])
    assert lacking(lines, "ruling") == []
    assert lacking(lines, "letter") == ["payment_notice", "voucher"]
    assert lacking(checklist("trial", "money", [], []), "ruling") == ["undertaking", "opinion"]
