"""Many at once on the market: no bound is passed, and nothing is sold or counted twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import market
from builders import person
from flask import Flask

from app.kit import clock
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.rules import MOST_OPEN_WISHES

CROWD = 24


def all_at_once(app: Flask, act: Callable[[int], Any]) -> list[Any]:
    """What each of a crowd got, or the name of the refusal; each in a transaction of its own."""
    start = threading.Barrier(CROWD)

    def run(number: int) -> Any:
        start.wait(10)
        try:
            with app.app_context(), transaction():
                return act(number)
        except Problem as refusal:
            return refusal.code

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(run, range(CROWD)))


def test_wishes_posted_at_once_do_not_pass_the_bound(app: Flask) -> None:
    buyer = person(app).holder_id
    terms = services.WishTerms("yiyuan", 10, 100, clock.end_of_day(market.last_day()))
    got = all_at_once(app, lambda _: services.post_wish(buyer, terms).status)
    assert got.count("open") == MOST_OPEN_WISHES
    assert got.count("too_many_wishes") == CROWD - MOST_OPEN_WISHES


def test_the_same_units_are_put_on_sale_once(app: Flask) -> None:
    seller = person(app).holder_id
    _, project = market.grow(100, holder_id=seller)
    offering = services.Offering(project, 2022, 30, 100)
    got = all_at_once(app, lambda _: services.sell(seller, offering).offered_kg)
    assert sorted(map(str, got)) == ["30"] * 3 + ["block_not_free"] * (CROWD - 3)
    assert [(each.free_kg, each.largest_kg) for each in queries.list_sellable(10, seller)] == [(10, 10)]
    market.prove()


def test_a_purchase_counts_once_and_the_wish_ends_once(app: Flask) -> None:
    buyer = person(app).holder_id
    wish = market.wish(buyer, 100)
    got = all_at_once(app, lambda n: services.count_purchase(wish.id, n % 12, 10))
    assert (got.count(True), got.count(False)) == (12, 12)
    ended = queries.get_wish(wish.code)
    assert (ended.bought_kg, ended.remaining_kg, ended.status) == (120, 0, "fulfilled")
    market.prove()
