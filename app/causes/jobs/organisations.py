"""Telling organisations: what changed in them, and what became of their orders."""

from typing import Any

from app.accounts.announcements import ORGANISATION_CHANGED
from app.causes.services import following, webhooks
from app.kit.announcements import listens
from app.kit.transaction import transaction


@listens(ORGANISATION_CHANGED)
def tell_organisation_of_change(payload: dict[str, Any]) -> None:
    """Write a notice of what changed in an organisation."""
    webhooks.notify(payload["organisation_id"], payload["kind"], {"subject": payload["subject"]})


def tell_orders() -> int:
    """Write a notice of every order that stands otherwise than was told; returns how many."""
    with transaction():
        return following.tell_orders()
