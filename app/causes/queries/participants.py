"""Participants as their organiser may see them: imports, reports, what all of them come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import exists, func, select, text

from app.causes.errors.participants import GuideWithoutPeople, NothingOpen
from app.causes.models.participants import Participant, ParticipantDesk, ParticipantImport, ParticipantLine
from app.causes.queries import events as known
from app.causes.queries.events import EventFacts
from app.causes.queries.words import words
from app.causes.rules.distances import City
from app.causes.rules.participants import (
    ASSUMED,
    HOTEL,
    MEALS,
    RECORDED,
    SURVEYED,
    Amount,
    Leg,
    Person,
    measure_of,
)
from app.footprint import queries as footprint
from app.footprint import rules as inventories
from app.footprint.queries import Factor, Inventory, Stage
from app.kit.database import db
from app.kit.problems import NotFound


@dataclass(frozen=True)
class Desk:
    """Where an event's participants are taken in."""

    event_id: int
    city: City | None = None
    link_round: int = 1
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    counted_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the organiser takes reports."""
        return self.opened_at is not None and self.closed_at is None


@dataclass(frozen=True)
class Books:
    """The open stage of the inventory that is worked on: where people are counted."""

    inventory: Inventory
    stage: Stage

    def factor(self, item: str) -> Factor:
        """What turns an item into grams here. Raises LookupError where the guide has none."""
        found = footprint.find_factor(self._item(item).factor_key(self.inventory.region), self._month)
        if found is None:
            raise LookupError(item)
        return found

    def kilograms(self, amounts: Iterable[Amount]) -> Fraction:
        """Exactly what amounts come to, before anything is rounded."""
        return sum((self._kilograms(each) for each in amounts), Fraction())

    def grams(self, amounts: Iterable[Amount]) -> int:
        """What amounts of one person come to, rounded up once."""
        return inventories.grams_emitted(self.kilograms(amounts), Decimal(1))

    def _item(self, key: str) -> inventories.Item:
        return self.inventory.guide.event.items[key]

    @property
    def _month(self) -> str:
        return f"{self.stage.starts_on:%Y-%m}"

    def _kilograms(self, amount: Amount) -> Fraction:
        factor = self.factor(amount.item)
        per = Fraction(inventories.kg_in(factor.unit), self._item(amount.item).per)
        return amount.amount * per * Fraction(factor.value)


@dataclass(frozen=True)
class Count:
    """So much of an item, known in one way, of so many people of the list and so many reports."""

    item: str
    grade: str
    amount: int
    listed: int = 0
    reported: int = 0

    @property
    def inputs(self) -> dict[str, int]:
        """As a line of the inventory has it."""
        return {measure_of(self.item): self.amount}

    def and_more(self, other: "Count") -> "Count":
        """Both together."""
        return Count(
            self.item,
            self.grade,
            self.amount + other.amount,
            self.listed + other.listed,
            self.reported + other.reported,
        )


@dataclass(frozen=True)
class Tally:
    """All that stands: counts for the inventory, people by means, heads."""

    counts: Sequence[Count]
    by_means: Mapping[str, int]
    listed: int
    reported: int
    replaced: int
    onsite: int
    online: int


@dataclass(frozen=True)
class StandingPerson:
    """One who counts; `line` is theirs on the list, None for a report."""

    id: int
    line: int | None
    told_at: datetime
    with_code: bool
    person: Person

    @property
    def grade(self) -> str:
        """How their own kilometres are known."""
        return RECORDED if self.line is not None else SURVEYED


PEOPLE_ITEMS = frozenset(
    {means.item for means in words().means.values() if means.item} | {HOTEL, *MEALS.values()}
)
"""Items of the guide that only people make up."""

_STANDING = (
    "WITH list AS (SELECT id FROM participant_import"
    "   WHERE event_id = :event AND taken_at IS NOT NULL AND ended_at IS NULL),"
    " own AS (SELECT * FROM participant"
    "   WHERE event_id = :event AND import_id IS NULL AND removed_at IS NULL),"
    " standing AS (SELECT * FROM own UNION ALL"
    "   SELECT told.* FROM participant told JOIN list ON list.id = import_id"
    "   WHERE NOT EXISTS (SELECT FROM own WHERE own.person = told.person))"
)
_SUMS = text(
    f"{_STANDING}, told AS ("
    " SELECT id, import_id, leg.* FROM standing, LATERAL (VALUES (there_means, there_km, there_by_city),"
    "   (back_means, back_km, back_by_city)) leg (means, amount, by_city) WHERE leg.means IS NOT NULL"
    " UNION ALL SELECT id, import_id, 'hotel', nights, FALSE FROM standing WHERE nights > 0"
    " UNION ALL SELECT id, import_id, diet, meals, FALSE FROM standing WHERE meals > 0)"
    " SELECT means, by_city, import_id IS NULL AS reported, sum(amount)::bigint AS amount,"
    "   count(DISTINCT id) AS people FROM told GROUP BY 1, 2, 3"
)
_HEADS = text(
    f"{_STANDING} SELECT count(*) FILTER (WHERE import_id IS NOT NULL) AS listed,"
    " count(*) FILTER (WHERE import_id IS NULL) AS reported,"
    " count(*) FILTER (WHERE attendance = 'onsite') AS onsite,"
    " count(*) FILTER (WHERE attendance = 'online') AS online,"
    " (SELECT count(*) FROM participant JOIN list ON list.id = import_id) AS on_list FROM standing"
)
_BY_MEANS = text(
    f"{_STANDING} SELECT means, count(DISTINCT id) AS people FROM standing,"
    " LATERAL (VALUES (there_means), (back_means)) leg (means) WHERE means IS NOT NULL GROUP BY 1"
)
_PEOPLE = text(
    f"{_STANDING} SELECT * FROM standing WHERE id > :after AND (:reports IS FALSE OR import_id IS NULL)"
    " ORDER BY id LIMIT :limit"
)


def open_books(event: EventFacts) -> Books:
    """Where an event's people are counted now. Raises `NothingOpen`, `GuideWithoutPeople`."""
    inventory = known.open_inventory(event)
    for name in (inventories.FINAL, inventories.ESTIMATE):
        stage = inventory.stages.get(name)
        if stage is not None and stage.closed_at is None:
            if not inventory.guide.event.items.keys() >= PEOPLE_ITEMS:
                raise GuideWithoutPeople()
            return Books(inventory, stage)
    raise NothingOpen()


