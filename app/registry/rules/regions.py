"""What is true of administrative regions 行政区划: codes, levels, and reading a whole table of them. Pure.

Sources: GB/T 2260 (province, city, county: six digits), GB/T 10114 (three more for townships: 001-099
subdistricts, 100-199 towns, 200-399 townships, 400-599 others), and the National Bureau of Statistics'
three more for communities (001-199) and villages (200-399). Nothing is given out from 900 on, so samples
lie there.
"""

import csv
import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
"""The five levels by the number of digits of their codes; a region lies in every one it begins with."""
DIGITS = tuple(LEVELS)
VILLAGE_DIGITS = DIGITS[-1]
LONGEST_NAME = 60
MOST_FAULTS = 20
"""Faults that are told at once; after those the file is not read further."""

_CODE = re.compile(r"[1-9][0-9](?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{3}(?:[0-9]{3})?)?)?)?")
_NO_COUNTIES = re.compile(r"[0-9]{4}00")
_SAMPLE = re.compile(r"(?:[0-9]{6}|[0-9]{9})9[0-9]{2}")
_COLUMNS = ("code", "name_zh", "name_en")


class RegionRow(NamedTuple):
    """One region as it is to be loaded."""

    code: str
    name_zh: str
    name_en: str | None = None


class Fault(NamedTuple):
    """What is wrong with a line of a table of regions; `name` is a message of the catalogue."""

    line: int
    name: str
    written: str


class TableFaulty(ValueError):
    """A table of regions that cannot be loaded; nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults, the first in line {faults[0].line}")
        self.faults = faults


def is_code(written: str) -> bool:
    """Whether this is written as a region's code: 2, 4, 6, 9 or 12 digits."""
    return _CODE.fullmatch(written) is not None


def level_of(code: str) -> str:
    """The level of a code."""
    return LEVELS[len(code)]


def path_of(code: str) -> list[str]:
    """The codes of the regions that a region lies in, the largest first, without itself."""
    return [code[:digits] for digits in DIGITS if digits < len(code)]


def parent_of(code: str) -> str | None:
    """The code of the next larger region; None for a province."""
    path = path_of(code)
    return path[-1] if path else None


def is_sample(code: str) -> bool:
    """Whether a code can only be a sample's: no standard gives it out."""
    return _SAMPLE.fullmatch(code) is not None


def unpadded(code: str) -> str:
    """A code without the zeros that fill it up to six or twelve digits: `350700`, `350721105000`."""
    for digits in DIGITS:
        if digits < len(code) and not code[digits:].strip("0") and len(code) in (6, 12):
            return code[:digits]
    return code


def read_table(lines: Iterable[str], known: Container[str]) -> list[RegionRow]:
    """The regions of a CSV table with the columns code, name_zh and, if there is one, name_en.

    Codes are written short (35, 3507, 350721 …) or all of them filled up with zeros, as the standard
    and the yearly table of the Bureau of Statistics do; parents may come later or be `known` already.
    A city without counties 直筒子市 (441900) gets the county that its townships' codes say.
    Raises `TableFaulty` with the line of each fault.
    """
    reader = csv.reader(lines, strict=True)
    written = list(_written(reader))
    short = any(len(code) in (2, 4) for _, code, _, _ in written)
    faults: list[Fault] = []
    rows: dict[str, tuple[int, RegionRow]] = {}
    for line, code_written, name_zh, name_en in written:
        code = code_written if short else unpadded(code_written)
        fault = _fault(code, name_zh, name_en, code in rows)
        if fault:
            faults.append(Fault(line, fault, code_written))
        else:
            rows[code] = (line, RegionRow(code, name_zh, name_en or None))
    _add_counties(rows, known)
    faults += [
        Fault(line, "region_orphan", code)
        for code, (line, _) in rows.items()
        if (parent := parent_of(code)) is not None and parent not in rows and parent not in known
    ]
    if faults:
        raise TableFaulty(sorted(faults)[:MOST_FAULTS])
    return [row for _, row in sorted(rows.values(), key=lambda each: (len(each[1].code), each[1].code))]


def _written(reader: Iterator[list[str]]) -> Iterator[tuple[int, str, str, str]]:
    """Line, code and names of each row. Raises `TableFaulty` for what is no such table."""
    line = 0
    try:
        for line, cells in enumerate(reader, 1):
            cells = [cell.strip() for cell in cells]
            if line == 1:
                if tuple(cells) not in (_COLUMNS, _COLUMNS[:2]):
                    raise TableFaulty([Fault(1, "region_header", ",".join(cells)[:LONGEST_NAME])])
                width = len(cells)
            elif len(cells) != width:
                raise TableFaulty([Fault(line, "region_columns", ",".join(cells)[:LONGEST_NAME])])
            else:
                yield line, cells[0], cells[1], cells[2] if width > 2 else ""
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableFaulty([Fault(line + 1, "region_unreadable", str(error)[:LONGEST_NAME])]) from error
    if line < 2:
        raise TableFaulty([Fault(1, "region_empty", "")])


def _fault(code: str, name_zh: str, name_en: str, twice: bool) -> str | None:
    """What is wrong with one row by itself, as a message's name."""
    names = (name_zh, name_en)
    tests = (
        (not is_code(code), "region_code"),
        (twice, "region_twice"),
        (not name_zh, "region_nameless"),
        (any(len(name) > LONGEST_NAME for name in names), "region_long"),
        (not all(name.isprintable() for name in names), "region_unprintable"),
    )
    return next((name for wrong, name in tests if wrong), None)


def _add_counties(rows: dict[str, tuple[int, RegionRow]], known: Container[str]) -> None:
    """Give each city without counties one of the same name, where a township's code asks for it."""
    asked = {code[:6]: line for code, (line, _) in rows.items() if len(code) > 6}
    for county, line in asked.items():
        city = rows.get(county[:4])
        if _NO_COUNTIES.fullmatch(county) and city and county not in rows and county not in known:
            rows[county] = (line, city[1]._replace(code=county))
