"""How quantities, money, times and numbers are written for people. Pure.

A no-break space stands between a number and its unit (GB 3100, SI brochure 5.4.3); digits are
grouped by commas as both languages' readers know them; times are Asia/Shanghai's.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from app.kit.clock import SHANGHAI
from app.kit.messages import language

GAP = "\u00a0"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def mass(grams: int) -> tuple[str, str]:
    """Grams as number and unit, exact to the gram: (`12.345`, `kg`); tonnes from 1,000 kg on."""
    for size, unit in ((1_000_000, "t"), (1_000, "kg")):
        if abs(grams) >= size:
            return plain(Decimal(grams) / size), unit
    return f"{grams:,}", "g"


def grams(value: int) -> str:
    """Grams as text: `12.345 kg`."""
    return GAP.join(mass(value))


def kilograms(value: int) -> str:
    """Whole kilograms as text: `10 kg`, `1,200 kg`."""
    return f"{value:,}{GAP}kg"


def kilometres(metres: int) -> str:
    """Metres as kilometres: `12.4 km`."""
    return f"{plain(Decimal(metres) / 1000)}{GAP}km"


def yuan(fen: int) -> str:
    """Money as text: `¥1.00`."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def yuan_exact(fen: Decimal) -> str:
    """A price finer than a fen, in yuan: `¥0.0136`, `¥1.00`."""
    whole, _, part = plain(fen / 100).partition(".")
    return f"¥{whole}.{part.ljust(2, '0')}"


def percent(basis_points: int) -> str:
    """A share in basis points as a percentage: `12.5%`, `100%`."""
    return f"{plain(Decimal(basis_points) / 100)}%"


def plain(value: Decimal | int) -> str:
    """A number without trailing zeros and without an exponent: `0.4211`, `1,200`."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def change(value: int) -> str:
    """A signed whole number: `+296`, `−80`."""
    return f"+{value:,}" if value > 0 else f"{value:,}".replace("-", "−")


def moment(at: datetime) -> str:
    """A time to the minute in Shanghai: `2026-11-21 08:30`."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def day(at: datetime) -> str:
    """The day of a time in Shanghai: `2026-11-21`."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}"


def when(written: str) -> str:
    """A time as the public log writes it, to the minute in Shanghai."""
    return moment(datetime.fromisoformat(written))


def last_day(end: datetime) -> str:
    """The last day in Shanghai of a time that ends at `end`."""
    return day(end - timedelta(microseconds=1))


def second(at: datetime) -> str:
    """A time to the second in Shanghai, with its offset."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S} UTC+8"


def short_day(day: date) -> str:
    """A day of this year: `11月21日`, `21 Nov`."""
    return f"{day.month}月{day.day}日" if language() == "zh" else f"{day.day} {_MONTHS[day.month - 1]}"


def month_name(month: str) -> str:
    """A month `2026-11` as people say it: `2026年11月`, `Nov 2026`."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year}年{number}月" if language() == "zh" else f"{_MONTHS[number - 1]} {year}"


def grouped(number: str) -> str:
    """A certificate's number in groups of four, the check character for itself."""
    body, check = number[:-1], number[-1:]
    return "-".join([*(body[start : start + 4] for start in range(0, len(body), 4)), check])


def in_language(chinese: str | None, english: str | None) -> str:
    """Whichever of two texts the reader's language asks for, or the one there is."""
    first, second_choice = (chinese, english) if language() == "zh" else (english, chinese)
    return first or second_choice or ""


def unit(written: str) -> str:
    """A factor's unit as it is set in print: `kgCO2/p.km` becomes `kg CO₂/p·km`."""
    spaced = re.sub(r"\b(kg|g|t)CO2", rf"\1{GAP}CO₂", written)
    return spaced.replace("m3", "m³").replace(".", "·").replace("_", " ")


def with_code(text: str) -> Markup:
    """Text whose parts in backticks are set as code; everything else is escaped."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


FILTERS: dict[str, Callable[..., Any]] = {
    "mass": mass,
    "grams": grams,
    "kilograms": kilograms,
    "kilometres": kilometres,
    "yuan": yuan,
    "yuan_exact": yuan_exact,
    "percent": percent,
    "plain": plain,
    "change": change,
    "moment": moment,
    "day": day,
    "last_day": last_day,
    "second": second,
    "when": when,
    "short_day": short_day,
    "month_name": month_name,
    "grouped": grouped,
    "unit": unit,
    "with_code": with_code,
    "whole": lambda value: f"{value:,}",
}
