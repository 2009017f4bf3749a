"""What can be asked of rewards over HTTP."""

from flask import Flask
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint

from app.rewards.routes import badges, boards, drives, fairness, groups, points, sponsoring

BLUEPRINTS: tuple[Blueprint, ...] = (
    points.points,
    *drives.BLUEPRINTS,
    fairness.fairness,
    *badges.BLUEPRINTS,
    *sponsoring.BLUEPRINTS,
    *boards.BLUEPRINTS,
    *groups.BLUEPRINTS,
)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
