"""What an event's inventory refuses."""

from app.kit.problems import Problem


class StageClosed(Problem):
    """What was closed stands: no line is added, replaced or removed any more."""

    status = 409
    message = "footprint.stage_closed"


class EstimateOpen(Problem):
    """The final stage is held against an estimate that no longer changes."""

    status = 409
    message = "footprint.estimate_open"


class FinalOpened(Problem):
    """An inventory has one final stage."""

    status = 409
    message = "footprint.final_opened"


class EventNotOver(Problem):
    """What an event emitted is known when it is over."""

    status = 409
    message = "footprint.event_not_over"


class InventoryIncomplete(Problem):
    """A source type has neither a line nor a reason for having none."""

    status = 409
    message = "footprint.inventory_incomplete"


class TooManyLines(Problem):
    """A stage holds so many lines; similar ones can be put together."""

    status = 409
    message = "footprint.too_many_lines"


class TooManyRevisions(Problem):
    """Every line that a stage ever had is kept, and so many are."""

    status = 409
    message = "footprint.too_many_revisions"


class TooManyInventories(Problem):
    """A holder takes stock of so many events."""

    status = 409
    message = "footprint.too_many_inventories"
