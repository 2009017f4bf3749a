"""People at home in regions, what they do on which day, and the sealing of those days."""

import itertools
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from builders import person
from flask import Flask
from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
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


def move(holder_id: int, region: str, day: date) -> None:
    with clock.frozen(at(day, time(0, 5))), transaction():
        services.choose_home(holder_id, region)


def avoid(people: Iterable[int], grams: int, day: date, hour: time = NOON) -> None:
    """Credit each of them grams on a day: the entry alone, which is what regions count."""
    with clock.frozen(at(day, hour)), transaction():
        for each in people:
            entry = chart.RECORD_ACTION if grams > 0 else chart.WITHDRAW_ACTION
            ends = (chart.PLATFORM, each) if grams > 0 else (each, chart.PLATFORM)
            ledger.post([Posting(entry, next(_references), *ends, abs(grams))])


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