def leaves_room(books: Books) -> bool:
    """Whether a stage may be counted by the hour, and keeps changes enough for its people and its closing.

    Every line that was ever written is kept, and there is an end to how many of them.
    """
    counted = select(func.count()).where(
        ParticipantLine.inventory_id == books.inventory.id, ParticipantLine.stage == books.stage.stage
    )
    return (db.session.scalar(counted) or 0) < inventories.MOST_REVISIONS // 2


def has_people(event_id: int) -> bool:
    """Whether anybody was ever told of at this event."""
    lists = select(ParticipantImport.id).where(
        ParticipantImport.event_id == event_id, ParticipantImport.taken_at.is_not(None)
    )
    return get_desk(event_id).opened_at is not None or db.session.scalar(lists.limit(1)) is not None


def list_uncounted() -> Sequence[int]:
    """Events whose reports have changed since they were counted."""
    since = func.coalesce(ParticipantDesk.counted_at, ParticipantDesk.opened_at)
    wanted = select(ParticipantDesk.event_id).where(
        exists().where(
            Participant.event_id == ParticipantDesk.event_id,
            Participant.import_id.is_(None),
            Participant.told_at > since,
        )
    )
    return db.session.scalars(wanted.order_by(ParticipantDesk.event_id)).all()


def get_desk(event_id: int) -> Desk:
    """The desk of an event, as it begins where none was opened."""
    row = db.session.get(ParticipantDesk, event_id, populate_existing=True)
    if row is None:
        return Desk(event_id)
    city = words().cities.by_code.get(row.city) if row.city else None
    return Desk(event_id, city, row.link_round, row.opened_at, row.closed_at, row.counted_at)


