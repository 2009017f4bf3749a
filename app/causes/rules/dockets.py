"""What a ruling orders, by when, and whether it is carried out 生态司法. Pure.

A ruling says what is owed in one of two ways. *Tonnes first*: the loss, measured, times a multiplier.
*Money first*: yuan, turned into tonnes at a day's price, or spent at the price of the day of each purchase.
What it says in tonnes, assessed or at a price, is measured in grams; what it says in money alone, in fen.
How tonnes are rounded differs from court to court and changes what is owed, so it is a term of the ruling
that whoever records it must choose; nothing is assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

KG_G, TONNE_G = 1_000, 1_000_000
MOST_LOSS_G = 1_000_000 * TONNE_G
"""A million tonnes, more than seven times what all of Fujian's courts had ordered in 135 cases by 2023
(platforms: S1): beyond it somebody took kilograms for tonnes."""
MOST_MULTIPLIER = Fraction(10)
"""The published multiplier is 2; ten times a loss is a slip of the pen."""
MOST_FEN = 100_000_000_00
MOST_PRICE_FEN_PER_T = 1_000_000
"""10,000 yuan a tonne; the highest price found in a case is 332 (将乐, 2021)."""
MOST_INSTALMENTS = 36
LONGEST_TERM = timedelta(days=3_660)
"""Ten years: a deadline beyond it is a slip of the pen."""

TONNES, MONEY = "tonnes", "money"
BASES = (TONNES, MONEY)
GRAMS, FEN = "grams", "fen"


class Rounding(NamedTuple):
    """How tonnes are rounded: the loss up to `loss_step_g` first, then the result to `step_g`."""

    step_g: int
    up: bool
    loss_step_g: int = 1


ROUNDINGS: Mapping[str, Rounding] = {
    # A unit is a kilogram: the least that any ruling is rounded up to here.
    "kilogram": Rounding(KG_G, up=True),
    # 长阳, 2024: 1,500 yuan are told as 16.18 t. Source: 中国环境 2024-07-18 (platforms: J6, grade C).
    "hundredth": Rounding(TONNE_G // 100, up=False),
    # 仙游, 2023: 441 t. Source: 东南网 2023-08-16 (platforms: J4, grade C).
    "tonne": Rounding(TONNE_G, up=True),
    # 南靖, 2022: a loss of 47.07 t, bought twice over: 96 t. The report says no rule: 47.07 x 2 = 94.14, and
    # rounding that up gives 95. Every tonne of loss begun, counted whole, then doubled (48 x 2) gives 96, as
    # buying in lots of two tonnes does, which is the same. Source: 福建日报 2022-11-14 (platforms: J2, grade
    # B); the rule is our reading of its figures.
    "loss_tonne": Rounding(KG_G, up=True, loss_step_g=TONNE_G),
}
"""The ways to round that are known, each from the case or unit it was found in."""
PRICE_ROUNDINGS = tuple(name for name, each in ROUNDINGS.items() if each.loss_step_g == 1)
"""Those that fit money, which has no loss in tonnes to round."""


def grams_of_loss(loss_g: int, multiplier: Fraction, rounding: str) -> int:
    """What is owed for a loss, times the multiplier, rounded as the ruling says."""
    rule = ROUNDINGS[rounding]
    return _rounded(_up(Fraction(loss_g), rule.loss_step_g) * multiplier, rule)


def grams_of_money(amount_fen: int, price_fen_per_t: int, rounding: str) -> int:
    """What an amount buys at a price a tonne, rounded as the ruling says."""
    return _rounded(Fraction(amount_fen * TONNE_G, price_fen_per_t), ROUNDINGS[rounding])


def _rounded(exact: Fraction, rule: Rounding) -> int:
    if rule.up:
        return _up(exact, rule.step_g)
    return floor(exact / rule.step_g + Fraction(1, 2)) * rule.step_g


def _up(exact: Fraction, step_g: int) -> int:
    return ceil(exact / step_g) * step_g


class Instalment(NamedTuple):
    """A part of what is owed, in grams or fen, and the last day in Asia/Shanghai on which it is in time."""

    due_on: date
    part: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided: how much, how it was found, by when. Multiplier and price are of one basis each."""

    basis: str
    ruled_on: date
    legal_basis: str
    instalments: tuple[Instalment, ...]
    rounding: str | None = None
    loss_g: int | None = None
    multiplier: Fraction | None = None
    amount_fen: int | None = None
    price_fen_per_t: int | None = None
    price_source: str | None = None
    priced_on: date | None = None

    @property
    def measure(self) -> str:
        """Whether it is grams or fen that must be reached."""
        return FEN if self.basis == MONEY and self.price_fen_per_t is None else GRAMS

    @property
    def ordered_g(self) -> int | None:
        """Grams ordered; None where the ruling names only money. It must be sound (`ruling_fault`)."""
        if self.basis == TONNES:
            return grams_of_loss(self.loss_g or 0, self.multiplier or Fraction(), self.rounding or "")
        if self.price_fen_per_t is None:
            return None
        return grams_of_money(self.amount_fen or 0, self.price_fen_per_t, self.rounding or "")

    @property
    def ordered(self) -> int:
        """What is ordered, in what it is measured in."""
        grams = self.ordered_g
        return (self.amount_fen or 0) if grams is None else grams


