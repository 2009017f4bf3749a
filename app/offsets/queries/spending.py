"""What was ordered and spent, for rooms above that set limits to it."""


def orders_relation() -> str:
    """Orders with where they stand, as a part of another room's statement.

    order_id, holder_id, amount_fen, refunded_fen (what went back so far), reserved_at and status: the words
    of `rules.OrderStatus`.
    """
    return (
        "(SELECT o.id AS order_id, o.holder_id, o.amount_fen, o.reserved_at,"
        " coalesce((SELECT sum(amount_fen) FROM refund WHERE refund.order_id = o.id"
        " AND succeeded_at IS NOT NULL), 0) AS refunded_fen,"
        " CASE WHEN o.refunded_at IS NOT NULL THEN 'refunded'"
        " WHEN o.refunding_at IS NOT NULL THEN 'refunding'"
        " WHEN r.order_id IS NOT NULL OR d.order_id IS NOT NULL THEN 'settled'"
        " WHEN o.expired_at IS NOT NULL THEN 'expired'"
        " WHEN o.paid_at IS NOT NULL THEN 'paid' ELSE 'reserved' END AS status"
        " FROM orders o LEFT JOIN retirement r ON r.order_id = o.id"
        " LEFT JOIN delivery d ON d.order_id = o.id)"
    )
