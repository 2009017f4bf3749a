"""Commands on fairness."""

import click
from flask.cli import AppGroup

from app.kit.transaction import transaction
from app.rewards.queries.fairness_rules import rules
from app.rewards.services.inquiries import look_once

fairness = AppGroup("fairness", help="Signals that one person is thanked several times for one act.")


@fairness.command("look")
def look() -> None:
    """Look for every published signal now, although the sweeper has today."""
    for key in rules():
        with transaction():
            opened = look_once(key, again=True)
        click.echo(f"{key} {opened}")
