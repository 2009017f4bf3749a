"""People at home in regions, what they do on which day, and the sealing of those days."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from builders import person
from flask import Flask
from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.footprint import services as footprint
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.statements import services
from app.statements.models import RegionSnapshot

FIRST = date(2026, 10, 1)
NOON = time(12)
_references = itertools.count(10**9)


def at(day: date, hour: time = NOON) -> datetime:
    """A moment of a business day."""
    return datetime.combine(day, hour, clock.SHANGHAI)


def at_home(app: Flask, region: str, count: int, day: date = FIRST) -> list[int]:
    """New people who chose this region at the beginning of a day."""
    people = [person(app).holder_id for _ in range(count)]
    for each in people:
        move(each, region, day)
    return people


def move(holder_id: int, region: str, day: date, hour: time = time(0, 5)) -> None:
    with clock.frozen(at(day, hour)), transaction():
        services.choose_home(holder_id, region)


@dataclass(frozen=True)
class Act:
    """What somebody was credited once."""

    person: int
    reference: int
    grams: int


def avoid(people: Iterable[int], grams: int, day: date, hour: time = NOON) -> list[Act]:
    """Credit each of them grams on a day: the entry alone, which is what regions count."""
    acts = [Act(each, next(_references), grams) for each in people]
    with clock.frozen(at(day, hour)), transaction():
        for each in acts:
            ends = (chart.PLATFORM, each.person)
            ledger.post([Posting(chart.RECORD_ACTION, each.reference, *ends, each.grams)])
    return acts


def withdraw(acts: Iterable[Act], day: date, hour: time = NOON) -> None:
    """Take back what was credited once."""
    with clock.frozen(at(day, hour)), transaction():
        for each in acts:
            ends = (each.person, chart.PLATFORM)
            ledger.post([Posting(chart.WITHDRAW_ACTION, each.reference, *ends, each.grams)])


def emit(people: Iterable[int], month: str, quantity: int, day: date, hour: time = NOON) -> int:
    """Record a month's electricity of each of them, or correct it; the grams of all."""
    with clock.frozen(at(day, hour)), transaction():
        told = [footprint.record_emission(each, month, [("electricity", quantity)]) for each in people]
    return sum(each.emitted_g for [each] in told)


def seal(day: date, least: int = 11) -> RegionSnapshot | None:
    """Seal a day as the sweeper does on the morning after."""
    midnight = at(day + timedelta(days=1), time())
    with clock.frozen(midnight + timedelta(minutes=20)), transaction():
        return services.seal_day(day, midnight, least)


def published(client: Any, code: str = "", line: str = "avoided") -> int | None:
    """What anyone can read of a region."""
    answer = client.get(f"/v1/regions/{code}/footprint" if code else "/v1/regions/footprint")
    assert answer.status_code == 200, answer.text
    grams: int | None = answer.json["published"][f"{line}_g"]
    return grams


def shares(which: str = "true") -> list[Any]:
    """Rows of shares with their releases."""
    db.session.rollback()
    return list(
        db.session.execute(
            text(
                "SELECT s.id, s.person, s.day, s.line, s.grams, s.region,"
                " r.region AS released_at, r.day AS on_day"
                f" FROM region_share s LEFT JOIN region_release r ON r.id = release_id"
                f" WHERE {which} ORDER BY s.id"
            )
        )
    )
