"""The rulebook of points, as the file of this release tells it."""

import tomllib
from functools import cache
from pathlib import Path

from app.rewards.rules.rulebook import Rulebook, read_rulebook

FILE = Path(__file__).parent.parent / "data" / "rulebook.toml"


@cache
def rulebook() -> Rulebook:
    """The rules in force; read once."""
    return read_rulebook(tomllib.loads(FILE.read_text("utf-8")))
