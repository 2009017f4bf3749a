"""What this room tells the rooms above, in the fact's own transaction.

`footprint.action_recorded` {"actions": [[action_id, avoided_g, scene, holder_id], …]}: once a request, with
the actions that were credited grams; of a batch once a thousand of them.
`footprint.action_withdrawn` {"holder_id", "action_id", "avoided_g"}: once an action that had been credited.
`footprint.stage_closed` {"inventory_id", "stage"}: once a stage of an event's inventory, for ever.
"""

from app.kit.announcements import announce, ring, rows_from

ACTION_RECORDED = "footprint.action_recorded"
ACTION_WITHDRAWN = "footprint.action_withdrawn"
STAGE_CLOSED = "footprint.stage_closed"

__all__ = [
    "ACTION_RECORDED",
    "ACTION_WITHDRAWN",
    "STAGE_CLOSED",
    "recorded_from",
    "ring",
    "tell_closed",
    "tell_withdrawn",
]


def recorded_from(rows: str) -> str:
    """The part of a statement that tells of recorded actions, from the relation `rows` with a `payload`."""
    return rows_from(ACTION_RECORDED, rows)


def tell_withdrawn(holder_id: int, action_id: int, avoided_g: int) -> None:
    """Tell that an action was withdrawn with the grams it had been credited."""
    announce(ACTION_WITHDRAWN, {"holder_id": holder_id, "action_id": action_id, "avoided_g": avoided_g})


def tell_closed(inventory_id: int, stage: str) -> None:
    """Tell that a stage of an event's inventory was closed."""
    announce(STAGE_CLOSED, {"inventory_id": inventory_id, "stage": stage})
