"""What one buys for goes as it came: migrations of causes down and up again leave the same schema."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import text

from app.kit.database import Base, db

FUNCTIONS = text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1")
TRIGGERS = text("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2")


def standing() -> list[list[tuple[str, ...]]]:
    """Functions and triggers, which no model knows of."""
    with db.engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(each)] for each in (FUNCTIONS, TRIGGERS)]


def test_migrations_of_causes_go_down_and_come_back(app: Flask) -> None:
    config = Config(toml_file=Path(__file__).parents[2] / "pyproject.toml")
    before = standing()
    db.session.remove()
    command.downgrade(config, "0026")
    with db.engine.connect() as connection:
        left = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname ~ '^(duty|docket|court)'"))
    assert left == 0
    command.upgrade(config, "head")
    assert standing() == before
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
