"""The terms of lots 货批 long after they were sold."""

from collections.abc import Iterable

from sqlalchemy import select

from app.kit.database import db
from app.registry.models import Lot
from app.registry.queries.lots import LOT_COLUMNS, LotFacts, lot_facts


def terms_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: each lot with its terms.

    lot_id, seller_holder_id, step_kg, price_fen_per_step, village_holder_id, village_bp, fee_bp.
    """
    return (
        "(SELECT id AS lot_id, seller_holder_id, step_kg, price_fen_per_step, village_holder_id, village_bp,"
        " fee_bp FROM lot)"
    )


def list_lot_facts(lot_ids: Iterable[int]) -> dict[int, LotFacts]:
    """These lots by id, as they were sold."""
    rows = db.session.execute(select(*LOT_COLUMNS).where(Lot.id.in_(set(lot_ids))))
    return {row.id: lot_facts(row) for row in rows}
