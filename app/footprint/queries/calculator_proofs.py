"""What must always be true of kept months and of events' inventories."""

from collections.abc import Iterator

from app.footprint.queries.actions import Replay
from app.footprint.queries.calculations import replay_calculation, sample_calculations
from app.footprint.queries.inventories import replay_stage, sample_inventories
from app.kit.proof import Proof

MOST_REPLAYED = 2_000
"""So many results are computed again at once; of a larger table every k-th, spread evenly by id."""


def prove_calculators() -> Proof:
    """Kept months and inventories' stages, computed again from their raw inputs and own factors."""
    figures = {"months": 0, "stages": 0, "differing": 0}
    for name, replay in _replays():
        figures[name] += 1
        figures["differing"] += not replay.same
    return Proof("footprint.prove_calculators", figures, not figures["differing"])


def _replays() -> Iterator[tuple[str, Replay]]:
    for kept in sample_calculations(MOST_REPLAYED):
        yield "months", replay_calculation(kept)
    for inventory in sample_inventories(MOST_REPLAYED):
        for stage in inventory.stages.values():
            yield "stages", replay_stage(stage)
