"""The sample catalogue of a development instance, and points to try it with."""

import base64

import click
import requests
from flask import current_app

from app.accounts import queries as accounts
from app.accounts.services.operators import SAMPLES
from app.cli.database import samples
from app.kit.signing import seal
from app.kit.transaction import transaction
from app.rewards.services import sample_items


def offer_samples(phone_url: str) -> None:
    """Put the sample catalogue on offer, with the simulator's shop, which learns our keys at each start."""
    asked = {"keys": seal().public_jwks()}
    requests.post(f"{phone_url}/control/vouchers/askers", json=asked, timeout=5).raise_for_status()
    told = requests.get(f"{phone_url}/control/vouchers", timeout=5).json()["public_key"]
    ids = {name: operator_id for operator_id, name in accounts.operators.list_names().items()}
    first, second = (ids[name] for name, roles in SAMPLES.items() if "rewards" in roles)
    with transaction():
        sample_items.load_sample_items(first, second, phone_url, base64.b64decode(told, validate=True))


@samples.command("thank")
@click.argument("holder")
@click.argument("points", type=click.IntRange(1, 100_000))
def thank(holder: str, points: int) -> None:
    """Give HOLDER (a code) POINTS of the sample programme, active at once; refuses in production."""
    if current_app.extensions["settings"].production:
        raise click.ClickException("points are not given for nothing in production")
    found = accounts.find_holder(holder)
    if found is None:
        raise click.ClickException("no such holder")
    with transaction():
        given = sample_items.thank_sample(found.id, points)
    click.echo(f"{points if given else 0} points")
