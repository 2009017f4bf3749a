"""Commands on boards."""

import time
from datetime import timedelta

import click
from flask.cli import AppGroup

from app.kit import clock
from app.kit.ranking import RankingsAway
from app.rewards.jobs.boards import rebuild_boards
from app.rewards.queries.boards import RANKINGS

_PATIENCE = timedelta(seconds=10)
boards = AppGroup("boards", help="Seasons' boards in Redis, which are made from the database.")


@boards.command("rebuild")
def rebuild() -> None:
    """Make every board anew; readers see the old ones until the new ones are whole."""
    since = clock.now()
    people = rebuild_boards()
    while people is None and clock.now() - since < _PATIENCE:  # the sweeper has the turn every second
        time.sleep(0.2)
        people = rebuild_boards()
    try:
        state = RANKINGS.state()
    except RankingsAway as away:
        raise click.ClickException("Redis is away.") from away
    if people is None:
        raise click.ClickException("Somebody else makes the boards just now.")
    took = (clock.now() - since).total_seconds()
    click.echo(f"boards: {state.scope}  people={people}  position={state.position}  seconds={took:.1f}")
