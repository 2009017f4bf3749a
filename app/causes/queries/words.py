"""The words of participants' lists, means of travel and cities, as the files of this release tell them."""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from app.causes.rules.distances import Cities, City, Detour
from app.causes.rules.lists import Head, plain
from app.causes.rules.participants import Means, Words
from app.kit.messages import LANGUAGES

_DATA = Path(__file__).parent.parent / "data"
FILE, CITIES = _DATA / "participants.toml", _DATA / "cities.csv"
REQUIRED = "there"
"""The column without which a file is no list of participants."""


@cache
def document() -> Mapping[str, Any]:
    """The file as it stands; read once."""
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def words() -> Words:
    """Everything that a list may say; read once."""
    told = document()
    return Words(
        head=Head(_by_word(told["column"]), REQUIRED),
        means={each["key"]: _means(each) for each in told["means"]},
        means_words=_by_word(told["means"]),
        attendance_words=_by_word(told["attendance"]),
        answer_words=_by_word(told["answer"]),
        detours={each["key"]: _detour(each) for each in told["detour"]},
        cities=cities(),
    )


@cache
def cities() -> Cities:
    """The cities that are known; read once."""
    with CITIES.open(encoding="utf-8", newline="") as lines:
        return Cities(
            City(
                row["code"],
                row["name_zh"],
                row["short_zh"],
                row["name_en"],
                row["province_zh"],
                float(row["latitude"]),
                float(row["longitude"]),
            )
            for row in csv.DictReader(lines)
        )


@cache
def columns() -> Mapping[str, Mapping[str, Any]]:
    """What the file says of each column, by its key, in the template's order."""
    return {each["key"]: each for each in document()["column"]}


def column_name(key: str, language: str) -> str:
    """A column as the template calls it."""
    return str(columns()[key][language][0])


def _by_word(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each word of each entry with its key; one word for two of them is refused."""
    found: dict[str, str] = {}
    for each in entries:
        for word in (each["key"], *each["zh"], *each["en"]):
            if found.setdefault(plain(word), each["key"]) != each["key"]:
                raise ValueError(f"{word} names both {found[plain(word)]} and {each['key']}")
    return found


def _means(told: Mapping[str, Any]) -> Means:
    note = {lang: told[f"note_{lang}"] for lang in LANGUAGES} if "note_zh" in told else None
    names = {lang: told[lang][0] for lang in LANGUAGES}
    return Means(told["key"], told.get("item"), told.get("detour"), names, note)


def _detour(told: Mapping[str, Any]) -> Detour:
    source = {lang: told[f"source_{lang}"] for lang in LANGUAGES}
    return Detour(told["key"], Decimal(told["value"]), told["tier"], told["verified"], source, told["url"])
