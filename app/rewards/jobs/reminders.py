"""Holders and sponsors are told ahead: of expiry, of another tariff, of a budget that is used up."""

from typing import Any

from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.rewards.announcements import TARIFF_ANNOUNCED
from app.rewards.services import reminders


def remind_holders() -> int:
    """Tell of points that expire and budgets that are used up; returns how many are told. Any number may."""
    with transaction():
        due, told = reminders.list_due(), reminders.tell_sponsors()
    for stage, day in due:
        with transaction():
            told += reminders.tell_expiry(stage, day)
    return told


@listens(TARIFF_ANNOUNCED)
def tell_tariff(payload: dict[str, Any]) -> None:
    """Tell whom a new tariff concerns."""
    reminders.tell_tariff(payload["programme_id"], payload["version"])
