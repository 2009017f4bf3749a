"""Commands on the public log: seal it, print its newest head, write it out."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.offsets import jobs
from app.registry.errors import LogGap
from app.registry.queries import log as queries
from app.registry.queries.export import read_parts

log = AppGroup("log", help="The public log of issuances and retirements.")


@log.command("seal")
@click.option("--now", is_flag=True, help="Also what happened today so far, under a head in between.")
def seal_log(now: bool) -> None:
    """Seal every business day that is over; repeating it does no harm."""
    try:
        days = jobs.seal_days()
        number = jobs.seal_so_far() if now else None
    except LogGap as gap:
        raise click.ClickException(f"not sealed: {gap}") from gap
    head = queries.find_head()
    said = f"head {head.number}, {head.size} entries, root {head.root.hex()}" if head else "no head yet"
    click.echo(f"log: {days} days sealed, {int(number is not None)} in between; {said}")


@log.command("head")
def show_head() -> None:
    """Print the newest signed head, to be kept elsewhere: `senhui-verify log --head` holds us to it."""
    head = queries.find_head()
    if head is None:
        raise click.ClickException("no head has been signed yet")
    click.echo(head.document)


@log.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write the sealed log to FILE, as `/v1/log/export` gives it."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(read_parts())
    click.echo(f"log: written to {file}")
