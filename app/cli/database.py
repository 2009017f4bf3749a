"""Commands on the database: migrate, check, load reference data and samples."""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask import current_app
from flask.cli import AppGroup

from app.causes.services import duty_tariffs
from app.cli.factors import refusals_said
from app.footprint import services as footprint
from app.kit.transaction import transaction
from app.offsets.jobs import seal_so_far
from app.registry import services as registry
from app.registry.queries.log import find_head
from app.rewards.services import samples as rewards

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
database = AppGroup("db", help="The database's schema and reference data.")
samples = AppGroup("samples", help="Sample forests, for a machine that serves nobody.")


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Migrate to REVISION, then load reference data; many processes may call it at once."""
    migrate(revision)
    if revision == "head":
        with refusals_said():
            load_reference_data()


def migrate(revision: str = "head") -> None:
    """Bring the schema to `revision`."""
    command.upgrade(Config(toml_file=PROJECT), revision)


def load_reference_data() -> None:
    """Load factors, methodologies, guides, regions and tariffs; what stands already is left as it is."""
    with transaction():
        footprint.load_factors()
        footprint.load_methodologies()
        footprint.load_guides()
        registry.load_regions()
        duty_tariffs.load_tariffs()


@database.command("check")
def check() -> None:
    """Fail when the models and the migrated schema differ."""
    command.check(Config(toml_file=PROJECT))


@samples.command("load")
def load_samples() -> None:
    """Load the sample forests and programme; refuses in production, where a sample must never be sold."""
    if current_app.extensions["settings"].production:
        raise click.ClickException("sample forests are not loaded in production")
    with transaction():
        registry.load_samples()
        rewards.load_samples()
    if find_head() is None:
        seal_so_far()  # so that the log's pages have something to show before midnight
