"""What is true of avoided and emitted grams: rounding, weights, caps, plausibility. Pure.

The one rounding place of this room: avoided grams round down, emitted grams round up. A `Decision`
holds every raw input of a figure, so that computing it again gives the same grams.
"""

from app.footprint.rules.faults import (
    CLOCK_SKEW,
    HOME_REGION,
    MINUTES_PER_HOLDER,
    MOST_QUANTITY,
    OLDEST,
    OLDEST_MONTHS,
    Fault,
    moment_faults,
    month_faults,
    trip_faults,
    trip_minutes,
)
from app.footprint.rules.grams import (
    DAILY_CAP,
    GRAMS_PER_KG,
    Decision,
    credited_g,
    grams_avoided,
    grams_emitted,
)
from app.footprint.rules.methods import (
    COMPATIBLE_BASELINES,
    GRADES,
    SELF,
    WALKING,
    WERUN,
    Bounds,
    Method,
    MethodologyRefused,
    read_method,
    refuse_mixed_baselines,
)

__all__ = [
    "CLOCK_SKEW",
    "COMPATIBLE_BASELINES",
    "DAILY_CAP",
    "GRADES",
    "GRAMS_PER_KG",
    "HOME_REGION",
    "MINUTES_PER_HOLDER",
    "MOST_QUANTITY",
    "OLDEST",
    "OLDEST_MONTHS",
    "SELF",
    "WALKING",
    "WERUN",
    "Bounds",
    "Decision",
    "Fault",
    "Method",
    "MethodologyRefused",
    "credited_g",
    "grams_avoided",
    "grams_emitted",
    "moment_faults",
    "month_faults",
    "read_method",
    "refuse_mixed_baselines",
    "trip_faults",
    "trip_minutes",
]
