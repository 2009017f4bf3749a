"""The seeded bugs as data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Bug:
    """One mutation: `old` stands in `file` exactly once and becomes `new`. `why` says what it would cost."""

    name: str
    file: str
    old: str
    new: str
    why: str

    def applied_to(self, source: str) -> str:
        """The source with this bug in it. Raises `Stale` when its place is not there, or not the only one."""
        if source.count(self.old) != 1:
            raise Stale(f"{self.name}: found {source.count(self.old)} times in {self.file}")
        return source.replace(self.old, self.new)


class Stale(Exception):
    """The sources have moved on, and the bug would no longer be one."""


def seeded_bugs() -> list[Bug]:
    """Every bug, in the order of the file."""
    told = tomllib.loads(Path(__file__).with_name("bugs.toml").read_text("utf-8"))
    return [Bug(**each) for each in told["bug"]]
