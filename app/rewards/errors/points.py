"""Refusals about points."""

from app.kit.problems import Conflict, NotFound


class PointsShort(Conflict):
    """Fewer points can be spent than are asked for."""

    message = "rewards.points_short"


class GrantUnknown(NotFound):
    """Nothing was granted for that."""

    message = "rewards.grant_unknown"


class SpendingUnknown(NotFound):
    """Nothing was set aside under that number."""

    message = "rewards.spending_unknown"


class SpendingEnded(Conflict):
    """The points were spent or given back already."""

    message = "rewards.spending_ended"