class Fault(NamedTuple):
    """What is wrong with a ruling: the field, and the message that says it (`causes.docket_<name>`)."""

    field: str
    name: str


def ruling_fault(ruling: Ruling, today: date) -> Fault | None:
    """The first thing that cannot be so in a ruling; None when it is sound."""
    found = _basis_fault(ruling) or _price_fault(ruling, today) or _rounding_fault(ruling)
    if found is None and ruling.ruled_on > today:
        found = Fault("ruled_on", "ruled_ahead")
    if found is None and not 0 < ruling.ordered <= (MOST_FEN if ruling.measure == FEN else MOST_ORDERED_G):
        found = Fault("loss" if ruling.basis == TONNES else "amount", "orders_nothing")
    return found or instalments_fault(ruling)


MOST_ORDERED_G = int(MOST_LOSS_G * MOST_MULTIPLIER)


def _basis_fault(ruling: Ruling) -> Fault | None:
    if ruling.basis == TONNES:
        if ruling.loss_g is None or not 0 < ruling.loss_g <= MOST_LOSS_G:
            return Fault("loss", "loss")
        if ruling.multiplier is None or not 0 < ruling.multiplier <= MOST_MULTIPLIER:
            return Fault("multiplier", "multiplier")
    elif ruling.amount_fen is None or not 0 < ruling.amount_fen <= MOST_FEN:
        return Fault("amount", "amount")
    return None


def _rounding_fault(ruling: Ruling) -> Fault | None:
    fitting = tuple(ROUNDINGS) if ruling.basis == TONNES else PRICE_ROUNDINGS
    unfit = ruling.measure == GRAMS and ruling.rounding not in fitting
    return Fault("rounding", "rounding") if unfit else None


def _price_fault(ruling: Ruling, today: date) -> Fault | None:
    price = ruling.price_fen_per_t
    if price is None:
        return None
    if not 0 < price <= MOST_PRICE_FEN_PER_T:
        return Fault("price", "price")
    if ruling.price_source is None:
        return Fault("price_source", "price_source")
    if ruling.priced_on is None or ruling.priced_on > today:
        return Fault("priced_on", "priced_on")
    return None


def instalments_fault(ruling: Ruling) -> Fault | None:
    """What is wrong with how a ruling is to be carried out in parts."""
    parts = ruling.instalments
    days = [each.due_on for each in parts]
    step = KG_G if ruling.measure == GRAMS else 1
    if not 0 < len(parts) <= MOST_INSTALMENTS:
        return Fault("instalments", "instalments_count")
    if any(each.part <= 0 or each.part % step for each in parts):
        return Fault("instalments", "instalment_part")
    if days[0] < ruling.ruled_on:
        return Fault("instalments", "deadline_before_ruling")
    if any(later <= earlier for earlier, later in pairwise(days)):
        return Fault("instalments", "instalments_order")
    if days[-1] - ruling.ruled_on > LONGEST_TERM:
        return Fault("instalments", "deadline_too_late")
    if sum(each.part for each in parts) != ruling.ordered:
        return Fault("instalments", "instalments_sum")
    return None


@dataclass(frozen=True, slots=True)
class Stand:
    """One instalment against what has been done so far: `open_part` is missing of it."""

    number: int
    due_on: date
    part: int
    open_part: int
    state: str


REMIND_WITHIN = timedelta(days=7)
"""How long before a deadline the party is reminded of it; a setting of ours, no rule of law."""
DONE, AHEAD, LAST_DAY, OVERDUE, LATER = "done", "ahead", "last_day", "overdue", "later"
REMINDERS = (AHEAD, LAST_DAY, OVERDUE)
"""States in which somebody is told of an instalment, each once."""


def stands(instalments: Sequence[Instalment], done: int, today: date) -> list[Stand]:
    """Where each instalment stands when `done` has been reached in all; the earliest is served first."""
    told = []
    for number, each in enumerate(instalments, 1):
        open_part = max(0, each.part - max(0, done))
        done -= each.part
        told.append(Stand(number, each.due_on, each.part, open_part, _state(each.due_on, open_part, today)))
    return told


def _state(due_on: date, open_part: int, today: date) -> str:
    if not open_part:
        return DONE
    if today >= due_on:
        return OVERDUE if today > due_on else LAST_DAY
    return AHEAD if due_on - today <= REMIND_WITHIN else LATER


def wanted_now(standing: Sequence[Stand]) -> int:
    """What is missing of everything that is due by the earliest open instalment; 0 when nothing is."""
    return next((each.open_part for each in standing if each.open_part), 0)
