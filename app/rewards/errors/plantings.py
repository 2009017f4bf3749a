"""What can be refused about planting together."""

from app.kit.problems import Problem


class PlantingUnknown(Problem):
    """There is no such planting, or it is another group's."""

    status = 404
    message = "rewards.planting_unknown"


class PlantingClosed(Problem):
    """It takes no pledge, no order or no change as it stands now."""

    status = 409
    message = "rewards.planting_closed"


class PlantingFull(Problem):
    """More than is left for the caller."""

    status = 409
    message = "rewards.planting_full"


class PlantingBegun(Problem):
    """Somebody has ordered for it already."""

    status = 409
    message = "rewards.planting_begun"


class PlantingOrganiserOnly(Problem):
    """A member, but not the one who began it."""

    status = 403
    message = "rewards.planting_organiser_only"


class TooManyPlantings(Problem):
    """A group has as many open ones as it may have."""

    status = 409
    message = "rewards.too_many_plantings"


class ForestUnlike(Problem):
    """Another forest has to be of the same product and not dearer."""

    status = 409
    message = "rewards.forest_unlike"
