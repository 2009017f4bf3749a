"""What this room tells the rooms above, in the fact's own transaction.

`footprint.action_recorded` {"actions": [[action_id, avoided_g, scene, holder_id], …]}: once a request, with
the actions that were credited grams; of a batch once a thousand of them.
`footprint.action_withdrawn` {"holder_id", "action_id", "avoided_g"}: once an action that had been credited.
`footprint.stage_closing` {"inventory_id"}: before a stage of an event's inventory closes, to whoever has
something to add to it.
`footprint.stage_closed` {"inventory_id", "stage"}: once a stage of an event's inventory, for ever.
"""

from app.kit.announcements import announce, prepare, ring, rows_from

ACTION_RECORDED = "footprint.action_recorded"
ACTION_WITHDRAWN = "footprint.action_withdrawn"
STAGE_CLOSED = "footprint.stage_closed"
STAGE_CLOSING = "footprint.stage_closing"

__all__ = [
    "ACTION_RECORDED",
    "ACTION_WITHDRAWN",
    "STAGE_CLOSED",
    "STAGE_CLOSING",
    "recorded_from",
    "ring",
    "tell_closed",
    "tell_closing",
    "tell_withdrawn",
]


def recorded_from(rows: str) -> str:
    """The part of a statement that tells of recorded actions, from the relation `rows` with a `payload`."""
    return rows_from(ACTION_RECORDED, rows)


def tell_withdrawn(holder_id: int, action_id: int, avoided_g: int) -> None:
    """Tell that an action was withdrawn with the grams it had been credited."""
    announce(ACTION_WITHDRAWN, {"holder_id": holder_id, "action_id": action_id, "avoided_g": avoided_g})


def tell_closing(inventory_id: int) -> None:
    """Tell that a stage of an event's inventory is about to close, before its row is held."""
    prepare(STAGE_CLOSING, {"inventory_id": inventory_id})


def tell_closed(inventory_id: int, stage: str) -> None:
    """Tell that a stage of an event's inventory was closed."""
    announce(STAGE_CLOSED, {"inventory_id": inventory_id, "stage": stage})
