"""Levels 等级: how far somebody has come by what they avoided in their life. Pure.

The grams are those of the books. Nothing spends them, so no level falls by redeeming or giving; only an act
that is withdrawn takes its grams back.
"""

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "levels.toml"


@dataclass(frozen=True, slots=True)
class Level:
    """A level: its place from 0 on, the grams from which it is held, and the inside of a drawing."""

    number: int
    code: str
    name_zh: str
    name_en: str
    from_g: int
    drawing: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: the level held, the one that comes next, and the grams that decide it."""

    avoided_g: int
    level: Level
    following: Level | None

    @property
    def lacking_g(self) -> int:
        """Grams to the next level; 0 on the last."""
        return self.following.from_g - self.avoided_g if self.following else 0

    @property
    def percent(self) -> int:
        """How much of the way from this level to the next is gone, rounded down; 100 on the last."""
        if self.following is None:
            return 100
        return (self.avoided_g - self.level.from_g) * 100 // (self.following.from_g - self.level.from_g)


@cache
def levels() -> tuple[Level, ...]:
    """Every level, the first one first."""
    told = tomllib.loads(_FILE.read_text("utf-8"))["level"]
    return tuple(
        Level(
            number,
            each["code"],
            each["name"]["zh"],
            each["name"]["en"],
            each["from_g"],
            each["drawing"].strip(),
        )
        for number, each in enumerate(told)
    )


def level_of(avoided_g: int) -> Standing:
    """Where these grams stand."""
    known = levels()
    place = bisect_right([each.from_g for each in known], avoided_g) - 1
    return Standing(avoided_g, known[place], known[place + 1] if place + 1 < len(known) else None)
