"""Rules of sponsors' programmes: terms, worth, budgets, when expiry is told, and the rulebook's figures."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.rewards.queries.rulebook import FILE
from app.rewards.rules.expiry import days_to_tell
from app.rewards.rules.proposals import (
    ProgrammeTerms,
    TariffTerms,
    fen_per_kg,
    read_programme,
    worth,
)
from app.rewards.rules.rulebook import read_rulebook
from app.rewards.rules.standing import Budget, State, state_of
from app.rewards.rules.tariffs import Tariff

TODAY = date(2026, 11, 26)
TARIFF = TariffTerms(TODAY, 10, {"metro": 20, "declared_act": 0}, {"measured": 3}, 24)
TERMS = ProgrammeTerms(7, "绿色通勤", "3507", TODAY, date(2027, 12, 31), ("coupon", "village"), TARIFF)


def test_what_is_proposed_comes_back_from_its_json_unchanged() -> None:
    assert read_programme(TERMS.written()) == TERMS


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ends_on": TODAY - timedelta(days=1)}, "ends_on"),
        ({"pays_for": ("cash",)}, "pays_for"),
        ({"tariff": TariffTerms(TODAY, 1)}, "grams_per_point"),
        ({"tariff": TariffTerms(TODAY, 100_001)}, "grams_per_point"),
        ({"tariff": TariffTerms(TODAY, 10, {"metro": 1})}, "grams_per_point"),
        ({"tariff": TariffTerms(TODAY, 10, {"metro": -1})}, "grams_per_point"),
        ({"tariff": TariffTerms(TODAY, 10, life_months=121)}, "life_months"),
        ({"tariff": TariffTerms(TODAY, 10, pending_days={"photo": 91})}, "pending_days"),
        ({"tariff": TariffTerms(TODAY, 10, pending_days={"photo": 28}, life_months=1)}, "pending_days"),
        ({}, None),
    ],
)
def test_terms_that_make_no_sense_are_named(change: dict[str, object], fault: str | None) -> None:
    assert ProgrammeTerms(**{**TERMS.__dict__, **change}).fault == fault  # type: ignore[arg-type]


def test_a_kilogram_earns_a_gift_beside_what_forest_carbon_costs() -> None:
    ten = Tariff(1, TODAY, 10)
    assert fen_per_kg(3) == Decimal("333.33")
    dear = worth(ten, 10_000)  # 100 yuan a tonne
    assert (dear.earns_fen, dear.forest_fen, dear.times) == (Decimal(100), Decimal(10), Decimal(10))
    assert worth(ten, 1_360).forest_fen == Decimal("1.36")
    assert worth(ten, None).times is None


def test_a_budget_is_accounted_for_to_the_fen() -> None:
    budget = Budget(paid_in_fen=10_000, returned_fen=1_000, fund_fen=6_000, promise=2_000)
    assert (budget.outstanding, budget.spent) == (4_000, 3_000)
    assert budget.paid_in_fen == budget.returned_fen + budget.promise + budget.outstanding + budget.spent


AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "ends", "stopped", "closed", "ready", "state"),
    [
        (TODAY, None, None, None, True, State.OPEN),
        (TODAY, TODAY, None, None, True, State.OPEN),
        (TODAY, None, None, None, False, State.UPCOMING),
        (TODAY + timedelta(days=1), None, None, None, True, State.UPCOMING),
        (TODAY, None, AT, None, True, State.STOPPED),
        (TODAY, None, AT, None, False, State.UPCOMING),
        (AT.date(), TODAY - timedelta(days=1), AT, None, True, State.ENDED),
        (AT.date(), TODAY - timedelta(days=1), AT, AT, True, State.CLOSED),
    ],
)
def test_a_programme_says_where_it_stands(
    begins: date,
    ends: date | None,
    stopped: datetime | None,
    closed: datetime | None,
    ready: bool,
    state: State,
) -> None:
    assert state_of(TODAY, begins, ends, stopped, closed, ready=ready) is state


def test_every_day_of_expiry_is_told_thirty_and_seven_days_ahead_and_none_twice() -> None:
    told: dict[int, date] = {}
    seen: list[tuple[int, date]] = []
    for days in (*range(40), 45, 46, 90):  # the sweeper sleeps twice
        today = TODAY + timedelta(days=days)
        due = days_to_tell(today, told)
        assert all(today <= day <= today + timedelta(days=stage) for stage, day in due)
        seen += due
        told |= {stage: max(day for each, day in due if each == stage) for stage, _ in due}
    assert len(seen) == len(set(seen))
    awake = {TODAY + timedelta(days=days) for days in range(60)}
    assert {day for stage, day in seen if stage == 7} >= {
        day for day in awake if day <= TODAY + timedelta(days=53)
    }
    assert (30, TODAY + timedelta(days=76)) in seen
    assert (30, TODAY + timedelta(days=90)) not in seen, "the next stage tells of it anyway"


def test_the_rulebook_says_what_the_rules_do() -> None:
    book = read_rulebook(tomllib.loads(FILE.read_text("utf-8")))
    said = {each.key: f"{each.zh} {each.en}" for each in book.articles}
    assert "最长 10 年" in said["expiry"]
    assert "30 and 7 days before" in said["expiry"]
    assert "至少提前 30 天" in said["changes"]
    assert not any("{" in each for each in said.values())
    assert len(said) == len(book.articles)
