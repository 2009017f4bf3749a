"""Tree duties: which tariff holds, how many trees, whose age, and how a payment is split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.causes.rules import duties as rules
from app.causes.rules.duties import Basis, Standing, Tariff, Use
from app.causes.rules.duty_lists import (
    ANSWERS,
    PEOPLE,
    Answer,
    Outcome,
    Sent,
    office_file,
    read_answers,
    read_people,
)
from app.causes.rules.lists import read_list


def tariff(**told: object) -> Tariff:
    """Fujian's, unless told otherwise."""
    words = dict.fromkeys(("place_zh", "place_en", "source", "source_url", "note_zh", "note_en"), "")
    facts = {
        "code": "fujian", "version": 1, "region": "35", "from_year": 2022, "until_year": None,
        "confirmed_year": 2022, "basis": Basis.YUAN, "sum": 1500, "trees": 1, "sums_most": None,
        "form": "donation", "use": Use.SAMPLE, "reason": None, "grade": "C",
    }  # fmt: skip
    return Tariff(**{**words, **facts, **told})  # type: ignore[arg-type]


BEIJING = tariff(code="beijing", region="11", sum=6000, trees=3, sums_most=1, use=Use.RULE)
BY_WEIGHT = tariff(code="weight", basis=Basis.KILOGRAMS, sum=400)
REFUSED = {"use": Use.REFUSED, "reason": "donation_only"}


@pytest.mark.parametrize(
    ("paid_fen", "trees", "rest", "missing"),
    [(0, 0, 0, 1500), (1499, 0, 1499, 1), (1500, 1, 0, 1500), (4500, 3, 0, 1500), (10_000, 6, 1000, 500)],
)
def test_fujians_trees_are_counted_by_fifteen_yuan_and_the_rest_stays_visible(
    paid_fen: int, trees: int, rest: int, missing: int
) -> None:
    counted = rules.count_trees(tariff(), paid_fen, 7)
    assert (counted.trees, counted.rest, counted.missing) == (trees, rest, missing)


def test_a_sum_that_a_source_names_once_counts_once() -> None:
    assert rules.count_trees(BEIJING, 5_999, 0) == rules.Counted(0, 5_999, 1)
    assert rules.count_trees(BEIJING, 6_000, 0) == rules.Counted(3, 0, None)
    assert rules.count_trees(BEIJING, 60_000, 0) == rules.Counted(3, 54_000, None)
    assert BEIJING.amount_for(5) == 6_000


def test_a_tariff_by_weight_counts_kilograms_and_no_money() -> None:
    assert rules.count_trees(BY_WEIGHT, 1_000_000, 1_199) == rules.Counted(2, 399, 1)
    assert BY_WEIGHT.amount_for(3) == 1_200


def test_what_may_be_used_comes_before_what_is_nearer() -> None:
    quanzhou = tariff(code="quanzhou", region="3505", basis=Basis.NONE, sum=None, trees=None, **REFUSED)
    wuhan, hubei = (
        tariff(code="wuhan", region="4201", **REFUSED),
        tariff(code="hubei", region="42", **REFUSED),
    )
    nation = tariff(code="national", region="", **REFUSED)
    known = [nation, hubei, wuhan, quanzhou, tariff()]
    found = {
        region: rules.fitting_tariff(known, region, 2026) for region in ("350521", "420102", "4203", "44")
    }
    assert {region: each and each.code for region, each in found.items()} == {
        "350521": "fujian",
        "420102": "wuhan",
        "4203": "hubei",
        "44": "national",
    }
    assert rules.fitting_tariff([tariff()], "350721", 2021) is None, "nothing is said of the year before"
    assert rules.fitting_tariff([tariff(until_year=2023)], "35", 2024) is None
    assert rules.fitting_tariff([tariff()], "3", 2026) is None


@pytest.mark.parametrize(
    ("trees", "honour", "duty_trees", "honour_trees", "reached"),
    [(0, False, 0, 0, False), (2, False, 2, 0, False), (3, False, 3, 0, True), (5, False, 5, 0, True),
     (8, False, 5, 3, True), (4, True, 0, 4, False)],
)  # fmt: skip
def test_three_trees_are_enough_and_what_is_beyond_five_is_honoured(
    trees: int, honour: bool, duty_trees: int, honour_trees: int, reached: bool
) -> None:
    found = rules.progress(trees, honour)
    assert (found.duty_trees, found.honour_trees, found.reached) == (duty_trees, honour_trees, reached)


@pytest.mark.parametrize(
    ("region", "age", "sex", "stands"),
    [
        ("350721", 10, None, Standing.OUTSIDE),
        ("350721", 11, None, Standing.OWES),
        ("350721", 60, None, Standing.OWES),
        ("350721", 61, None, Standing.OUTSIDE),
        ("350721", 56, "female", Standing.OUTSIDE),
        ("350721", 55, "female", Standing.OWES),
        ("350721", 56, "male", Standing.OWES),
        ("371402", 17, None, Standing.OUTSIDE),
        ("371402", 18, None, Standing.OWES),
        ("460105", 17, None, Standing.OUTSIDE),
        ("350721", 121, None, Standing.IMPOSSIBLE),
        ("350721", -1, None, Standing.IMPOSSIBLE),
        ("350721", 0, None, Standing.OUTSIDE),
    ],
)
def test_who_owes_the_duty_is_a_matter_of_region_age_and_sex_if_told(
    region: str, age: int, sex: str | None, stands: Standing
) -> None:
    assert rules.standing(region, 2026 - age, 2026, sex) is stands


