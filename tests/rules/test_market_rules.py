"""Which lot fits which wish, and what makes prices of different steps comparable."""

from datetime import UTC, datetime, timedelta

import pytest

from app.registry import rules
from app.registry.rules import NotWholeSteps, Offer, Preferences, WishStatus, fits

LOT = Offer("yiyuan", 10_000, "350721", "bamboo", 2022)
ANY = Preferences("yiyuan", 10_000)


@pytest.mark.parametrize(
    "wish",
    [
        ANY,
        Preferences("yiyuan", 10_000, region="35"),
        Preferences("yiyuan", 10_000, region="350721"),
        Preferences("yiyuan", 99_999, forest_type="bamboo"),
        Preferences("yiyuan", 10_000, vintage_from=2022),
        Preferences("yiyuan", 10_000, vintage_to=2022),
        Preferences("yiyuan", 10_000, "3507", "bamboo", 2022, 2022),
    ],
)
def test_a_lot_fits_a_wish_that_asks_for_no_more_than_it_is(wish: Preferences) -> None:
    assert fits(LOT, wish)


@pytest.mark.parametrize(
    "wish",
    [
        Preferences("piao", 10_000),
        Preferences("yiyuan", 9_999),
        Preferences("yiyuan", 10_000, region="36"),
        Preferences("yiyuan", 10_000, region="350721001"),
        Preferences("yiyuan", 10_000, forest_type="chinese_fir"),
        Preferences("yiyuan", 10_000, vintage_from=2023),
        Preferences("yiyuan", 10_000, vintage_to=2021),
    ],
)
def test_a_lot_fits_no_wish_that_asks_for_something_else(wish: Preferences) -> None:
    assert not fits(LOT, wish)


def test_the_price_of_a_tonne_is_never_rounded_in_the_sellers_favour() -> None:
    assert rules.price_fen_per_t(100, 10) == 10_000
    assert rules.price_fen_per_t(100, 7) == 14_286
    assert rules.price_fen_per_t(1, 1_000_000) == 1


def test_a_wish_counts_in_whole_steps() -> None:
    assert rules.wished_fen_per_t("yiyuan", 30, 100) == 10_000
    for quantity_kg in (0, -10, 15):
        with pytest.raises(NotWholeSteps):
            rules.wished_fen_per_t("yiyuan", quantity_kg, 100)


def test_every_product_has_a_step_that_divides_a_tonne() -> None:
    assert set(rules.STEP_KG) == set(rules.PRODUCTS)
    assert all(rules.KG_PER_T % step_kg == 0 for step_kg in rules.STEP_KG.values())


def test_a_wish_ends_with_its_time_whoever_writes_it_down() -> None:
    end = datetime(2026, 11, 26, 16, tzinfo=UTC)
    assert rules.wish_status(None, end, end - timedelta(microseconds=1)) is WishStatus.OPEN
    assert rules.wish_status(None, end, end) is WishStatus.EXPIRED
    assert rules.wish_status("withdrawn", end, end) is WishStatus.WITHDRAWN


def test_a_village_pays_no_fee_for_its_own_forest_and_everybody_else_does() -> None:
    fees = {kind: rules.fee_bp(kind, issued_to_seller=True) for kind in rules.SELLERS}
    assert fees == {"village": 0, "household": 1000, "organisation": 1000, "person": 1000}
    again = {rules.fee_bp(kind, issued_to_seller=False) for kind in rules.SELLERS}
    assert again == {1000}, "nobody sells for less by passing units on"
    for own in (True, False):
        assert {rules.fee_bp(kind, issued_to_seller=own, registered_bp=700) for kind in fees} == {700}
    assert rules.MOST_VILLAGE_BP + max(fees.values()) <= rules.WHOLE_BP
