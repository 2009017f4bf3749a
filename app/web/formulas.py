"""How an action's grams came about, as a line that a person can follow with a calculator."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from app.footprint.queries import Action
from app.kit.messages import language


@dataclass(frozen=True)
class Worked:
    """The figures of one action in the order of its formula; `before` is set where a day grew."""

    amount: Decimal
    before: Decimal | None
    unit: str
    factor_g: Decimal
    weight: Decimal
    computed_g: int
    room_g: int
    avoided_g: int

    @property
    def capped(self) -> bool:
        """Whether the day's cap took something away."""
        return self.avoided_g < self.computed_g


def worked(action: Action) -> Worked:
    """An action's figures, in the units that its methodology speaks in; the factor in grams a unit."""
    method, document = action.methodology.method, action.methodology.document
    before = action.inputs.get(f"{method.measure}_before", 0)
    return Worked(
        amount=in_units(method.measured(action.inputs), method.inputs_per_unit),
        before=in_units(before, method.inputs_per_unit) if before else None,
        unit=str(document[f"unit_{language()}"]),
        factor_g=action.methodology.grams_a_unit,
        weight=Decimal(action.weight),
        computed_g=action.computed_g,
        room_g=max(0, action.cap_g - action.before_g),
        avoided_g=action.avoided_g,
    )


def in_units(measured: int, per_unit: int) -> Decimal:
    """A raw input in the formula's unit; exact, since units are powers of ten of the input."""
    share = Fraction(measured, per_unit)
    return Decimal(share.numerator) / Decimal(share.denominator)
