"""Settled orders as their seller may see them: kilograms, serials and price, nothing of the buyer."""


def sales_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: every settled order.

    order_id, lot_id, issuance_id, quantity_kg, amount_fen, first_serial, last_serial.
    """
    return (
        "(SELECT orders.id AS order_id, orders.lot_id, issuance_id, quantity_kg, amount_fen,"
        " retirement.first_serial, retirement.last_serial FROM retirement"
        " JOIN orders ON orders.id = retirement.order_id"
        " JOIN settlement_run ON settlement_run.id = retirement.run_id"
        " UNION ALL SELECT orders.id, orders.lot_id, issuance_id, quantity_kg, amount_fen,"
        " delivery.first_serial, delivery.last_serial FROM delivery"
        " JOIN orders ON orders.id = delivery.order_id)"
    )
