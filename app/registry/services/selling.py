"""Selling by those who hold units: a lot is opened from their free blocks, and closed by them alone."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit.database import db
from app.registry import queries
from app.registry.errors import BlockNotFree, NotTheSeller, ProductDiffers, SellerUnknown
from app.registry.models import Block, Issuance, Mandate, Project
from app.registry.queries import Listing
from app.registry.queries.serials import get_series
from app.registry.rules import Serials
from app.registry.services.acts import By
from app.registry.services.lots import close_lot
from app.registry.services.mandates import MandateWish, request_mandate
from app.registry.services.terms import decide_terms, open_on, require_room


@dataclass(frozen=True, slots=True)
class Offering:
    """What a seller puts on sale: units of one issuance, their price, and a village's share if any.

    `product` may say what the units are, and must be right. `earlier_kg` says which part of a vintage that
    came in parts: how much of it was issued before. `village` is the code of a village's books;
    whoever sells what was issued to them for a project with registered shares need not name it. The
    platform's fee is a rule, not a term to choose.
    """

    project: str
    vintage: int
    quantity_kg: int
    price_fen_per_step: int
    village: str | None = None
    village_bp: int = 0
    product: str | None = None
    earlier_kg: int | None = None


def sell(seller_id: int, offering: Offering) -> Listing:
    """Open a lot from the seller's smallest free block that holds as much.

    Raises what `decide_terms` raises, `TooManyLots`, `BlockNotFree` when no block of theirs holds as much,
    `ProductDiffers` for another product than they are, `QuantityNotSold` for a part of a step.
    """
    require_room(seller_id)
    found = _free_block(seller_id, offering)
    if found is None:
        raise BlockNotFree()
    terms = decide_terms(
        seller_id, found.issuance_id, offering.price_fen_per_step, offering.village, offering.village_bp
    )
    if offering.product not in (None, terms.product):
        raise ProductDiffers(step_kg=terms.step_kg)
    return queries.get_lot(open_on(found.id, offering.quantity_kg, terms, By(seller_id)).code)


def propose_lot(operator_id: int, seller_code: str, offering: Offering, note: str) -> Mandate:
    """Ask for a lot on behalf of a village or another holder that has no way in; another has to approve it.

    `note` is the document with the seller's word. Raises `SellerUnknown`, also for a person, `BlockNotFree`,
    and what `request_mandate` raises.
    """
    seller = accounts.find_holder(seller_code)
    if seller is None:
        raise SellerUnknown()
    found = _free_block(seller.id, offering)
    if found is None:
        raise BlockNotFree()
    wish = MandateWish(
        kind="offer",
        note=note,
        serial=get_series(found.issuance_id).text(found.serials),
        quantity_kg=offering.quantity_kg,
        price_fen_per_step=offering.price_fen_per_step,
        village=offering.village,
        village_bp=offering.village_bp,
    )
    return request_mandate(operator_id, wish)


def close_own_lot(seller_id: int, code: str) -> int:
    """Take one's own lot off sale; the kilograms that are free again. Raises `LotUnknown`, `NotTheSeller`."""
    lot = queries.get_lot(code)
    if lot.seller_holder_id != seller_id:
        raise NotTheSeller()
    return close_lot(lot.id)


def close_lot_for(operator_id: int, code: str, reason: str) -> int:
    """Take a lot off sale on its seller's word or for another `reason`. Raises `LotUnknown`."""
    unsold_kg = close_lot(queries.get_lot(code).id)
    audit.record(operator_id, "lot_closed", code, {"unsold_kg": unsold_kg, "reason": reason})
    return unsold_kg


def close_sold_out(limit: int = 100) -> int:
    """Close lots of which nothing is left and nothing can come back; returns how many.

    So the market is searched among what is there, however much was ever sold.
    """
    sold_out = queries.list_sold_out(limit)
    for lot_id in sold_out:
        close_lot(lot_id)
    return len(sold_out)


class _Free(NamedTuple):
    """A block that can be put on sale."""

    id: int
    issuance_id: int
    serials: Serials


def _free_block(seller_id: int, offering: Offering) -> _Free | None:
    quantity = Block.last_serial - Block.first_serial + 1
    row = db.session.execute(
        select(Block.id, Block.issuance_id, Block.first_serial, Block.last_serial)
        .join(Issuance, Issuance.id == Block.issuance_id)
        .join(Project, Project.id == Issuance.project_id)
        .where(
            Block.holder_id == seller_id,
            Block.state == "active",
            Block.lot_id.is_(None),
            Block.bound.is_(None),
            Project.code == offering.project,
            Issuance.vintage == offering.vintage,
            quantity >= offering.quantity_kg,
            *(() if offering.earlier_kg is None else (Issuance.earlier_kg == offering.earlier_kg,)),
        )
        .order_by(Issuance.holder_id != seller_id, quantity, Block.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else _Free(row.id, row.issuance_id, Serials(row[2], row[3]))
