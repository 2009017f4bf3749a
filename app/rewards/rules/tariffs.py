"""Tariffs 积分标准: what an act earns, from which programme, and how long points live. Pure.

A point is a fen of the sponsor's money to whoever gives the thing that it is spent on; to its holder it is
neither money nor grams, and cannot be passed on (Shenzhen's rules of carbon inclusion, 2022: at most ten
years, no money nature, no transfer). A tariff never changes backwards: an act earns by the version that was
in force on its day.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

LONGEST_LIFE_MONTHS = 120
"""Ten years, the most that any of the field's rulebooks lets points live (Shenzhen, 2022)."""
NOTICE_DAYS = 30
"""How long before it is in force a tariff that is not the first is announced."""
PENDING_DAYS: Mapping[str, int] = {"measured": 3, "partner": 3, "photo": 7, "declared": 14}
"""How long points wait by the grade of evidence, where a tariff does not say: the weaker the longer."""
RESUME_POINTS = 1_000
"""A programme that had stopped for want of budget goes on by itself when it can promise this many again."""
RETURNED_LIVE_DAYS = 30
"""Points that come back from a spending live at least so long, however late it failed."""


class Nothing(StrEnum):
    """Why an act earned no points."""

    NO_PROGRAMME = "no_programme"
    """No sponsor thanks for such an act, there and then."""
    TOO_SMALL = "too_small"
    """Less than a whole point."""
    EXHAUSTED = "exhausted"
    """The budget of whoever would thank for it is used up."""
    WITHDRAWN = "withdrawn"
    """It was withdrawn before it was thanked for."""


@dataclass(frozen=True)
class Tariff:
    """One version of a programme's tariff; `scenes` overrides grams a point, 0 where nothing is earned."""

    version: int
    valid_from: date
    grams_per_point: int
    scenes: Mapping[str, int] = field(default_factory=dict)
    pending_days: Mapping[str, int] = field(default_factory=lambda: PENDING_DAYS)
    life_months: int = 24

    def points(self, scene: str, avoided_g: int) -> int | None:
        """Whole points for these grams, rounded down; None for a scene that earns nothing."""
        grams = self.scenes.get(scene, self.grams_per_point)
        return avoided_g // grams if grams else None

    def waits(self, grade: str) -> timedelta:
        """How long points of this evidence are pending; the longest wait for a grade it does not know."""
        return timedelta(days=self.pending_days.get(grade, max(self.pending_days.values())))

    def last_day(self, granted_on: date) -> date:
        """The last day on which points granted then can be spent."""
        months = granted_on.year * 12 + granted_on.month - 1 + self.life_months
        year, month = divmod(months, 12)
        return date(year, month + 1, min(granted_on.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Offer:
    """A programme as an act meets it: where and when it thanks, and by which tariffs."""

    programme_id: int
    region: str | None
    begins_on: date
    ends_on: date | None
    tariffs: tuple[Tariff, ...]

    def tariff_on(self, day: date) -> Tariff | None:
        """The version in force on `day`; None before the first and outside the programme's dates."""
        if day < self.begins_on or (self.ends_on is not None and day > self.ends_on):
            return None
        known = [each for each in self.tariffs if each.valid_from <= day]
        return max(known, key=lambda each: each.valid_from, default=None)

    def covers(self, region: str | None) -> bool:
        """Whether somebody at home in `region` is meant; a programme without one means everybody."""
        return self.region is None or (region or "").startswith(self.region)


@dataclass(frozen=True)
class Act:
    """One act that was recorded: whose, its grams, and on what evidence."""

    action_id: int
    holder_id: int
    avoided_g: int
    scene: str
    occurred_on: date
    grade: str


@dataclass(frozen=True)
class Thanks:
    """What an act earns: points of one programme by one version of its tariff, or nothing and why.

    `short` are the programmes that would have thanked for it and had too little left.
    """

    points: int
    programme_id: int | None
    tariff: Tariff | None
    reason: Nothing | None
    short: tuple[int, ...] = ()


def in_order(offers: Iterable[Offer]) -> list[Offer]:
    """Offers as acts meet them: the nearest region first, then the oldest. One act is thanked by one."""
    return sorted(offers, key=lambda each: (-len(each.region or ""), each.begins_on, each.programme_id))


def thanks_for(act: Act, region: str | None, offers: Iterable[Offer], left: Mapping[int, int]) -> Thanks:
    """What `act` earns, by the first offer that can pay it in full from what it has `left` to promise.

    Where only such are left that cannot, the reason is `EXHAUSTED`.
    """
    reason, short = Nothing.NO_PROGRAMME, list[int]()
    for offer in offers:
        tariff = offer.tariff_on(act.occurred_on) if offer.covers(region) else None
        points = tariff.points(act.scene, act.avoided_g) if tariff else None
        if points is None:
            continue
        if points == 0:
            reason = Nothing.TOO_SMALL if reason is Nothing.NO_PROGRAMME else reason
        elif points <= left.get(offer.programme_id, 0):
            return Thanks(points, offer.programme_id, tariff, None, tuple(short))
        else:
            reason = Nothing.EXHAUSTED
            short.append(offer.programme_id)
    return Thanks(0, None, None, reason, tuple(short))
