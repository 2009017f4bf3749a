"""Commands on factors and methodologies: load, list by tier, choose the pack that counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import click
from flask.cli import AppGroup

from app.footprint import queries, services
from app.footprint.queries import Factor
from app.footprint.rules import TIERS, ChangeRefused, GuideRefused, MethodologyRefused
from app.footprint.services.factor_file import FactorsRefused, read_factors
from app.footprint.services.factors import FILE
from app.footprint.services.guides import check_files
from app.footprint.services.methodologies import FOLDER, read_folder
from app.footprint.services.packs import SETTLED
from app.kit.messages import t
from app.kit.transaction import transaction

factors = AppGroup("factors", help="Emission factors, methodologies and the packs they stand in.")
_DAY = click.DateTime(["%Y-%m-%d"])


@contextmanager
def refusals_said() -> Iterator[None]:
    """End the command with what was refused and why; nothing is written then."""
    try:
        yield
    except (ChangeRefused, FactorsRefused, GuideRefused, MethodologyRefused) as refused:
        raise click.ClickException(str(refused)) from refused


@factors.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path | None) -> None:
    """Check FILE, or the factors, packs and guides that come with the code, without any database."""
    with refusals_said():
        rows = read_factors(file or FILE)
        documents = read_folder(FOLDER)
        ours = rows if file is None else [*read_factors(FILE), *rows]
        guides = check_files({str(row["key"]): str(row["unit"]) for row in ours}.items())
    click.echo(f"sound: factors={len(rows)} methodologies={len(documents)} guides={guides}")


@factors.command("load")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "since", type=_DAY, help="First business day of changes that name none.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of what is listed.")
def load(file: Path | None, since: datetime | None, lang: str) -> None:
    """Load FILE, or the factors and methodologies that come with the code, and list what stands.

    All of it, or nothing and every row that may not be loaded, with its line and why.
    """
    day = since.date() if since else None
    with refusals_said(), transaction():
        new = services.load_factors(file, day), services.load_methodologies(day)
    _show(lang)
    click.echo(f"loaded: factors={new[0]} methodologies={new[1]} new versions")


@factors.command("list")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of what is listed.")
def show(lang: str) -> None:
    """List what is loaded by tier, the scenes that count and do not, and announced changes."""
    _show(lang)


@factors.command("pack")
@click.argument("pack")
@click.option("--from", "since", type=_DAY, help="First business day it counts.")
def choose(pack: str, since: datetime | None) -> None:
    """Let PACK count, such as shenzhen-2026; refused where its baseline does not go with the results."""
    with refusals_said(), transaction():
        day = services.choose_pack(pack, since.date() if since else None)
    click.echo(f"pack {pack} counts from {day or 'now on'}")


@factors.command("stop")
def stop() -> None:
    """Let nothing count until a pack is chosen again; before one of another baseline is."""
    with transaction():
        services.stop_counting()
    click.echo(f"nothing counts from now on; every process knows it in {SETTLED.seconds // 60} minutes")


def _show(lang: str) -> None:
    found = sorted(queries.list_factors(limit=1_000_000), key=lambda each: (TIERS.index(each.tier), each.key))
    for tier, members in groupby(found, key=lambda each: each.tier):
        rows = list(members)
        verified = sum(row.verified for row in rows)
        click.echo(f"tier {tier}: {t(f'web.tier_{tier}', lang)} ({len(rows)}, {verified} verified)")
        for row in rows:
            click.echo(f"  {_line(row, lang)}")
    _show_scenes(lang)
    for change in queries.list_changes():
        if change.upcoming:
            click.echo(f"from {change.effective_from}: {change.key} {change.before or '—'} → {change.after}")
    verified = sum(row.verified for row in found)
    click.echo(f"factors: {len(found)} in force, {verified} verified, {len(found) - verified} marked")


def _line(row: Factor, lang: str) -> str:
    mark = "" if row.verified else f"  [{t('footprint.reference_value', lang)}]"
    return f"{row.key:<38} v{row.version} {row.value:f} {row.unit} {row.region} {_validity(row)}{mark}"


def _validity(row: Factor) -> str:
    def shown(day: date | None) -> str:
        return day.isoformat() if day else ""

    return f"{shown(row.valid_from)}..{shown(row.valid_until)}"


def _show_scenes(lang: str) -> None:
    for pack in queries.list_packs():
        chosen = " (counts here)" if pack.chosen else ""
        click.echo(f"pack {pack.key}{chosen}: baseline {pack.baseline}")
        for each in pack.scenes:
            mark = f"  [{each.mark[lang]}]" if each.mark else ""
            click.echo(f"  on   {each.method.scene:<20} {each.method.key} v{each.method.version}{mark}")
        for closed in pack.closed:
            click.echo(f"  off  {closed.document['scene']:<20} {closed.document[f'off_{lang}']}")
