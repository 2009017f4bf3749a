"""Reading a file of factors: every row that may not be loaded is named with its line and why."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

COLUMNS = {
    "key": 60,
    "name_zh": 100,
    "name_en": 100,
    "category": 30,
    "value": 40,
    "unit": 30,
    "region": 20,
    "valid_from": 10,
    "valid_until": 10,
    "source_title": 200,
    "source_ref": 200,
    "source_url": 300,
    "verified": 3,
    "note": 1000,
}
"""The columns in their order, each with its most characters."""
MAY_FOLLOW = "effective_from"
"""A last column that a file may have: the business day from which its changes count."""
_MAY_BE_EMPTY = ("valid_from", "valid_until", "source_ref", "source_url", "note")
DITTO = "同上"
_TIER = re.compile(r"\[([A-E]|calc)\]")
_UNVERIFIABLE = ("D", "E", "calc")
"""One transcription, recollection, arithmetic: these are never shown as official."""
_KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z]{1,4}){0,2}")
_VALUE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


class FactorsRefused(ValueError):
    """A file with rows that may not be loaded; `faults` says line by line which and why."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_factors(file: Path) -> list[dict[str, object]]:
    """The rows of a file, ready to be stored. Raises `FactorsRefused` with every fault there is.

    A title "同上" (ditto) stands for the one above it.
    """
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    title = ""
    for line, told in _lines(file):
        wrong = _faults(told) if isinstance(told, dict) else [told]
        if not isinstance(told, dict) or wrong:
            key = f" {told['key']}" if isinstance(told, dict) and told.get("key") else ""
            faults += [f"{file.name}:{line}:{key} {why}" for why in wrong]
            continue
        if told["key"] in seen:
            faults.append(f"{file.name}:{line}: {told['key']} stands on line {seen[told['key']]} already")
        seen[told["key"]] = line
        title = title if told["source_title"] == DITTO and title else told["source_title"]
        rows.append(_row(len(rows), {**told, "source_title": title}))
    if faults or not rows:
        raise FactorsRefused(faults or [f"{file.name}: holds no factors"])
    return rows


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Each row by its column's names with the line it begins on, or why it cannot be read."""
    names = list(COLUMNS)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            head = next(reader, [])
            if head not in (names, [*names, MAY_FOLLOW]):
                yield 1, f"the columns are not {','.join(names)}"
                return
            line = reader.line_num + 1
            for row in reader:
                if row:
                    fits = len(row) == len(head)
                    yield line, dict(zip(head, row, strict=True)) if fits else f"has {len(row)} columns"
                line = reader.line_num + 1
    except (UnicodeDecodeError, csv.Error) as error:
        yield 1, f"cannot be read: {error}"


def _faults(told: dict[str, str]) -> list[str]:
    """Everything that is wrong with one row."""
    faults = [
        f"{name} is missing" for name in COLUMNS if not told[name].strip() and name not in _MAY_BE_EMPTY
    ]
    faults += [f"{name} is longer than {most}" for name, most in COLUMNS.items() if len(told[name]) > most]
    if any(not character.isprintable() for value in told.values() for character in value):
        faults.append("holds a character that cannot be seen")
    return faults or [fault for check in _CHECKS if (fault := check(told))]


def _row(place: int, told: Mapping[str, str]) -> dict[str, object]:
    """A sound row as it is stored."""
    tier = _TIER.match(told["note"])
    assert tier is not None, "the row was checked"
    # A reference that nobody outside can open is no address; title and reference still stand.
    address = told["source_url"] if told["source_url"].startswith(("https://", "http://")) else None
    return {
        **told,
        "place": place,
        "valid_from": told["valid_from"] or None,
        "valid_until": told["valid_until"] or None,
        "effective_from": told.get(MAY_FOLLOW) or None,
        "source_url": address,
        "verified": told["verified"] == "yes",
        "tier": tier[1],
    }


def _check_names(told: Mapping[str, str]) -> str | None:
    if not _KEY.fullmatch(told["key"]):
        return f"key {told['key']} is not small letters and digits joined by dots"
    return None if _REGION.fullmatch(told["region"]) else f"region {told['region']} is not like CN or CN-FJ"


def _check_value(told: Mapping[str, str]) -> str | None:
    written = told["value"]
    try:
        sound = bool(_VALUE.fullmatch(written)) and Decimal(written) > 0
    except InvalidOperation:
        sound = False
    return None if sound else f"value {written or '(none)'} is not a plain number above zero"


def _check_days(told: Mapping[str, str]) -> str | None:
    days = {name: told.get(name, "") for name in ("valid_from", "valid_until", MAY_FOLLOW)}
    for name, written in days.items():
        try:
            sound = not written or date.fromisoformat(written).isoformat() == written
        except ValueError:
            sound = False
        if not sound:
            return f"{name} {written} is not a day YYYY-MM-DD"
    since, until = days["valid_from"], days["valid_until"]
    if until and not since:
        return "valid_until stands without valid_from"
    return f"valid_until {until} is before valid_from {since}" if until and until < since else None


def _check_evidence(told: Mapping[str, str]) -> str | None:
    tier = _TIER.match(told["note"])
    if tier is None:
        return "the note does not begin with a tier: [A] [B] [C] [D] [E] or [calc]"
    if told["verified"] not in ("yes", "no"):
        return f"verified is {told['verified']}, neither yes nor no"
    if told["verified"] == "yes" and tier[1] in _UNVERIFIABLE:
        return f"tier {tier[1]} cannot be verified"
    return None


def _check_unit(told: Mapping[str, str]) -> str | None:
    # Here and not above: the library of units is for loading, not for every process that serves.
    from app.footprint.rules import units

    try:
        units.check_unit(told["category"], told["unit"])
    except units.UnitsRefused as refused:
        return str(refused)
    return None


_CHECKS: tuple[Callable[[Mapping[str, str]], str | None], ...] = (
    _check_names,
    _check_value,
    _check_days,
    _check_evidence,
    _check_unit,
)
