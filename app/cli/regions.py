"""Commands on administrative regions."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import AppGroup

from app.kit.messages import t
from app.kit.transaction import transaction
from app.registry import services as registry
from app.registry.rules.regions import TableFaulty

regions = AppGroup("regions", help="Administrative regions, from province to village.")


@regions.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the faults.")
def load(file: Path, lang: str) -> None:
    """Load FILE, a CSV with code, name_zh and, where known, name_en; all of it, or nothing and its faults.

    May be repeated: what stands already stays, names that changed are taken over, nothing is deleted.
    """
    try:
        with transaction():
            loaded = registry.load_regions(_lines(file))
    except TableFaulty as faulty:
        for fault in faulty.faults:
            said = t(f"registry.{fault.name}", lang)
            click.echo(f"{file.name}:{fault.line}: {said}" + (f" [{fault.written}]" * bool(fault.written)))
        click.echo("regions: nothing loaded", err=True)
        sys.exit(1)
    click.echo("regions: " + " ".join(f"{name}={count}" for name, count in loaded._asdict().items()))


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file, with a bar for whoever waits at a terminal."""
    with (
        file.open(encoding="utf-8-sig", newline="") as lines,
        click.progressbar(length=file.stat().st_size, label="regions", file=sys.stderr) as bar,
    ):
        for line in lines:
            bar.update(len(line.encode()))
            yield line
