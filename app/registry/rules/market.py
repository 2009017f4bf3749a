"""What is true of the market: prices that compare, wishes 求购, and which lot fits which wish. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.registry.rules.lots import NotWholeSteps
from app.registry.rules.products import PRODUCTS

STEP_KG: Mapping[str, int] = {name: product.step_kg for name, product in PRODUCTS.items()}
"""The step that a product is sold in. Each divides a tonne, so that a tonne's price has no fraction."""
KG_PER_T = 1000
MOST_KG = 1_000_000_000
"""A million tonnes: more than any county grows in a year, so whoever writes more has slipped."""
MOST_FEN_PER_STEP = 100_000_000
"""A million yuan."""
VINTAGES = (2000, 2100)

MOST_OPEN_WISHES = 10
"""What one person may ask for at once: a list that anybody can fill is read by nobody."""
MOST_OPEN_LOTS = 50
MOST_OFFERS = 50
"""Lots that one wish may be offered."""
LONGEST_WISH = timedelta(days=180)

SELLERS = ("village", "household", "organisation", "person")
"""Who may sell. The platform sells nothing of its own, and a buffer pool is never on sale."""
FEE_BP = 1000
"""The platform's share of a sale for which right holders registered none. Our own choice."""
MOST_VILLAGE_BP = 5000

SORTS = ("opened", "newest", "price", "vintage")
WISH_SORTS = ("newest", "price")


def price_fen_per_t(price_fen_per_step: int, step_kg: int) -> int:
    """What a tonne costs, rounded up: the one measure by which lots of different steps compare."""
    return -(-price_fen_per_step * KG_PER_T // step_kg)


def fee_bp(seller_kind: str, *, issued_to_seller: bool, registered_bp: int | None = None) -> int:
    """The platform's share of a sale in basis points.

    As registered with the right holders' shares; else a village pays none for what its own forest took
    up. A re-trade costs what a sale costs: otherwise units would be passed on to be sold for less.
    """
    if registered_bp is not None:
        return registered_bp
    return 0 if seller_kind == "village" and issued_to_seller else FEE_BP


@dataclass(frozen=True, slots=True)
class Offer:
    """A lot on sale as a wish looks at it."""

    product: str
    price_fen_per_t: int
    region: str
    forest_type: str
    vintage: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody wishes to buy; None is no matter. `region` is the beginning of the forest's code."""

    product: str
    most_fen_per_t: int
    region: str | None = None
    forest_type: str | None = None
    vintage_from: int | None = None
    vintage_to: int | None = None


def fits(offer: Offer, wish: Preferences) -> bool:
    """Whether a lot is what the wish asks for. How much it holds is no matter: a part is bought as well."""
    return (
        offer.product == wish.product
        and offer.price_fen_per_t <= wish.most_fen_per_t
        and offer.region.startswith(wish.region or "")
        and wish.forest_type in (None, offer.forest_type)
        and (wish.vintage_from is None or wish.vintage_from <= offer.vintage)
        and (wish.vintage_to is None or offer.vintage <= wish.vintage_to)
    )


def wished_fen_per_t(product: str, quantity_kg: int, most_fen_per_step: int) -> int:
    """The most a wish pays for a tonne. Raises `NotWholeSteps` for a quantity that cannot be bought."""
    step_kg = STEP_KG[product]
    if quantity_kg <= 0 or quantity_kg % step_kg:
        raise NotWholeSteps(f"{quantity_kg} kg in steps of {step_kg} kg")
    return most_fen_per_step * KG_PER_T // step_kg


class WishStatus(StrEnum):
    """Where a wish stands."""

    OPEN = "open"
    FULFILLED = "fulfilled"
    """As much was bought from it as was wished for."""
    WITHDRAWN = "withdrawn"
    """By who wished."""
    EXPIRED = "expired"
    HIDDEN = "hidden"
    """By an operator, with a reason."""


def wish_status(closed_as: str | None, expires_at: datetime, now: datetime) -> WishStatus:
    """Where a wish stands: its time is over when it is over, whether or not a chore has said so."""
    if closed_as is not None:
        return WishStatus(closed_as)
    return WishStatus.OPEN if now < expires_at else WishStatus.EXPIRED
