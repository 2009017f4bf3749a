"""What must always be true of kept months and of events' inventories."""

from sqlalchemy import select, text

from app.footprint.models import CalculationRow, InventoryStageRow
from app.footprint.queries.calculations import get_calculation, replay_calculation
from app.footprint.queries.inventories import find_result, replay_stage
from app.kit.database import db
from app.kit.proof import Proof

MOST_REPLAYED = 2_000
"""So many results are computed again at once; of a larger table every k-th, spread evenly by id."""

_KTH = "id % (SELECT 1 + count(*) / :most FROM {table}) = 0"
_MONTHS = (
    select(CalculationRow.holder_id, CalculationRow.code)
    .where(text(_KTH.format(table="calculation")))
    .params(most=MOST_REPLAYED)
)
_STAGES = (
    select(InventoryStageRow.code)
    .where(text("inventory_" + _KTH.format(table="inventory")))
    .params(most=MOST_REPLAYED)
)


def prove_calculators() -> Proof:
    """Kept months and inventories' stages, computed again from their raw inputs and own factors."""
    months = [
        replay_calculation(get_calculation(row.holder_id, row.code)) for row in db.session.execute(_MONTHS)
    ]
    found = [find_result(code) for code in db.session.scalars(_STAGES).all()]
    stages = [replay_stage(each[1]) for each in found if each is not None]
    differing = sum(not replay.same for replay in (*months, *stages))
    figures = {"months": len(months), "stages": len(stages), "differing": differing}
    return Proof("footprint.prove_calculators", figures, not differing)
