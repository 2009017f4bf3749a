"""What one gives for: the occasions in `data/occasions.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "occasions.toml"


@dataclass(frozen=True, slots=True)
class Occasion:
    """An occasion: its name, words to begin with, and the inside of a drawing of 96 by 96."""

    code: str
    name_zh: str
    name_en: str
    greeting_zh: str
    greeting_en: str
    drawing: str


@cache
def occasions() -> dict[str, Occasion]:
    """Every occasion by its code, in the order in which they are offered."""
    told = tomllib.loads(_FILE.read_text("utf-8"))
    return {
        code: Occasion(
            code,
            each["name"]["zh"],
            each["name"]["en"],
            each["greeting"]["zh"],
            each["greeting"]["en"],
            each["drawing"].strip(),
        )
        for code, each in told.items()
    }
