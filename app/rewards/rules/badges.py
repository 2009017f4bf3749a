"""Badges 徽章: what each asks, in words and as a rule, and whether a life so far fulfils it. Pure.

What counts are days, never trips and never money: nobody drives a second time for a badge, and nobody buys
one. A rule is never changed in place: another version counts for those who do not hold the badge yet.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from app.rewards.rules.days import ActiveDays

_FILE = Path(__file__).parent.parent / "data" / "badges.toml"


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge: what it measures (`MEASURES`), how much it asks for, which scenes count, a drawing.

    Without `scenes` every scene counts. `rank` is the metal of its rim: 1 bronze, 2 silver, 3 gold.
    """

    code: str
    version: str
    measure: str
    needed: int
    scenes: tuple[str, ...]
    rank: int
    name_zh: str
    name_en: str
    rule_zh: str
    rule_en: str
    drawing: str

    @property
    def picture(self) -> str:
        """The inside of its drawing with the rim."""
        rim, ground = _METALS[self.rank]
        return (
            f'<circle cx="48" cy="48" r="46" fill="{rim}"/><circle cx="48" cy="48" r="41" fill="{ground}"/>'
            f'<circle cx="48" cy="48" r="38.5" fill="none" stroke="{rim}" stroke-width="1"/>{self.drawing}'
        )


_METALS = {1: ("#b98b5e", "#f8efe5"), 2: ("#9aa8b0", "#f0f4f6"), 3: ("#d9a441", "#fdf5df")}


@dataclass(frozen=True, slots=True)
class Life:
    """All of somebody that badges look at.

    Their days, for how many months they recorded emissions, and whether any forest was retired for them.
    `today` is an ordinal.
    """

    days: ActiveDays
    months_recorded: int
    neutralised: bool
    today: int


MEASURES: Mapping[str, Callable[[Life, Badge], Sequence[int]]] = {
    "days": lambda life, badge: life.days.of(badge.scenes) if badge.scenes else life.days.all,
    "streak": lambda life, badge: life.days.records,
    "scenes": lambda life, badge: life.days.scenes,
    "seasons": lambda life, badge: life.days.seasons,
    "return": lambda life, badge: life.days.returned,
    "months": lambda life, badge: [life.today] * life.months_recorded,
    "forest": lambda life, badge: [life.today] * life.neutralised,
}
"""What a badge may measure: the days on which its figure grew by one, the earliest first."""


@dataclass(frozen=True, slots=True)
class Earned:
    """A badge that was earned: how far its person has come by now, and the day that made it whole."""

    figure: int
    on: date


@cache
def badges() -> dict[str, Badge]:
    """Every badge by its code, in the order in which they are shown."""
    told = tomllib.loads(_FILE.read_text("utf-8"))["badge"]
    return {
        each["code"]: Badge(
            code=each["code"],
            version=each["version"],
            measure=each["measure"],
            needed=each["needed"],
            scenes=tuple(each.get("scenes", ())),
            rank=each["rank"],
            name_zh=each["name"]["zh"],
            name_en=each["name"]["en"],
            rule_zh=each["rule"]["zh"],
            rule_en=each["rule"]["en"],
            drawing=each["drawing"].strip(),
        )
        for each in told
    }


def figure(life: Life, badge: Badge) -> int:
    """How far this life has come in what a badge measures."""
    return len(MEASURES[badge.measure](life, badge))


def earned(life: Life) -> dict[str, Earned]:
    """The badges whose rules this life fulfils, by their codes."""
    grew = {code: MEASURES[badge.measure](life, badge) for code, badge in badges().items()}
    return {
        code: Earned(len(days), date.fromordinal(days[badge.needed - 1]))
        for (code, days), badge in zip(grew.items(), badges().values(), strict=True)
        if len(days) >= badge.needed
    }
