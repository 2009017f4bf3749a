"""Alembic's entry: one connection, one advisory lock, so that many starting processes migrate once."""

from alembic import context
from sqlalchemy import text

from app.kit.database import Base, db

LOCK = 7_304_211
"""Any fixed number: it names the advisory lock of this product's migrations."""


def run() -> None:
    """Migrate under the lock, in one transaction."""
    with db.engine.connect() as connection:
        # A migration may take its time; what it waits for may not.
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '30s'"))
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        try:
            context.configure(connection=connection, target_metadata=Base.metadata)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.execute(text("RESET statement_timeout"))
            connection.execute(text("RESET lock_timeout"))
            connection.commit()


run()
