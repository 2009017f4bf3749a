"""From an amount to grams: the one rounding place of this room. A `Decision` can be taken again."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

from app.footprint.rules.methods import Method
from app.footprint.rules.plausibility import CAP_SET, HELD

GRAMS_PER_KG = 1000


DAILY_CAP = "daily_cap"
"""The reason of a credit below what was computed: the scene's day was full."""


def grams_avoided(
    amount: Decimal | Fraction, factor_value: Decimal | Fraction, weight: Decimal = Decimal(1)
) -> int:
    """Grams avoided by `amount` units at `factor_value` kg CO2e a unit, rounded down."""
    return floor(_grams(amount, factor_value, weight))


def grams_emitted(amount: Decimal | Fraction, factor_value: Decimal) -> int:
    """Grams emitted by `amount` units at `factor_value` kg CO2e a unit, rounded up."""
    return ceil(_grams(amount, factor_value, Decimal(1)))


def _grams(amount: Decimal | Fraction, factor_value: Decimal | Fraction, weight: Decimal) -> Fraction:
    """The exact figure; a fraction, because a quotient has no exact decimal."""
    if amount < 0:
        raise ValueError("an amount is never negative")
    return Fraction(amount) * _rate(factor_value, weight)


@lru_cache(maxsize=1024)
def _rate(factor_value: Decimal | Fraction, weight: Decimal) -> Fraction:
    """Grams a unit, exactly; kept, because a handful of factors serve every action."""
    if factor_value < 0 or weight < 0:
        raise ValueError("factor and weight are never negative")
    return Fraction(factor_value) * Fraction(weight) * GRAMS_PER_KG


def credited_g(computed_g: int, before_g: int, cap_g: int) -> int:
    """What of `computed_g` still fits a day that holds `before_g` under `cap_g`."""
    return max(0, min(computed_g, cap_g - before_g))


@dataclass(frozen=True, slots=True)
class Decision:
    """How one action's grams come about; `before_g` is what the scene and day held before it."""

    method: Method
    factor_value: Decimal
    grade: str
    inputs: Mapping[str, Any]
    before_g: int = 0

    @property
    def weight(self) -> Decimal:
        """How much a gram counts by its evidence."""
        return self.method.weights[self.grade]

    @property
    def computed_g(self) -> int:
        """Grams before the cap; of something that grew, the grams of the growth.

        The difference of two rounded figures, so that many small growths give what one large one
        gives and no gram is lost in between.
        """
        grams = self._grams(self.method.measured(self.inputs))
        before = self.inputs.get(f"{self.method.measure}_before", 0)
        return grams - self._grams(before) if before else grams

    @property
    def cap_g(self) -> int:
        """The day's cap: the methodology's, unless a decision has lifted it for this act."""
        return int(self.inputs.get(CAP_SET, self.method.cap_g))

    @property
    def avoided_g(self) -> int:
        """Grams credited; nothing while a limit holds the act."""
        if HELD in self.inputs:
            return 0
        return credited_g(self.computed_g, self.before_g, self.cap_g)

    @property
    def cap_reason(self) -> str | None:
        """Why less was credited than computed; None when nothing was cut."""
        if self.avoided_g == self.computed_g:
            return None
        return HELD if HELD in self.inputs else DAILY_CAP

    def _grams(self, inputs: int) -> int:
        amount = Fraction(inputs, self.method.inputs_per_unit)
        return grams_avoided(amount, self.method.kg_a_unit(self.factor_value), self.weight)
