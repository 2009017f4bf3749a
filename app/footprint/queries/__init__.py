"""What can be known of factors, actions, steps and emissions. The only readers of this room."""

from app.footprint.queries.actions import (
    Action,
    Replay,
    StepDay,
    find_trip,
    get_action,
    list_actions,
    list_steps,
    replay,
)
from app.footprint.queries.catalogue import (
    ClosedScene,
    Factor,
    Methodology,
    find_factor,
    find_scene,
    get_factor,
    list_factors,
    list_methodologies,
    list_regions,
    list_scenes,
    list_users,
    list_versions,
)
from app.footprint.queries.kinds import EmissionKind, emission_kinds
from app.footprint.queries.months import (
    Emission,
    Lifetime,
    MonthSummary,
    lifetime,
    list_emissions,
    month_summary,
)
from app.footprint.queries.packs import Change, Pack, list_changes, list_packs
from app.footprint.queries.proofs import prove
from app.footprint.queries.results import Replayed, replay_result

__all__ = [
    "Action",
    "Change",
    "ClosedScene",
    "Emission",
    "EmissionKind",
    "Factor",
    "Lifetime",
    "Methodology",
    "MonthSummary",
    "Pack",
    "Replay",
    "Replayed",
    "StepDay",
    "emission_kinds",
    "find_factor",
    "find_scene",
    "find_trip",
    "get_action",
    "get_factor",
    "lifetime",
    "list_actions",
    "list_changes",
    "list_emissions",
    "list_factors",
    "list_methodologies",
    "list_packs",
    "list_regions",
    "list_scenes",
    "list_steps",
    "list_users",
    "list_versions",
    "month_summary",
    "prove",
    "replay",
    "replay_result",
]
