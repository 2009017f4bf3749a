"""What can be asked of rewards over HTTP."""

from flask import Flask
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint

from app.rewards.routes import (
    badges,
    boards,
    challenges,
    drives,
    fairness,
    groups,
    items,
    plantings,
    points,
    redemptions,
    sponsoring,
    vouchers,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    points.points,
    items.items,
    redemptions.redemptions,
    vouchers.vouchers,
    *drives.BLUEPRINTS,
    fairness.fairness,
    *badges.BLUEPRINTS,
    *sponsoring.BLUEPRINTS,
    *boards.BLUEPRINTS,
    *groups.BLUEPRINTS,
    *challenges.BLUEPRINTS,
    plantings.plantings,
)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
