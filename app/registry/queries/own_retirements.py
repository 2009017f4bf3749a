"""What holders retired of their own units, for whoever tells a person or a region what was offset."""

_KG = "last_serial - first_serial + 1"


def own_retired_from() -> str:
    """A relation in SQL, lent to another room's statement: every retirement outside orders.

    id, holder_id, number, issuance_id, first_serial, last_serial, quantity_kg, retired_at.
    """
    return (
        "(SELECT id, holder_id, number, issuance_id, first_serial, last_serial,"
        f" {_KG} AS quantity_kg, retired_at FROM own_retirement)"
    )
