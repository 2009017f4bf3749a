"""Commands on handovers, for letters that are carried by hand. Whoever can run them holds the keys anyway."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click
from flask import current_app
from flask.cli import AppGroup

from app.accounts import queries as accounts
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries.handovers import get_given, get_taken, list_given, list_taken
from app.registry.services.letters import hear
from app.registry.services.programmes import import_statement, sign_statement
from app.registry.services.receipts import accept_offer, propose_acceptance

handover = AppGroup("handover", help="Handovers between registries: print, accept and import letters.")


@handover.command("list")
def list_all() -> None:
    """Every handover with where it stands."""
    for each in list_given():
        held = each.handover
        click.echo(f"given\t{each.programme.code}\t{held.number}\t{held.status}\t{held.quantity_kg} kg")
    for taken in list_taken():
        click.echo(f"taken\t{taken.giver}\t{taken.number}\t{taken.status}\t{taken.quantity_kg} kg")


@handover.command("offer")
@click.argument("number")
def offer(number: str) -> None:
    """Print the signed offer of NUMBER, to be carried to its receiver."""
    with _plainly():
        _print(get_given(number).offer, "offer")


@handover.command("accept")
@click.argument("giver")
@click.argument("number")
@click.option(
    "--operator",
    "names",
    required=True,
    multiple=True,
    help="Who acts: the first proposes to accept, another accepts. Twice, or in two commands.",
)
def accept(giver: str, number: str, names: tuple[str, ...]) -> None:
    """Accept what GIVER offers under NUMBER, by two operators; print the acceptance once it is there."""
    with _plainly():
        for name in names:
            _accept_as(_operator(name), giver, number)
        held = get_taken(giver, number)
        click.echo(held.acceptance or f"{held.number} {held.status}: another operator has to accept")


def _accept_as(operator_id: int, giver: str, number: str) -> None:
    """The step that the offer waits for, done by this operator; none where it is accepted."""
    held = get_taken(giver, number)
    with transaction():
        if held.proposed_by is None:
            propose_acceptance(operator_id, giver, number)
        elif held.acceptance is None:
            samples = not current_app.extensions["settings"].production
            accept_offer(operator_id, giver, number, samples=samples)


@handover.command("deed")
@click.argument("number")
def deed(number: str) -> None:
    """Print the deed of NUMBER, or its withdrawal where that is how it ended."""
    with _plainly():
        held = get_given(number)
        _print(held.deed or held.withdrawal, "deed")


@handover.command("import")
@click.argument("file", type=click.File("r", encoding="ascii"))
def import_letter(file: IO[str]) -> None:
    """Hear the letter in FILE (- for stdin), whatever its kind; twice does no harm."""
    with _plainly(), transaction():
        heard = hear(_read(file))
        click.echo(f"{heard.number} {heard.status}")


@handover.command("statement")
def statement() -> None:
    """Print what is issued, held and retired here now, signed."""
    click.echo(sign_statement())


@handover.command("import-statement")
@click.argument("file", type=click.File("r", encoding="ascii"))
def import_theirs(file: IO[str]) -> None:
    """Keep the programme's statement in FILE (- for stdin)."""
    with _plainly(), transaction():
        kept = import_statement(_read(file))
        click.echo(f"{kept.programme_code} held_kg={kept.held_kg} retired_kg={kept.retired_kg}")


def _read(file: IO[str]) -> str:
    try:
        return str(file.read(100_000)).strip()
    except UnicodeDecodeError as error:
        raise click.ClickException("not a signed letter: it holds more than ASCII") from error


def _operator(name: str) -> int:
    serving = {each.name for each in accounts.operators.list_operators() if each.ended_at is None}
    found = [key for key, known in accounts.operators.list_names().items() if known == name]
    if name not in serving or not found:
        raise click.ClickException(f"no operator in service is named {name}")
    return found[0]


def _print(letter: str | None, kind: str) -> None:
    if letter is None:
        raise click.ClickException(f"there is no {kind} yet")
    click.echo(letter)


@contextmanager
def _plainly() -> Iterator[None]:
    """Say what is refused instead of where it was raised."""
    try:
        yield
    except Problem as refusal:
        raise click.ClickException(str(refusal.body("en")["detail"])) from refusal
