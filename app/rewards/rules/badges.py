"""Badges 徽章: what each asks, in words and as a rule, and whether a life so far fulfils it. Pure.

What counts are days, never trips and never money: nobody drives a second time for a badge, and nobody buys
one. A rule is never changed in place: another version counts for those who do not hold the badge yet.
"""

import tomllib
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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


MEASURES: Mapping[str, Callable[[Life, Badge], int]] = {
    "days": lambda life, badge: len(life.days.of(badge.scenes) if badge.scenes else life.days.all),
    "streak": lambda life, badge: life.days.streak(life.today).longest,
    "scenes": lambda life, badge: life.days.scenes,
    "seasons": lambda life, badge: life.days.seasons,
    "return": lambda life, badge: life.days.returned,
    "months": lambda life, badge: life.months_recorded,
    "forest": lambda life, badge: int(life.neutralised),
}


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


def progress(life: Life) -> dict[str, int]:
    """How far this life has come in each badge's measure, whatever it asks for."""
    return {code: MEASURES[badge.measure](life, badge) for code, badge in badges().items()}


def earned_on(life: Life, badge: Badge) -> date:
    """The day on which a badge that this life fulfils was earned: the first that made its figure whole.

    More days never make a figure smaller. What is not read from days was earned today.
    """
    days = life.days.all

    def figure(place: int) -> int:
        return MEASURES[badge.measure](replace(life, days=life.days.until(days[place])), badge)

    if not days or MEASURES[badge.measure](replace(life, days=ActiveDays({})), badge) >= badge.needed:
        return date.fromordinal(life.today)
    return date.fromordinal(days[bisect_left(range(len(days)), badge.needed, key=figure)])


def earned(life: Life) -> dict[str, int]:
    """The badges whose rules this life fulfils, each with the figure that does."""
    return {code: figure for code, figure in progress(life).items() if figure >= badges()[code].needed}
