"""What can be asked of footprint over HTTP: actions, steps, months, calculators, inventories, sources."""

from flask import Flask
from flask_smorest import Api

from app.footprint.routes import reviews
from app.footprint.routes.actions import actions
from app.footprint.routes.batches import batches
from app.footprint.routes.calculators import calculations, calculators
from app.footprint.routes.inventories import inventories
from app.footprint.routes.months import months
from app.footprint.routes.partners import partners
from app.footprint.routes.results import results
from app.footprint.routes.sources import sources
from app.footprint.routes.steps import read_werun, steps

__all__ = ["connect", "read_werun", "reviews"]


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in (
        actions,
        steps,
        months,
        sources,
        results,
        calculators,
        calculations,
        inventories,
        partners,
        batches,
    ):
        api.register_blueprint(blueprint)
