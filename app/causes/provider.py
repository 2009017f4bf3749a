"""The way to addresses that organisations chose; here because a route asks it, and a job."""

from flask import current_app

from app.clients.webhooks import Courier


def courier() -> Courier:
    """What carries our letters."""
    found: Courier = current_app.extensions["courier"]
    return found
