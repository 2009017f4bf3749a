"""What groups compete in: the themes in `data/challenge_themes.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "challenge_themes.toml"


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: what it is called, what it counts in words, and the scenes; none means all."""

    code: str
    name_zh: str
    name_en: str
    says_zh: str
    says_en: str
    scenes: tuple[str, ...]


@cache
def themes() -> dict[str, Theme]:
    """Every theme by its code, in the order in which they are offered."""
    told = tomllib.loads(_FILE.read_text("utf-8"))
    return {
        code: Theme(
            code,
            each["name"]["zh"],
            each["name"]["en"],
            each["says"]["zh"],
            each["says"]["en"],
            tuple(each["scenes"]),
        )
        for code, each in told.items()
    }
