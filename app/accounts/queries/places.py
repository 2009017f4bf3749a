"""Where holders say that they are at home."""


def places_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: each holder's region's code, or ''.

    holder_id, region.
    """
    return "(SELECT id AS holder_id, coalesce(region, '') AS region FROM holder)"
