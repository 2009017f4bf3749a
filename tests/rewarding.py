"""What tests of rewards stand on: a funded programme, acts that were thanked for, time that goes by."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from app.accounts import services as accounts
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards import queries
from app.rewards.jobs.points import tend_points
from app.rewards.rules.tariffs import Act
from app.rewards.services import grants, programmes

_numbers = itertools.count(1)


def sponsor(fen: int = 100_000, grams_per_point: int = 10, **terms: Any) -> int:
    """A programme for everybody with `fen` in its fund; its holder id."""
    about = {name: terms.pop(name) for name in ("region", "pays_for", "ends_on") if name in terms}
    with transaction():
        bank = accounts.open_holder("organisation", f"Bank {random_code(6)}")
        since = clock.business_day() - timedelta(days=60)
        opened = programmes.open_programme(None, bank.id, "Thanks", since, **about)
        programmes.announce_tariff(None, opened.holder_id, since, grams_per_point, **terms)
        if fen:
            programmes.fund_sample(opened.holder_id, fen)
    return opened.holder_id


def giver() -> int:
    """Somebody who gives things and is paid for them; their holder id."""
    with transaction():
        return accounts.open_holder("village", f"Village {random_code(6)}").id


def act(holder_id: int, avoided_g: int, scene: str = "metro", day: date | None = None) -> Act:
    """An act of a holder, recorded by nobody."""
    return Act(next(_numbers), holder_id, avoided_g, scene, day or clock.business_day(), "measured")


def thanked(*acts: Act) -> list[Act]:
    """Thank for acts; those that were new."""
    with transaction():
        return grants.thank(acts)


@contextmanager
def later(days: int) -> Iterator[None]:
    """So many days from now; what time does to points has been done."""
    with clock.frozen(clock.now() + timedelta(days=days)):
        tend_points()
        yield


def with_points(holder_id: int, points: int) -> None:
    """Give somebody active points, of a programme of their own for everything."""
    programme_id = sponsor(points)
    with transaction():
        assert grants.grant(programme_id, "test", [(next(_numbers), holder_id, points)])


def balances(holder_id: int) -> queries.grants.Balances:
    """How somebody's points stand."""
    db.session.rollback()
    return queries.grants.balances(holder_id)


def assert_covered() -> None:
    """That all that must be true of points is."""
    db.session.rollback()
    assert [proof for proof in queries.prove() if not proof.holds] == []
