"""Selling by those who hold units: a lot is opened from their free blocks, and closed by them alone."""

from dataclasses import dataclass

from sqlalchemy import func, select, text

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit.database import db
from app.registry import queries, rules
from app.registry.errors import (
    BlockNotFree,
    NotTheSeller,
    QuantityNotSold,
    SellerUnknown,
    SharesRegistered,
    TooManyLots,
)
from app.registry.models import Block, Issuance, Lot, OpenLot, Project
from app.registry.queries import Listing
from app.registry.queries.dossiers import first_sale_sharing
from app.registry.queries.market import may_be_offered
from app.registry.rules import STEP_KG, NotWholeSteps, Terms, fee_bp
from app.registry.services.lots import close_lot, open_lot

_ALONE = text("SELECT pg_advisory_xact_lock(7304219, (:holder % 2147483647)::integer)")


@dataclass(frozen=True, slots=True)
class Offering:
    """What a seller puts on sale: units of one issuance, their price, and a village's share if any.

    `product` may say what the units are, and must be right. `village` is the code of a village's books;
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


def sell(seller_id: int, offering: Offering) -> Listing:
    """Open a lot from the seller's smallest free block that holds as much.

    Raises `SellerUnknown` for who may not sell and for a village that is none, `SharesRegistered` for other
    shares than the project's right holders have, `TooManyLots`,
    `BlockNotFree` when no block of theirs holds as much, `QuantityNotSold` for a part of a step.
    """
    terms = _terms(seller_id, offering)
    db.session.execute(_ALONE, {"holder": seller_id})  # lots opened at once are counted too
    standing = select(func.count()).select_from(OpenLot).join(Lot, Lot.id == OpenLot.lot_id)
    if (db.session.scalar(standing.where(Lot.seller_holder_id == seller_id)) or 0) >= rules.MOST_OPEN_LOTS:
        raise TooManyLots(most=rules.MOST_OPEN_LOTS)
    block_id = _free_block(seller_id, offering)
    if block_id is None:
        raise BlockNotFree()
    try:
        lot = open_lot(block_id, offering.quantity_kg, terms)
    except NotWholeSteps as fault:
        raise QuantityNotSold(step_kg=terms.step_kg, price_fen=terms.price_fen_per_step) from fault
    return queries.get_lot(lot.code)


def sell_for(operator_id: int, seller_code: str, offering: Offering) -> Listing:
    """Open a lot on behalf of a village or another holder that has no way in.

    Raises as `sell`, and `SellerUnknown` for a person.
    """
    seller = accounts.find_holder(seller_code)
    if seller is None or seller.kind == "person":  # a person has a way in, and sells by their own hand
        raise SellerUnknown()
    lot = sell(seller.id, offering)
    audit.record(
        operator_id,
        "lot_opened",
        lot.code,
        {
            "seller": seller.code,
            "quantity_kg": offering.quantity_kg,
            "price_fen": offering.price_fen_per_step,
            "village_bp": offering.village_bp,
        },
    )
    return lot


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


def _terms(seller_id: int, offering: Offering) -> Terms:
    seller = accounts.list_holders([seller_id]).get(seller_id)
    if seller is None or seller.kind not in rules.SELLERS:
        raise SellerUnknown()
    product = offering.product or queries.find_product(offering.project)
    if product is None:
        raise BlockNotFree()
    village = None
    if offering.village is not None:
        village = accounts.find_holder(offering.village)
        if village is None or village.kind != "village":
            raise SellerUnknown()
    chosen: tuple[int | None, int] = (None, 0)
    if village is not None and offering.village_bp:
        chosen = (village.id, offering.village_bp)
    fee = fee_bp(seller.kind)
    registered = first_sale_sharing(seller_id, offering.project, offering.vintage)
    if registered is not None:
        shares = (registered.village_holder_id, registered.village_bp)
        if offering.village is not None and chosen != shares:
            raise SharesRegistered(village_bp=registered.village_bp)
        chosen, fee = shares, registered.fee_bp
    return Terms(
        product=product,
        step_kg=STEP_KG[product],
        price_fen_per_step=offering.price_fen_per_step,
        village_holder_id=chosen[0],
        village_bp=chosen[1],
        fee_bp=fee,
    )


def _free_block(seller_id: int, offering: Offering) -> int | None:
    quantity = Block.last_serial - Block.first_serial + 1
    return db.session.scalar(
        select(Block.id)
        .join(Issuance, Issuance.id == Block.issuance_id)
        .join(Project, Project.id == Issuance.project_id)
        .where(
            Block.holder_id == seller_id,
            may_be_offered(),
            Project.code == offering.project,
            Issuance.vintage == offering.vintage,
            quantity >= offering.quantity_kg,
        )
        .order_by(quantity, Block.id)
        .limit(1)
    )
