"""What was ordered and spent, for rooms above that set limits to it."""

from collections.abc import Sequence

from app.kit.database import db
from app.offsets.models import Order
from app.offsets.queries.orders import OrderFacts, order_facts, select_orders


def orders_relation() -> str:
    """Orders with where they stand, as a part of another room's statement.

    order_id, holder_id, amount_fen, reserved_at and status: the words of `rules.OrderStatus`.
    """
    return (
        "(SELECT o.id AS order_id, o.holder_id, o.amount_fen, o.reserved_at,"
        " CASE WHEN o.refunded_at IS NOT NULL THEN 'refunded'"
        " WHEN o.refunding_at IS NOT NULL THEN 'refunding'"
        " WHEN r.order_id IS NOT NULL OR d.order_id IS NOT NULL THEN 'settled'"
        " WHEN o.expired_at IS NOT NULL THEN 'expired'"
        " WHEN o.paid_at IS NOT NULL THEN 'paid' ELSE 'reserved' END AS status"
        " FROM orders o LEFT JOIN retirement r ON r.order_id = o.id"
        " LEFT JOIN delivery d ON d.order_id = o.id)"
    )


def list_orders_by_id(order_ids: Sequence[int]) -> dict[int, OrderFacts]:
    """These orders by id, whosever they are."""
    rows = db.session.execute(select_orders().where(Order.id.in_(order_ids)))
    return {facts.id: facts for facts in map(order_facts, rows)}