def get_import(event_id: int, number: int) -> ParticipantImport:
    """One import of an event. Raises `NotFound`."""
    wanted = select(ParticipantImport).where(
        ParticipantImport.event_id == event_id, ParticipantImport.number == number
    )
    found = db.session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def find_draft(event_id: int) -> ParticipantImport | None:
    """The import that waits for its organiser."""
    return db.session.scalar(
        select(ParticipantImport).where(
            ParticipantImport.event_id == event_id,
            ParticipantImport.taken_at.is_(None),
            ParticipantImport.ended_at.is_(None),
        )
    )


def find_standing(event_id: int) -> ParticipantImport | None:
    """The import whose people count."""
    return db.session.scalar(
        select(ParticipantImport).where(
            ParticipantImport.event_id == event_id,
            ParticipantImport.taken_at.is_not(None),
            ParticipantImport.ended_at.is_(None),
        )
    )


def list_imports(event_id: int, limit: int, before: int | None = None) -> Sequence[ParticipantImport]:
    """The imports of an event, the last first; `before` is an import's number."""
    wanted = select(ParticipantImport).where(ParticipantImport.event_id == event_id)
    if before is not None:
        wanted = wanted.where(ParticipantImport.number < before)
    return db.session.scalars(wanted.order_by(ParticipantImport.number.desc()).limit(limit)).all()


def tally(event_id: int) -> Tally:
    """What an event's people come to; who reported themselves counts in place of their line."""
    found: dict[tuple[str, str], Count] = {}
    told = {"event": event_id}
    for row in db.session.execute(_SUMS, told):
        item = _item(row.means)
        if item is None:
            continue
        grade = ASSUMED if row.by_city else SURVEYED if row.reported else RECORDED
        people = {"reported" if row.reported else "listed": row.people}
        each = Count(item, grade, row.amount, **people)
        before = found.get((item, grade))
        found[item, grade] = before.and_more(each) if before else each
    heads = db.session.execute(_HEADS, told).one()
    return Tally(
        counts=[found[key] for key in sorted(found)],
        by_means={row.means: row.people for row in db.session.execute(_BY_MEANS, told)},
        listed=heads.listed,
        reported=heads.reported,
        replaced=heads.on_list - heads.listed,
        onsite=heads.onsite,
        online=heads.online,
    )


def _item(means: str) -> str | None:
    """The item that a row of the sums is counted as."""
    if means == "hotel":
        return HOTEL
    return MEALS.get(means) or words().means[means].item


def list_people(
    event_id: int, limit: int, after: int | None = None, *, reports: bool = False
) -> list[StandingPerson]:
    """Those who count, or only who reported themselves, as they came; `after` is a person's id."""
    told = {"event": event_id, "limit": limit, "after": after or 0, "reports": reports}
    return [_standing_person(row._asdict()) for row in db.session.execute(_PEOPLE, told)]


def find_report(event_id: int, device: bytes) -> Participant | None:
    """What a phone has reported, taken out or not."""
    wanted = select(Participant).where(Participant.event_id == event_id, Participant.device == device)
    return db.session.scalar(wanted)


def person_of(row: Participant) -> Person:
    """The person in a row."""
    return _person({name: getattr(row, name) for name in _PERSON})


_PERSON = (
    *("attendance", "there_means", "there_km", "there_by_city", "back_means", "back_km", "back_by_city"),
    *("nights", "meals", "diet", "city"),
)


def _standing_person(row: Mapping[str, Any]) -> StandingPerson:
    with_code = row["person"] is not None
    return StandingPerson(row["id"], row["line"], row["told_at"], with_code, _person(row))


def _person(row: Mapping[str, Any]) -> Person:
    there, back = (
        Leg(row[f"{name}_means"], row[f"{name}_km"], row[f"{name}_by_city"]) if row[f"{name}_means"] else None
        for name in ("there", "back")
    )
    return Person(row["attendance"], there, back, row["nights"], row["meals"], row["diet"], row["city"])
