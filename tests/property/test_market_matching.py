"""What the market finds is what a naive filter finds, from the lot's side and from the wish's."""

import itertools
import random

import market
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts import services as accounts
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.queries import Listing, Search, WishSearch, search_of
from app.registry.rules import Preferences, fits

REGIONS = ("350721", "350784", "330522")
KINDS = ("bamboo", "chinese_fir")
YEARS = (2019, 2020, 2022)
PRICES = (80, 100, 101)

wishes = st.builds(
    Preferences,
    product=st.just("yiyuan"),
    most_fen_per_t=st.sampled_from([7_999, 8_000, 9_900, 10_000, 10_100, 50_000]),
    region=st.sampled_from([None, "35", "33", "3507", "350784", "350721001", "11"]),
    forest_type=st.sampled_from([None, *KINDS, "mixed_broadleaf"]),
    vintage_from=st.sampled_from([None, 2018, 2019, 2021, 2023]),
    vintage_to=st.sampled_from([None, 2018, 2019, 2021, 2023]),
)


def crowd() -> list[Listing]:
    """Lots of every kind, some of which nothing can be bought any more."""
    dice = random.Random(4)
    lots = [
        market.lot(100, price, vintage=year, region=region, forest_type=kind)
        for region, kind, year, price in itertools.product(REGIONS, KINDS, YEARS, PRICES)
    ]
    for each in dice.sample(lots, 12):
        with transaction():
            if dice.random() < 0.5:
                services.close_lot(each.id)
            else:
                services.reserve(each.id, 100)
    return [queries.get_lot(each.code) for each in lots]


def test_matching_agrees_with_a_naive_filter_from_both_sides(app: Flask) -> None:
    lots = crowd()
    there = [each for each in lots if each.remaining_kg >= each.terms.step_kg]
    assert len(there) == len(lots) - 12

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(wishes, st.sampled_from(["opened", "newest", "price", "vintage"]), st.integers(1, 7))
    def agrees(wish: Preferences, sort: str, step: int) -> None:
        expected = [each for each in there if fits(each.offer, wish)]
        found: list[Listing] = []
        while page := queries.search_lots(search_of(wish), step, found[-1].id if found else None, sort=sort):
            found += page
        assert len({each.id for each in found}) == len(found)
        assert {each.id for each in found} == {each.id for each in expected}
        keys = {
            "opened": lambda each: each.id,
            "newest": lambda each: -each.id,
            "price": lambda each: (each.price_fen_per_t, each.id),
            "vintage": lambda each: (each.issuance.vintage, each.id),
        }
        assert found == sorted(found, key=keys[sort])

    agrees()
    market.prove()


def test_a_lot_finds_the_wishes_that_it_fits_and_no_others(app: Flask) -> None:
    dice = random.Random(7)
    posted = []
    for _ in range(60):
        with transaction():
            holder = accounts.open_holder("person").id
        first, last = sorted(dice.sample([2018, 2019, 2020, 2021, 2022, 2023], 2))
        posted.append(
            market.wish(
                holder,
                most_fen=dice.choice([80, 90, 100, 101]),
                region=dice.choice([None, "35", "3507", "350784", "33", "350721001"]),
                forest_type=dice.choice([None, *KINDS]),
                vintage_from=dice.choice([None, first]),
                vintage_to=dice.choice([None, last]),
            )
        )
    for region, kind, year, price in itertools.product(REGIONS, KINDS, YEARS, PRICES):
        offer = market.lot(100, price, vintage=year, region=region, forest_type=kind).offer
        expected = [each.id for each in reversed(posted) if fits(offer, each.preferences)]
        assert [each.id for each in queries.list_wishes_for(offer, 100)] == expected
        assert queries.count_wishes_for(offer, 1000) == len(expected)
        searched = queries.list_wishes(
            WishSearch(offer.product, offer.region, offer.forest_type, year, year, offer.price_fen_per_t), 100
        )
        # Who searches by a county also sees wishes for one of its townships.
        assert {each.id for each in searched} >= set(expected)
    assert len(queries.search_lots(Search(), 100)) == 54
