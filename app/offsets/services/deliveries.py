"""Orders whose units are kept 持有: settled by handing them over instead of retiring them.

Few and large, paid by bank, and never on the hot path: they wait in no queue that settlement reads, and are
delivered one by one. The money goes where it goes for any other sale.
"""

from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.database import db
from app.offsets.models import Delivery, Order
from app.offsets.services.claims import is_settled
from app.offsets.services.refunds import open_refund
from app.registry.rules import WHOLE_BP
from app.registry.services.delivering import Delivered, deliver


def find_waiting(limit: int = 100) -> list[int]:
    """Paid orders whose units are to be kept and were not handed over yet, the oldest first."""
    waiting = (
        select(Order.id)
        .outerjoin(Delivery, Delivery.order_id == Order.id)
        .where(
            Order.kept, Order.paid_at.is_not(None), Order.refunding_at.is_(None), Delivery.order_id.is_(None)
        )
    )
    return list(db.session.scalars(waiting.order_by(Order.id).limit(limit)))


def deliver_order(order_id: int) -> bool:
    """Hand an order's units over, or open its refund where there are none any more.

    False when another deliverer has it or was first.
    """
    order = db.session.scalar(
        select(Order)
        .where(Order.id == order_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if order is None or order.refunding_at is not None or is_settled(order_id):
        return False
    done = deliver(order.lot_id, order.quantity_kg, order.holder_id, order.code)
    if done is None:
        open_refund(order.id, "sold_out")
        return True
    db.session.add(
        Delivery(
            order_id=order.id,
            act_id=done.act_id,
            issuance_id=done.issuance_id,
            first_serial=done.serials.first,
            last_serial=done.serials.last,
            settled_at=clock.now(),
        )
    )
    db.session.flush()
    ledger.post(_shares(order, done))
    return True


def _shares(order: Order, done: Delivered) -> list[Posting]:
    """What seller, village and platform get of an order, as `registry.rules.allot` says."""
    terms = done.terms
    village = order.amount_fen * terms.village_bp // WHOLE_BP if terms.village_bp else 0
    fee = order.amount_fen * terms.fee_bp // WHOLE_BP
    seller, rest = done.seller_holder_id, order.amount_fen - village - fee
    return [
        each
        for each in (
            Posting(chart.CREDIT_SELLER, order.id, PLATFORM, seller, rest),
            Posting(chart.CREDIT_VILLAGE, order.id, PLATFORM, terms.village_holder_id or seller, village),
            Posting(chart.TAKE_FEE, order.id, PLATFORM, PLATFORM, fee),
        )
        if each.amount
    ]
