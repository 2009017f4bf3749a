"""What is true of prices and shares. Pure."""

from dataclasses import dataclass

WHOLE_BP = 10_000
"""All of a price, in basis points."""


class NotWholeSteps(ValueError):
    """A quantity or amount that is no whole, positive number of the product's steps."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lot is sold for and who gets it; shown to the buyer. The seller gets what the others leave."""

    product: str
    step_kg: int
    price_fen_per_step: int
    village_holder_id: int | None = None
    village_bp: int = 0
    fee_bp: int = 0

    @property
    def seller_bp(self) -> int:
        """The seller's share in basis points, before rounding in their favour."""
        return WHOLE_BP - self.village_bp - self.fee_bp


@dataclass(frozen=True, slots=True)
class Allotment:
    """An amount of money shared out; the parts sum to it exactly."""

    seller_fen: int
    village_fen: int
    fee_fen: int


def price_fen(quantity_kg: int, step_kg: int, price_fen_per_step: int) -> int:
    """What `quantity_kg` costs. Raises `NotWholeSteps`."""
    steps, odd = divmod(quantity_kg, step_kg)
    if odd or steps <= 0:
        raise NotWholeSteps(f"{quantity_kg} kg in steps of {step_kg} kg")
    return steps * price_fen_per_step


def quantity_kg(amount_fen: int, step_kg: int, price_fen_per_step: int) -> int:
    """What `amount_fen` buys. Raises `NotWholeSteps`: no money is taken that buys nothing."""
    steps, odd = divmod(amount_fen, price_fen_per_step)
    if odd or steps <= 0:
        raise NotWholeSteps(f"{amount_fen} fen in steps of {price_fen_per_step} fen")
    return steps * step_kg


def allot(terms: Terms, amount_fen: int) -> Allotment:
    """Share out `amount_fen`: village and fee are rounded down, the seller gets the rest."""
    village = amount_fen * terms.village_bp // WHOLE_BP
    fee = amount_fen * terms.fee_bp // WHOLE_BP
    return Allotment(amount_fen - village - fee, village, fee)
