"""Events hear of stages that close and of orders that were settled; deadlines are reminded of."""

from typing import Any

from app.causes.queries.events import PURPOSE
from app.causes.services import event_reminders
from app.causes.services.events import count_inventory, follow_figures, follow_inventory
from app.footprint.announcements import STAGE_CLOSED, STAGE_CLOSING
from app.kit.announcements import listens, precedes
from app.kit.transaction import transaction
from app.offsets.announcements import CAUSE_ORDER_ENDED


@precedes(STAGE_CLOSING)
def count_before_closing(payload: dict[str, Any]) -> None:
    """Count whoever has reported since, wherever the stage is closed: nothing can be added afterwards."""
    count_inventory(payload["inventory_id"])


@listens(STAGE_CLOSED)
def owe_closed_stage(payload: dict[str, Any]) -> None:
    """Owe what was closed, also when it was closed where nobody knows of events."""
    follow_inventory(payload["inventory_id"])


@listens(CAUSE_ORDER_ENDED)
def attest_when_closed(payload: dict[str, Any]) -> None:
    """Attest an event once what was bought for it closes its due."""
    if payload["purpose"] == PURPOSE and payload["settled"]:
        follow_figures(payload["cause_id"])


def remind_organisers() -> int:
    """Tell organisers of deadlines that are near or over; returns how many are told. Any number may."""
    told, last = 0, 0
    while True:
        with transaction():
            near = event_reminders.list_near(last)
            told += event_reminders.remind(near)
        if not near:
            return told
        last = near[-1]
