"""What can be asked of rewards over HTTP."""

from flask import Flask
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint

from app.rewards.routes import boards, challenges, groups, plantings, points

BLUEPRINTS: tuple[Blueprint, ...] = (
    points.points,
    *boards.BLUEPRINTS,
    *groups.BLUEPRINTS,
    *challenges.BLUEPRINTS,
    plantings.plantings,
)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
