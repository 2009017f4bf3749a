"""What can be known of factors, actions, steps and emissions. The only readers of this room."""

from app.footprint.queries.actions import (
    Action,
    Replay,
    StepDay,
    credited_on,
    find_trip,
    get_action,
    list_actions,
    list_steps,
    replay,
)
from app.footprint.queries.catalogue import (
    Factor,
    Methodology,
    find_scene,
    get_factor,
    list_factors,
    list_methodologies,
    list_scenes,
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
from app.footprint.queries.plausibility import find_limits, limit_rules
from app.footprint.queries.proofs import prove

__all__ = [
    "Action",
    "Emission",
    "EmissionKind",
    "Factor",
    "Lifetime",
    "Methodology",
    "MonthSummary",
    "Replay",
    "StepDay",
    "credited_on",
    "emission_kinds",
    "find_limits",
    "find_scene",
    "find_trip",
    "get_action",
    "get_factor",
    "lifetime",
    "limit_rules",
    "list_actions",
    "list_emissions",
    "list_factors",
    "list_methodologies",
    "list_scenes",
    "list_steps",
    "month_summary",
    "prove",
    "replay",
]
