"""What is true of an event on its way to neutral: where it stands, and by when. Pure."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

UNITS, FOREST = "units", "forest"
METHODS = (UNITS, FOREST)
PRIVATE, PUBLIC, SHARED = "private", "public", "shared"
VISIBILITIES = (PRIVATE, PUBLIC, SHARED)
"""For its organiser alone; for anyone to see; for anyone to see and buy for."""
MOST_REDUCTIONS = 100
MOST_CORRECTIONS = 20
LEAST_AREA_M2, MOST_AREA_M2 = 100, 1_000_000_000
MOST_YEARS = 100
MOST_G = 10**15
REMIND_WITHIN = timedelta(days=30)
"""How long before an event's deadline, and after it, its organiser is told; a setting of ours."""
AHEAD, OVERDUE = "ahead", "overdue"


class SchemesRefused(Exception):
    """The file of schemes would mislead."""


class EventStatus(StrEnum):
    """Where an event stands, as anyone may read it."""

    PLANNED = "planned"
    """Its estimate is not closed."""
    ESTIMATED = "estimated"
    """The estimate is closed and owed; the final figure is not known."""
    COUNTED = "counted"
    """The final figure is known, and not all of it is closed."""
    NEUTRAL = "neutral"
    """The final figure is closed, and an attestation stands."""
    LAPSED = "lapsed"
    """It was attested once; the figures have changed, and not all is closed."""
    CALLED_OFF = "called_off"
    """It does not take place."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What of an event has happened so far."""

    estimated: bool = False
    counted: bool = False
    attested: bool = False
    was_attested: bool = False
    called_off: bool = False


_STANDING: tuple[tuple[str, EventStatus], ...] = (
    ("called_off", EventStatus.CALLED_OFF),
    ("attested", EventStatus.NEUTRAL),
    ("was_attested", EventStatus.LAPSED),
    ("counted", EventStatus.COUNTED),
    ("estimated", EventStatus.ESTIMATED),
)


def event_status(progress: Progress) -> EventStatus:
    """Where the event stands: the furthest that has happened."""
    for name, status in _STANDING:
        if getattr(progress, name):
            return status
    return EventStatus.PLANNED


def due_g(figure_g: int, proven_g: int) -> int:
    """What units have to close: the figure in force without what a proven forest of its own took up."""
    return max(figure_g - proven_g, 0)


def is_neutral(counted: bool, owed_g: int) -> bool:
    """Whether an event may be called neutral: on its final figure only, and with nothing owed of it."""
    return counted and owed_g == 0


def deadline(ends_on: date, months: int) -> date:
    """The last day, so many months after an event's own; the month's last where it is shorter."""
    year, month = divmod(ends_on.year * 12 + ends_on.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(ends_on.day, last))


def reminder(last: date, today: date) -> str | None:
    """What an organiser is told today of a deadline: that it is near, or over; None while it is far."""
    if abs(last - today) > REMIND_WITHIN:
        return None
    return OVERDUE if today > last else AHEAD


def ends_to_remind(today: date, months: int) -> tuple[date, date]:
    """Between which days an event ended whose deadline is near; some days more, as months differ."""
    slack = REMIND_WITHIN + timedelta(days=3)
    return deadline(today - slack, -months), deadline(today + slack, -months)


@dataclass(frozen=True)
class Scheme:
    """The rules by which an event becomes neutral; deadlines are keys of factors."""

    key: str
    regions: tuple[str, ...]
    deadline: str
    forest_deadline: str
    ordered: bool
    verified: bool
    told: Mapping[str, Any]

    def deadline_of(self, method: str) -> str:
        """The factor that is the deadline of a method."""
        return self.forest_deadline if method == FOREST else self.deadline


@dataclass(frozen=True)
class Schemes:
    """Kinds of events, schemes, kinds of units in their order, and the terms of a planted forest."""

    kinds: Mapping[str, Mapping[str, Any]]
    schemes: Mapping[str, Scheme]
    units: Sequence[Mapping[str, Any]]
    forest: Mapping[str, Any]

    def scheme_for(self, region: str) -> Scheme:
        """The scheme of a region; the one without regions for all others."""
        fitting = (each for each in self.schemes.values() if not each.regions or region in each.regions)
        return next(fitting)

    @property
    def deadlines(self) -> frozenset[str]:
        """The factors of all deadlines there are."""
        return frozenset(each.deadline_of(method) for each in self.schemes.values() for method in METHODS)

    @property
    def products(self) -> frozenset[str]:
        """Every product that counts as one of the kinds."""
        return frozenset(product for unit in self.units for product in unit["products"])


def read_schemes(document: Mapping[str, Any]) -> Schemes:
    """The file of schemes. Raises `SchemesRefused`."""
    try:
        schemes = {told["key"]: _read_scheme(told) for told in document["scheme"]}
        found = Schemes(
            kinds={told["key"]: told for told in document["kind"]},
            schemes=schemes,
            units=document["unit"],
            forest=document["forest"],
        )
        bound = [*document["scheme"], *document["unit"], document["forest"]]
        sourced = all(each["url"] and isinstance(each["verified"], bool) for each in bound)
    except (KeyError, TypeError, AttributeError) as error:
        raise SchemesRefused(str(error)) from error
    if not sourced or [each.regions for each in schemes.values()].count(()) != 1:
        raise SchemesRefused("every scheme has a source, and one of them is for all regions")
    return found


def _read_scheme(told: Mapping[str, Any]) -> Scheme:
    return Scheme(
        key=told["key"],
        regions=tuple(told["regions"]),
        deadline=told["deadline"],
        forest_deadline=told["forest_deadline"],
        ordered=told["ordered"],
        verified=told["verified"],
        told=told,
    )
