"""What must always be true of kept months and of events' inventories."""

from app.footprint.queries.calculations import replay_calculation, sample_calculations
from app.footprint.queries.inventories import replay_stage, sample_inventories
from app.kit.proof import Proof

MOST_REPLAYED = 2_000
"""So many results are computed again at once; of a larger table every k-th, spread evenly by id."""


def prove_calculators() -> Proof:
    """Kept months and inventories' stages, computed again from their raw inputs and own factors."""
    months = [replay_calculation(each) for each in sample_calculations(MOST_REPLAYED)]
    stages = [
        replay_stage(stage)
        for inventory in sample_inventories(MOST_REPLAYED)
        for stage in inventory.stages.values()
    ]
    differing = sum(not replay.same for replay in (*months, *stages))
    figures = {"months": len(months), "stages": len(stages), "differing": differing}
    return Proof("footprint.prove_calculators", figures, not differing)
