"""The products that units are sold as 产品: their steps, re-trade, and what must be said. Pure.

A product's home is the registry that keeps its serials. Where that is not ours, units come here only
after they were cancelled or immobilised at home, and so can never serve compliance again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

YIYUAN = "yiyuan"
CARBON_TICKET = "carbon_ticket"
FFCER = "ffcer"
CCER = "ccer"
VCS = "vcs"


@dataclass(frozen=True, slots=True)
class Product:
    """One product: units are sold in whole steps, and a buyer may offer them again where `retrade` says so.

    An issuance is a whole number of `face_kg`: a ticket's face says tonnes, 一元碳汇 the kilogram that was
    verified. `home` is the registry that it always comes from, None where it may be issued here; `note` the
    sentence in the catalogue that stands wherever its units are shown.
    """

    name: str
    step_kg: int
    face_kg: int
    retrade: bool
    home: str | None
    note: str


PRODUCTS: Mapping[str, Product] = {
    product.name: product
    for product in (
        # 10 kg for 1 yuan; traded and re-traded. Source: Shunchang forest ecology bank, since March 2020.
        Product(YIYUAN, 10, 1, True, None, "voluntary"),
        # A ticket may be traded, split, pledged and used. Source: 三明林业碳票管理办法（试行）.
        Product(CARBON_TICKET, 1000, 1000, True, None, "voluntary"),
        # The others change hands in their own markets only, which they have left once they are here.
        Product(FFCER, 1000, 1000, False, "FFCER", "ffcer"),
        Product(CCER, 1000, 1000, False, "CCER", "ccer"),
        Product(VCS, 1000, 1000, False, "VERRA", "vcs"),
    )
}
FOREIGN = tuple(name for name, product in PRODUCTS.items() if name != YIYUAN)
"""What may enter from another registry by its proof; a 碳票 where another place has issued it."""


HOME_PRODUCTS = tuple(name for name, product in PRODUCTS.items() if product.home is None)
"""What may be issued here, for a removal that was verified here."""


def notes(sample: bool, product: str = YIYUAN) -> tuple[str, ...]:
    """What must stand wherever units are shown: what they are not, and sample where they are; names."""
    note = PRODUCTS[product].note
    return (note, "sample") if sample else (note,)


def whole_steps(product: str, quantity_kg: int) -> bool:
    """Whether a quantity is a whole, positive number of the product's steps."""
    return quantity_kg > 0 and quantity_kg % PRODUCTS[product].step_kg == 0
