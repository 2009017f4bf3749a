"""Commands on operators: who may enter the console. Whoever can run them holds the keys anyway."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import pyotp
import segno
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts import rules, services
from app.kit.messages import exists, t
from app.kit.transaction import transaction

operators = AppGroup("operator", help="Operators of the console: enrol, list, reset, end.")
_LIMITS = {"least": rules.LEAST_PASSWORD, "most": rules.MOST_PASSWORD}


@operators.command("add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([*rules.ROLES]),
    help="May be repeated.",
)
def add(name: str, roles: tuple[str, ...]) -> None:
    """Enrol NAME and show their TOTP secret once; the password is asked for, or read from stdin."""
    if rules.is_sample(name):
        raise click.ClickException("names that begin with sample- belong to development instances")
    password = _password()
    with _plainly(), transaction():
        _, secret = services.operators.enrol(name, password, list(dict.fromkeys(roles)))
    _show(name, secret)


@operators.command("reset")
@click.argument("name")
def reset(name: str) -> None:
    """Give NAME another password and TOTP secret, lift their lock and end their sign-ins."""
    password = _password()
    with _plainly(), transaction():
        secret = services.operators.reset(name, password)
    _show(name, secret)


@operators.command("end")
@click.argument("name")
def end(name: str) -> None:
    """Let NAME in no more; every sign-in of theirs ends now. What they did stays in the log."""
    with _plainly(), transaction():
        services.operators.end(name)
    click.echo(f"{name} has ended")


@operators.command("list")
def list_all() -> None:
    """Everybody with their roles, last sign-in, and whether they are locked or have left."""
    for each in accounts.operators.list_operators():
        seen = f"{each.last_sign_in:%Y-%m-%d %H:%MZ}" if each.last_sign_in else "never"
        state = f"ended {each.ended_at:%Y-%m-%d}" if each.ended_at else "in service"
        click.echo(f"{each.name}\t{','.join(each.roles)}\tlast sign-in {seen}\t{state}")


@operators.command("code")
@click.argument("name")
def code(name: str) -> None:
    """Print the code that NAME's app would show now; in development only, for those without an app."""
    if current_app.extensions["settings"].production:
        raise click.ClickException("in production a code comes from the operator's own app")
    with _plainly(), transaction():
        present = services.operators.present_code(name)
    click.echo(present)


def _password() -> str:
    """A new password: without echo and twice at a terminal, the first line of stdin otherwise."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().strip()


def _show(name: str, secret: str) -> None:
    """What goes into the authenticator app, now or never."""
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Senhui")
    click.echo(f"{name}: put this into an authenticator app now, it is not shown again")
    click.echo(address)
    click.echo(f"secret {secret}")
    if sys.stdout.isatty():
        segno.make(address, micro=False).terminal(compact=True)


@contextmanager
def _plainly() -> Iterator[None]:
    """Say what a rule has against it instead of where it was raised."""
    try:
        yield
    except ValueError as error:
        said = str(error)
        raise click.ClickException(t(said, "en", **_LIMITS) if exists(said) else said) from error
    except IntegrityError as error:
        raise click.ClickException("this name is taken; names are never given twice") from error
