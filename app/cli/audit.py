"""Commands on the audit log: recompute its chain, print its signed head."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from app.accounts import queries as accounts
from app.kit.messages import t

audit = AppGroup("audit", help="The operators' log and the chain that seals it.")


@audit.command("verify")
@click.option(
    "--head",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A head kept outside, as `flask audit head` printed it: also finds a chain rewritten or cut off.",
)
def verify(head: Path | None) -> None:
    """Recompute every link; names the first entry that is wrong and exits 1."""
    try:
        verdict = accounts.audit.check_chain(head.read_text().strip() if head else None)
    except ValueError as error:
        raise click.ClickException(f"{head}: {error}") from error
    if verdict.fault is None:
        click.echo(
            f"audit: {verdict.sealed} sealed, {verdict.waiting} waiting, {verdict.heads} heads,"
            f" end {verdict.link.hex()}"
        )
        return
    fault = verdict.fault
    entry = "" if fault.entry_id is None else f" (entry {fault.entry_id})"
    click.echo(f"BAD   position {fault.position}{entry}: {t(fault.reason, 'en')}")
    sys.exit(1)


@audit.command("head")
def show_head() -> None:
    """Print the last signed head, to be kept where the database's administrators cannot write."""
    head = accounts.audit.get_head()
    if head is None:
        raise click.ClickException("no head has been signed yet")
    click.echo(head.document)
