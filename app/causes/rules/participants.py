"""What people tell of how they came and stayed, and what it amounts to. Pure.

A person is nobody in particular here: means, kilometres, nights and meals. Grams are not kept with a
person; they follow from the amounts, and an event's lines from the sums of all amounts, rounded once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any

from app.causes.rules.distances import Cities, City, Detour, way_km
from app.causes.rules.lists import Head, Listed, Row, RowFault, is_formula, plain

ONSITE, ONLINE = "onsite", "online"
MEAT, VEGETARIAN = "meat", "vegetarian"
MOST_LEG_KM = 25_000
"""A little more than half around the earth."""
MOST_NIGHTS = 60
MOST_MEALS = 200
LONGEST_NUMBER = 60
RECORDED, SURVEYED, ASSUMED = "recorded", "surveyed", "assumed"
"""The guide's grades: a list's own kilometres, a person's own, and what we estimated by cities."""
HOTEL = "people_hotel"
MEALS = {MEAT: "people_meal_meat", VEGETARIAN: "people_meal_vegetarian"}
MEASURES = {HOTEL: "room_nights", **dict.fromkeys(MEALS.values(), "person_meals"), "people_car": "vehicle_km"}
_KM = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?\s*(?:km|公里|千米)?")
_WHOLE = re.compile(r"\d{1,6}")
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:,?\d{3})*(?:\.\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Means:
    """A means of travel; `item` is None where nothing is counted for it, and then neither are kilometres."""

    key: str
    item: str | None
    detour: str | None
    names: Mapping[str, str]
    note: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Words:
    """Everything that a list may say, by the words people use for it."""

    head: Head
    means: Mapping[str, Means]
    means_words: Mapping[str, str]
    attendance_words: Mapping[str, str]
    answer_words: Mapping[str, str]
    detours: Mapping[str, Detour]
    cities: Cities


@dataclass(frozen=True, slots=True)
class Leg:
    """A way there or back: by what, how far, and whether we estimated that by cities."""

    means: str
    km: int = 0
    by_city: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """What one participant comes to. `city` stands only where a distance was estimated from it."""

    attendance: str
    there: Leg | None = None
    back: Leg | None = None
    nights: int = 0
    meals: int = 0
    diet: str = MEAT
    city: str | None = None


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person on a list: their line, and their number there, of which only a digest is ever kept."""

    line: int
    person: Person
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of an item of the guide, known in one way."""

    item: str
    grade: str
    amount: int
    people: int = 1

    def and_more(self, other: "Amount") -> "Amount":
        """Both together, of as many people."""
        return replace(self, amount=self.amount + other.amount, people=self.people + other.people)


class CellRefused(Exception):
    """What is wrong with what was told of one field."""

    def __init__(self, field: str, reason: str, **params: Any) -> None:
        super().__init__(field, reason, params)
        self.field = field
        self.reason = reason
        self.params = params


def people_of(listed: Listed, words: Words, venue: City | None) -> tuple[list[ListedPerson], list[RowFault]]:
    """The people on a list, and every line that says nothing that can be counted."""
    found: list[ListedPerson] = []
    faults = list(listed.faults)
    lines: dict[str, int] = {}
    for row in listed.rows:
        try:
            each = _listed_person(row, words, venue)
            if each.number is not None and lines.setdefault(each.number, row.line) != row.line:
                raise CellRefused("number", "cell_twice", other=lines[each.number])
            found.append(each)
        except CellRefused as wrong:
            faults.append(RowFault(row.line, wrong.reason, wrong.field, wrong.params))
    return found, sorted(faults, key=lambda fault: fault.line)


def _listed_person(row: Row, words: Words, venue: City | None) -> ListedPerson:
    for key, cell in row.cells.items():
        if key != "name" and is_formula(cell):
            raise CellRefused(key, "cell_formula")
    number = plain(row.cells.get("number", "")) or None
    if number is not None and len(number) > LONGEST_NUMBER:
        raise CellRefused("number", "cell_long", most=LONGEST_NUMBER)
    return ListedPerson(row.line, read_person(row.cells, words, venue), number)


def read_person(told: Mapping[str, str], words: Words, venue: City | None) -> Person:
    """A person from what was told of them, by the columns' keys. Raises `CellRefused`."""
    attendance = _word(told, "attendance", words.attendance_words) or ONSITE
    nights = _whole(told, "nights", MOST_NIGHTS)
    meals = _whole(told, "meals", MOST_MEALS)
    vegetarian = _word(told, "vegetarian", words.answer_words) == "yes"
    if attendance == ONLINE:
        travelled = next((key for key in _TRAVEL if told.get(key)), None)
        if travelled or nights or meals:
            raise CellRefused(travelled or ("nights" if nights else "meals"), "cell_online")
        return Person(ONLINE)
    reader = _Way(told, words, venue)
    there = reader.leg("there")
    back = reader.leg("back") if told.get("back") or told.get("back_km") else there
    by_city = there.by_city or back.by_city
    return Person(
        ONSITE,
        there,
        back,
        nights,
        meals,
        VEGETARIAN if vegetarian else MEAT,
        reader.city.code if by_city and reader.city else None,
    )


_TRAVEL = ("there", "there_km", "back", "back_km")


class _Way:
    """Reads the legs of one person."""

    def __init__(self, told: Mapping[str, str], words: Words, venue: City | None) -> None:
        self.told = told
        self.words = words
        self.venue = venue
        self.city: City | None = None

    def leg(self, name: str) -> Leg:
        """The leg of this name; what is not told of the way back is as it was there."""
        key = _word(self.told, name, self.words.means_words) or _word(
            self.told, "there", self.words.means_words
        )
        if key is None:
            raise CellRefused("there", "cell_required")
        means = self.words.means[key]
        if means.item is None:
            return Leg(key)
        for field in dict.fromkeys((f"{name}_km", "there_km")):
            if self.told.get(field):
                return Leg(key, _km(self.told[field], field))
        return self._by_city(means)

    def _by_city(self, means: Means) -> Leg:
        written = self.told.get("from", "")
        if not written:
            raise CellRefused("there_km", "cell_distance")
        if self.venue is None:
            raise CellRefused("there_km", "cell_no_venue")
        self.city = self.words.cities.find(written)
        if self.city is None:
            raise CellRefused("from", "cell_city")
        km = way_km(self.city, self.venue, self.words.detours[str(means.detour)].value)
        if km == 0:
            raise CellRefused("there_km", "cell_same_city")
        return Leg(means.key, km, by_city=True)


def _word(told: Mapping[str, str], field: str, words: Mapping[str, str]) -> str | None:
    written = told.get(field, "")
    if not written:
        return None
    found = words.get(plain(written))
    if found is None:
        raise CellRefused(field, "cell_word")
    return found


def _whole(told: Mapping[str, str], field: str, most: int) -> int:
    written = plain(told.get(field, ""))
    if not written:
        return 0
    if not _NUMBER.fullmatch(written):
        raise CellRefused(field, "cell_whole")
    if not _WHOLE.fullmatch(written) or int(written) > most:
        raise CellRefused(field, "cell_between", least=0, most=most)
    return int(written)


def _km(written: str, field: str) -> int:
    """Kilometres, a begun one counts."""
    text = plain(written)
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    found = _KM.fullmatch(text)
    if found is None and not _NUMBER.fullmatch(text):
        raise CellRefused(field, "cell_km")
    km = ceil(Decimal(f"{found[1]}.{found[2] or 0}")) if found else 0
    if not 1 <= km <= MOST_LEG_KM:
        raise CellRefused(field, "cell_between", least=1, most=MOST_LEG_KM)
    return km


def amounts_of(person: Person, told_grade: str, means: Mapping[str, Means]) -> list[Amount]:
    """What one person adds to an event's lines; their own kilometres are known by `told_grade`."""
    found: dict[tuple[str, str], int] = {}
    for leg in (person.there, person.back):
        item = leg and means[leg.means].item
        if leg and item:
            key = item, ASSUMED if leg.by_city else told_grade
            found[key] = found.get(key, 0) + leg.km
    if person.nights:
        found[HOTEL, told_grade] = person.nights
    if person.meals:
        found[MEALS[person.diet], told_grade] = person.meals
    return [Amount(item, grade, amount) for (item, grade), amount in found.items()]


def summed(amounts: Iterable[Amount]) -> list[Amount]:
    """Amounts of the same item and grade as one, in a fixed order."""
    found: dict[tuple[str, str], Amount] = {}
    for each in amounts:
        key = each.item, each.grade
        before = found.get(key)
        both = before and replace(
            each, amount=before.amount + each.amount, people=before.people + each.people
        )
        found[key] = both or each
    return [found[key] for key in sorted(found)]


def measure_of(item: str) -> str:
    """What an item is measured in."""
    return MEASURES.get(item, "passenger_km")