@pytest.mark.parametrize("name", ["陈小明", "买买提·艾力", "Anne-Marie O'Neill", "李 四", "Ａｎｎａ"])
def test_names_of_people_are_read(name: str) -> None:
    assert rules.read_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "陈",
        "=SUM(A1)",
        "+86",
        "@a",
        "-1",
        "陈小明;",
        "<b>陈</b>",
        "陈\n小明\x00",
        "陈" * 31,
        "13800001111",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    assert rules.read_name(name) is None


@given(
    st.sampled_from([Basis.YUAN, Basis.KILOGRAMS]),
    st.integers(1, 10**9),
    st.integers(1, 10**8),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=40),
)
def test_every_fen_and_every_kilogram_of_a_payment_has_its_person(
    basis: Basis, amount_fen: int, quantity_kg: int, lacking: list[int]
) -> None:
    parts = rules.split_payment(basis, amount_fen, quantity_kg, lacking)
    assert sum(part.amount_fen for part in parts) == amount_fen
    assert sum(part.quantity_kg for part in parts) == quantity_kg
    assert all(part.amount_fen >= 0 and part.quantity_kg >= 0 for part in parts)
    leading = [part.amount_fen if basis is Basis.YUAN else part.quantity_kg for part in parts]
    total = amount_fen if basis is Basis.YUAN else quantity_kg
    if total >= sum(lacking):
        assert all(part >= lack for part, lack in zip(leading, lacking, strict=True)), "nobody goes short"
    else:
        assert all(part <= lack for part, lack in zip(leading, lacking, strict=True)), "nobody gets too much"
        short = [place for place, lack in enumerate(lacking) if leading[place] < lack]
        assert not any(leading[short[0] + 1 :]), "one after another has what they lack"


def test_three_people_who_pay_for_three_trees_each_have_three_trees_each() -> None:
    parts = rules.split_payment(Basis.YUAN, 13_500, 1_350, [4_500] * 3)
    assert parts == [rules.Part(4_500, 450)] * 3
    late = rules.split_payment(Basis.YUAN, 13_500, 1_350, [4_500] * 4)
    assert late == [*parts, rules.Part(0, 0)], "who joins later takes nothing from those it was paid for"
    topped_up = rules.split_payment(Basis.YUAN, 4_500, 450, [0, 0, 4_500])
    assert topped_up == [rules.Part(0, 0), rules.Part(0, 0), rules.Part(4_500, 450)]


def test_a_list_of_people_is_read_and_each_bad_line_is_named() -> None:
    text = (
        "姓名,出生年,证件后四位,性别,同意印名,只求荣誉\n"
        "陈小明,1990,123X,男,是,\n"
        "李四,90,1234,,,\n"
        "=cmd,1990,1234,,,\n"
        "王五,1990,12,,,\n"
        "赵六,1990,1234,不详,,\n"
        "孙七,1950,4321,女,否,是\n"
    )
    people, faults = read_people(read_list(text.encode("gbk"), PEOPLE))
    assert [
        (each.name, each.birth_year, each.id_suffix, each.sex, each.print_name, each.honour)
        for each in people
    ] == [
        ("陈小明", 1990, "123X", "male", True, False),
        ("孙七", 1950, "4321", "female", False, True),
    ]
    assert [(fault.line, fault.column) for fault in faults] == [
        (3, "birth_year"),
        (4, "name"),
        (5, "id_suffix"),
        (6, "sex"),
    ]


def test_the_offices_file_carries_no_formula() -> None:
    line = Sent("A1", "duty", 2026, "=HYPERLINK(1)", "=1+2", "350721", 3, 4_500, 450, "@V")
    written = office_file([line])
    assert "'=HYPERLINK(1),'=1+2,350721" in written
    assert "45.00,450,'@V" in written


def test_an_answer_is_accepted_returned_or_corrected_and_nothing_else() -> None:
    text = (
        "报送编号,结果,证书编号,原因\n"
        "A1,通过,闽尽责2026-001,\n"
        "A2,退回,,姓名与证件不符\n"
        "A3,,闽尽责2026-003,\n"
        "A4,更正,闽尽责2026-004,\n"
        "A5,也许,闽尽责2026-005,\n"
        "A6,通过,,\n"
        "A7,退回,,\n"
        "A1,通过,闽尽责2026-009,\n"
        "A8,通过,闽尽责2026-001,\n"
        "A9,通过,=cmd|calc,\n"
        "!,通过,闽尽责2026-010,\n"
    )
    answers, faults = read_answers(read_list(text.encode(), ANSWERS))
    assert answers == [
        Answer(2, "A1", Outcome.ACCEPTED, "闽尽责2026-001", None),
        Answer(3, "A2", Outcome.RETURNED, None, "姓名与证件不符"),
        Answer(4, "A3", Outcome.ACCEPTED, "闽尽责2026-003", None),
        Answer(5, "A4", Outcome.CORRECTED, "闽尽责2026-004", None),
    ]
    assert [(fault.line, fault.reason.removeprefix("duty_answer_")) for fault in faults] == [
        (6, "outcome"),
        (7, "certificate"),
        (8, "reason"),
        (9, "twice"),
        (10, "twice"),
        (11, "certificate"),
        (12, "number"),
    ]


def test_the_money_behind_trees_leaves_out_what_gave_none() -> None:
    assert rules.behind_trees(tariff(), 10_000, 1_000, (5, 1)) == [
        rules.Part(7_500, 750),
        rules.Part(1_500, 150),
    ]
    assert rules.behind_trees(BEIJING, 9_000, 900, (3, 0)) == [rules.Part(6_000, 600), rules.Part(0, 0)]
    assert rules.behind_trees(BY_WEIGHT, 500, 1_300, (3, 0)) == [rules.Part(461, 1_200), rules.Part(0, 0)]
