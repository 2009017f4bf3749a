"""What can be asked of causes over HTTP."""

from flask import Flask
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint

from app.causes.routes import (
    duties,
    gifts,
    invoices,
    organisation_orders,
    organisation_units,
    organisations,
    webhooks,
)
from app.causes.routes.dockets import dockets
from app.causes.routes.events import event_schemes, events, public_events
from app.causes.routes.participants import participant_reports, participant_words, participants

BLUEPRINTS: tuple[Blueprint, ...] = (
    dockets,
    *duties.BLUEPRINTS,
    *gifts.BLUEPRINTS,
    events,
    public_events,
    event_schemes,
    participants,
    participant_reports,
    participant_words,
    *organisations.BLUEPRINTS,
    organisation_orders.orders,
    organisation_units.units,
    invoices.invoices,
    webhooks.webhooks,
)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
