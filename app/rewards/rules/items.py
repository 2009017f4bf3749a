"""What is true of what points can be redeemed for: kinds, how they are handed out, limits, offers. Pure."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.rewards.rules.spending import MOST_POINTS, Kind


class Supply(StrEnum):
    """How it reaches the person who redeemed it."""

    OWN = "own"
    """A code that we make; its giver marks it used with us."""
    UPLOADED = "uploaded"
    """A code of the giver's, given to us beforehand."""
    PARTNER = "partner"
    """A code that the giver's server issues when it is asked."""
    DELIVERY = "delivery"
    """A parcel."""
    GIVEN = "given"
    """Nothing comes back: what is paid is the thing."""


SUPPLIES: Mapping[Kind, tuple[Supply, ...]] = {
    Kind.COUPON: (Supply.OWN, Supply.UPLOADED, Supply.PARTNER),
    Kind.GOODS: (Supply.DELIVERY, Supply.OWN),
    Kind.TICKET: (Supply.OWN, Supply.UPLOADED, Supply.PARTNER),
    Kind.INTEREST: (Supply.OWN, Supply.UPLOADED, Supply.PARTNER),
    Kind.CHARITY: (Supply.GIVEN,),
}
"""How each kind may be handed out; goods with a code of ours are fetched at the shop."""
KINDS = tuple(SUPPLIES)
PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", re.ASCII)
"""A mobile or landline number of China."""


class Period(StrEnum):
    """Of what a limit for one person counts; they are those of the calendar, in Asia/Shanghai."""

    EVER = "ever"
    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


class Offer(StrEnum):
    """Where an item stands."""

    DRAFT = "draft"
    """Written by one operator, not yet published by another."""
    ANNOUNCED = "announced"
    """Published; its first day is still to come."""
    OPEN = "open"
    SOLD_OUT = "sold_out"
    ENDED = "ended"
    """Its last day is over."""
    WITHDRAWN = "withdrawn"
    HALTED = "halted"
    """Its giver is suspended by a sanction, or the server that would issue it is asked for nothing new."""


__all__ = ["MOST_POINTS", "Kind"]
MOST_STOCK = 1_000_000
MOST_USE_DAYS = 365
MOST_CODES = 5_000
"""In one upload."""
LONGEST_CODE = 64
_LEAST_CODE = 4
_MANGLED = re.compile(r"[='].*|.*\".*|\d(?:\.\d+)?E\+\d+$")
"""What a spreadsheet writes for a code: a formula or quotes that keep its zeros, or a number cut short."""
MOST_UPLOAD_BYTES = 512 * 1024

_STARTS: Mapping[Period, str] = {Period.YEAR: "%Y-01-01", Period.MONTH: "%Y-%m-01", Period.DAY: "%Y-%m-%d"}


def period_start(period: Period, day: date) -> date | None:
    """The first day of the period in which `day` lies; None where everything counts."""
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    form = _STARTS.get(period)
    return date.fromisoformat(day.strftime(form)) if form else None


def offer_of(
    published_at: datetime | None,
    withdrawn_at: datetime | None,
    opens_on: date,
    closes_on: date | None,
    remaining: int | None,
    today: date,
    *,
    halted: bool = False,
) -> Offer:
    """Where an item stands today; `remaining` None is a stock without an end."""
    judged = (
        (withdrawn_at is not None, Offer.WITHDRAWN),
        (published_at is None, Offer.DRAFT),
        (halted, Offer.HALTED),
        (closes_on is not None and closes_on < today, Offer.ENDED),
        (today < opens_on, Offer.ANNOUNCED),
        (remaining == 0, Offer.SOLD_OUT),
    )
    return next((offer for applies, offer in judged if applies), Offer.OPEN)


def lies_in(region: str | None, home: str | None) -> bool:
    """Whether somebody at home in `home` may redeem what is for the people of `region` (None: for all)."""
    return region is None or (home is not None and home.startswith(region))


def read_codes(content: str) -> tuple[list[tuple[int, str, date | None]], list[tuple[int, str]]]:
    """Codes as they are pasted or uploaded, one a line, each with the last day of its use if it has one.

    A line is `code` or `code,YYYY-MM-DD`; a head line that begins with `code` or 券码 is skipped. Gives the
    codes with their lines, and for each other line what is wrong with it (the name of a message).
    """
    good: list[tuple[int, str, date | None]] = []
    faults: list[tuple[int, str]] = []
    seen: set[str] = set()
    for line, told in enumerate(content.lstrip("\ufeff").splitlines(), 1):
        cells = [cell.strip().strip('"').strip() for cell in told.replace("，", ",").split(",")]
        if not any(cells) or (line == 1 and cells[0].casefold() in ("code", "券码", "兑换码")):
            continue
        fault, last_day = _judge(cells, seen)
        if fault:
            faults.append((line, fault))
            continue
        seen.add(cells[0])
        good.append((line, cells[0], last_day))
    return good, faults


def _judge(cells: list[str], seen: set[str]) -> tuple[str | None, date | None]:
    code, *more = cells
    plain = code.isascii() and code.isprintable() and " " not in code
    if not (plain and _LEAST_CODE <= len(code) <= LONGEST_CODE):
        return "rewards.code_line_form", None
    if _MANGLED.match(code):
        return "rewards.code_line_spreadsheet", None
    if code in seen:
        return "rewards.code_line_twice", None
    if len(more) > 1:
        return "rewards.code_line_cells", None
    if not more or not more[0]:
        return None, None
    try:
        return None, date.fromisoformat(more[0])
    except ValueError:
        return "rewards.code_line_day", None


def fingerprint(*terms: object) -> str:
    """What an item's terms are known by: whoever publishes says which terms they have read."""
    return hashlib.sha256("\x1f".join(map(str, terms)).encode()).hexdigest()[:16]
