"""The terms of a new lot, and how many a seller may have: asked by every door that units are sold by."""

from sqlalchemy import func, select, text

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.errors import (
    QuantityNotSold,
    ResaleClosed,
    SellerUnknown,
    SharesRegistered,
    TooManyLots,
)
from app.registry.models import Lot, OpenLot
from app.registry.queries.lots import LotFacts
from app.registry.queries.sales import list_sale_terms
from app.registry.rules import NotWholeSteps, Terms, price_fen
from app.registry.services.acts import By
from app.registry.services.lots import open_lot

_ALONE = text("SELECT pg_advisory_xact_lock(7304219, (:holder % 2147483647)::integer)")


def decide_terms(
    seller_id: int,
    issuance_id: int,
    price_fen_per_step: int,
    village: str | None = None,
    village_bp: int = 0,
) -> Terms:
    """The terms on which a holder sells units of an issuance; `village` is a code, where one is named.

    Raises `SellerUnknown` for who may not sell and for a village that is none, `ResaleClosed`, and
    `SharesRegistered` for another share than the right holders registered.
    """
    sale = list_sale_terms([(seller_id, issuance_id)]).get((seller_id, issuance_id))
    if sale is None:
        raise SellerUnknown()
    if not sale.open:
        raise ResaleClosed()
    chosen = (_village(village) if village_bp else None, village_bp) if village is not None else (None, 0)
    if sale.registered:
        registered = (sale.village_holder_id, sale.village_bp)
        if village is not None and chosen != registered:
            raise SharesRegistered(village_bp=sale.village_bp)
        chosen = registered
    return Terms(sale.product, sale.step_kg, price_fen_per_step, chosen[0], chosen[1], sale.fee_bp)


def _village(code: str) -> int:
    village = accounts.find_holder(code)
    if village is None or village.kind != "village":
        raise SellerUnknown()
    return village.id


def require_room(seller_id: int) -> None:
    """Refuse one more lot to a seller who has as many as they may; before anything of theirs is locked.

    Lots that are opened at once are counted too. Raises `TooManyLots`.
    """
    db.session.execute(_ALONE, {"holder": seller_id})
    standing = select(func.count()).select_from(OpenLot).join(Lot, Lot.id == OpenLot.lot_id)
    if (db.session.scalar(standing.where(Lot.seller_holder_id == seller_id)) or 0) >= rules.MOST_OPEN_LOTS:
        raise TooManyLots(most=rules.MOST_OPEN_LOTS)


def require_whole_steps(terms: Terms, quantity_kg: int) -> None:
    """Refuse what could not be sold to the end. Raises `QuantityNotSold`."""
    try:
        price_fen(quantity_kg, terms.step_kg, terms.price_fen_per_step)
    except NotWholeSteps as fault:
        raise QuantityNotSold(step_kg=terms.step_kg, price_fen=terms.price_fen_per_step) from fault


def open_on(block_id: int, quantity_kg: int, terms: Terms, by: By) -> LotFacts:
    """Open a lot on these terms. Raises what `open_lot` raises, `QuantityNotSold` for a part of a step."""
    require_whole_steps(terms, quantity_kg)
    return open_lot(block_id, quantity_kg, terms, by)
