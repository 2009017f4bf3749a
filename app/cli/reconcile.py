"""`flask reconcile`: hold one day's bills against our records and the books."""

import sys
from datetime import datetime

import click

from app.clients import errors as outside
from app.kit.messages import t
from app.treasury import jobs, queries
from app.treasury.rules.breaks import Break


@click.command("reconcile")
@click.option(
    "--date", "at", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A day in Asia/Shanghai."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the classes.")
def reconcile(at: datetime, lang: str) -> None:
    """Fetch the bills of a day, match and heal; exits 1 while the day is open, 2 when bills cannot be had."""
    day = at.date()
    try:
        done = jobs.reconcile_day(day)
    except outside.OutsideError as error:
        click.echo(f"reconcile {day}: {error}", err=True)
        sys.exit(2)
    facts, counted = queries.bills.get_day(day), queries.bills.count_breaks(day)
    for kind in Break:
        standing, unsettled = counted.get(kind, (0, 0))
        click.echo(f"{kind:24} {standing:>8} {unsettled:>8}  {t(f'treasury.break_{kind}', lang)}")
    standing = sum(each for each, _ in counted.values())
    click.echo(
        f"reconcile {day}: subjects={facts.subjects} matched={facts.matched_bp / 100:.2f}%"
        f" healed={done.healed} breaks={standing} open={facts.unsettled}"
        f" difference_fen={queries.bills.difference_fen(day)}"
    )
    if facts.wait:
        click.echo(f"reconcile {day}: {t(f'treasury.wait_{facts.wait}', lang)}", err=True)
    sys.exit(0 if facts.closed else 1)
