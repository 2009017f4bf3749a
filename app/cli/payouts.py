"""Commands on payouts."""

import click
from flask.cli import AppGroup

from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.treasury.queries.payouts import get_run
from app.treasury.rules.bank_files import yuan_text
from app.treasury.rules.payouts import is_month
from app.treasury.services.runs import prepare_run

payouts = AppGroup("payouts", help="Paying sellers, villages and the platform's fees.")


@payouts.command("prepare")
@click.option("--month", required=True, help="The month that is paid out, YYYY-MM; it must be over.")
def prepare(month: str) -> None:
    """Prepare a month's run, or show it when it is prepared already. Approving is done in the console."""
    if not is_month(month):
        raise click.BadParameter("a month is written YYYY-MM", param_hint="--month")
    try:
        with transaction():
            run = prepare_run(month)
    except Problem as refusal:
        raise click.ClickException(str(refusal.body()["detail"])) from refusal
    facts = get_run(run.month, run.round)
    click.echo(
        f"payouts {run.code}: {facts.summary.status}  payouts={facts.summary.payouts}"
        f"  amount_yuan={yuan_text(facts.summary.amount_fen)}  skipped={len(facts.skips)}"
        f"  statements={len(facts.statements)}"
    )
