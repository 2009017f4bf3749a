"""A forest whose units are free, people who hold some of them, and what they ask over HTTP."""

from typing import Any

from builders import Forest, Person, forest, person
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.queries.serials import find_run
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units


def free_forest(quantity_kg: int) -> Forest:
    """A village with so many units, none of them on sale."""
    made = forest(quantity_kg)
    with transaction():
        services.close_lot(made.lot_id)
    return made


def serial_of(made: Forest, first: int, last: int) -> str:
    """The written form of serials of a forest, counted from 1."""
    return f"SH-350721-{made.project_code}-2022-{first}-{last}"


def owner(app: Flask, made: Forest, quantity_kg: int = 1000) -> tuple[Person, str]:
    """A person who was handed the first free units of a forest, and the serial of the block."""
    someone = person(app)
    with transaction():
        issued = queries.conservation(made.issuance_id).issued_kg
        run = find_run(serial_of(made, 1, issued))
        done = move_units(made.village_id, run, quantity_kg, someone.holder_id, NOBODY)
        return someone, run.series.text(done.block.serials)


def broken() -> set[str]:
    """The claims that do not hold."""
    db.session.rollback()
    return {proof.claim for proof in [*queries.prove(), *accounts.prove()] if not proof.holds}


def act(client: FlaskClient, who: Person, serial: str, what: str, /, **wish: Any) -> Any:
    """The answer to one act on what somebody holds."""
    return client.post(f"/v1/holdings/{serial}/{what}", json=wish, headers=who.auth)
