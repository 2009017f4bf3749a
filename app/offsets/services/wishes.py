"""Orders that answer a wish: linked when they are placed, counted towards it when they are settled.

Settlement knows nothing of it: a chore finds the orders that have come to an end.
"""

from sqlalchemy import or_, select

from app.kit import clock
from app.kit.database import db
from app.offsets.models import Order, OrderWish, Retirement
from app.registry import queries as registry_queries
from app.registry import services as registry
from app.registry.errors import LotDoesNotFit, WishClosed
from app.registry.rules import fits


def require_wish(holder_id: int, wish_code: str, lot_code: str) -> int:
    """The id of the holder's open wish that a lot fits.

    Raises `WishUnknown` also for another's, `WishClosed`, `LotUnknown`, `LotDoesNotFit`.
    """
    wish = registry_queries.get_own_wish(holder_id, wish_code)
    if not wish.is_open:
        raise WishClosed()
    if not fits(registry_queries.get_lot(lot_code).offer, wish.preferences):
        raise LotDoesNotFit()
    return wish.id


def link_order(order_id: int, wish_id: int) -> None:
    """Remember that an order was placed for a wish."""
    db.session.add(OrderWish(order_id=order_id, wish_id=wish_id))
    db.session.flush()


def tell_wishes(limit: int = 200) -> int:
    """Count what was settled towards its wish, and forget what never will be; returns how many orders."""
    now = clock.now()
    ended = db.session.execute(
        select(OrderWish, Order.quantity_kg, Retirement.order_id.is_not(None).label("settled"))
        .join(Order, Order.id == OrderWish.order_id)
        .outerjoin(Retirement, Retirement.order_id == OrderWish.order_id)
        .where(
            OrderWish.told_at.is_(None),
            or_(
                Retirement.order_id.is_not(None),
                Order.expired_at.is_not(None),
                Order.refunding_at.is_not(None),
            ),
        )
        .order_by(OrderWish.wish_id, OrderWish.order_id)  # wishes are locked in one order
        .limit(limit)
        .with_for_update(of=OrderWish, skip_locked=True)
    ).all()
    for link, quantity_kg, settled in ended:
        link.told_at = now
        if settled:
            registry.count_purchase(link.wish_id, link.order_id, quantity_kg)
    db.session.flush()
    return len(ended)
