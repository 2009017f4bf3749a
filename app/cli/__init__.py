"""The `flask` commands."""

from flask import Flask

from app.cli import audit, books, database, dev, operators, processes, reconcile


def connect(app: Flask) -> None:
    """Add every command to `app`."""
    for group in (database.database, database.samples, operators.operators, audit.audit):
        app.cli.add_command(group)
    for command in (
        books.prove,
        books.openapi,
        processes.worker,
        processes.sweeper,
        dev.dev,
        reconcile.reconcile,
    ):
        app.cli.add_command(command)
