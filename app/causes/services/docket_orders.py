"""Buying what a ruling asks for: by its parties over their link, or by bank on a clerk's word."""

from dataclasses import dataclass, replace
from datetime import timedelta

from app.causes.errors.dockets import BeyondRuling, DocketMoved, LotUnfit
from app.causes.models.dockets import Docket
from app.causes.queries.courts import Scope
from app.causes.queries.docket_lots import ALL, NOW, fits_lot, steps_kg
from app.causes.queries.dockets import docket_facts
from app.causes.services.dockets import lock_by_link, lock_docket
from app.offsets.queries import OrderFacts
from app.offsets.services.orders import Wish, place_order, require_few_unpaid
from app.offsets.services.transfers import place_transfer_order
from app.registry import queries as registry


@dataclass(frozen=True, slots=True)
class Purchase:
    """From which lot how much: a quantity, what this instalment still lacks, or all that is open."""

    lot: str
    quantity_kg: int | None = None
    part: str = NOW


def buy_for_docket(
    holder_id: int, link: str, purchase: Purchase, reservation: timedelta, most_unpaid: int
) -> OrderFacts:
    """Place an order for the case behind a link; whoever pays, the case's due is closed.

    Raises `DocketUnknown`, `DocketMoved` while nothing is to be bought, `LotUnfit`, `BeyondRuling`, and what
    `place_order` refuses.
    """
    docket = lock_by_link(link)
    wish = _wish(docket, purchase)
    require_few_unpaid(holder_id, most_unpaid)
    return place_order(holder_id, replace(wish, admitted=True), reservation)


def order_by_bank(
    operator_id: int, scope: Scope, code: str, purchase: Purchase, reservation: timedelta
) -> OrderFacts:
    """Place an order that a party pays by bank; the case itself is its holder, since nobody signs in.

    Raises what `buy_for_docket` does.
    """
    docket = lock_docket(scope, code)
    return place_transfer_order(operator_id, docket.cause_id, _wish(docket, purchase), reservation)


def _wish(docket: Docket, purchase: Purchase) -> Wish:
    found = docket_facts(docket)
    if not found.open_part:
        raise DocketMoved()
    lot = registry.get_lot(purchase.lot)
    if not fits_lot(docket, lot):
        raise LotUnfit()
    quantity_kg = purchase.quantity_kg or steps_kg(found, lot, purchase.part)
    if quantity_kg > steps_kg(found, lot, ALL):
        raise BeyondRuling()
    return Wish(quantity_kg=quantity_kg, lot_code=lot.code, cause=docket.code)
