"""Settled orders for causes, lent to the room above that splits or counts them."""


def settled_from(purpose: str) -> str:
    """A relation in SQL: order_id, cause_id, quantity_kg, amount_fen of settled orders of a cause's purpose.

    `purpose` is a name of ours.
    """
    return (
        "(SELECT orders.id AS order_id, cause_id, quantity_kg, amount_fen FROM orders"
        " JOIN retirement ON retirement.order_id = orders.id"
        f" WHERE cause_id IS NOT NULL AND purpose = '{purpose}')"
    )
