"""The `flask` commands."""

from flask import Flask

from app.cli import (
    audit,
    boards,
    books,
    database,
    dev,
    factors,
    fairness,
    handovers,
    log,
    operators,
    payouts,
    processes,
    reconcile,
    regions,
    wechat,
)


def connect(app: Flask) -> None:
    """Add every command to `app`."""
    for group in (
        database.database,
        database.samples,
        operators.operators,
        audit.audit,
        payouts.payouts,
        regions.regions,
        factors.factors,
        fairness.fairness,
        log.log,
        handovers.handover,
        boards.boards,
    ):
        app.cli.add_command(group)
    for command in (
        books.prove,
        books.openapi,
        processes.worker,
        processes.sweeper,
        dev.dev,
        reconcile.reconcile,
        wechat.trade_managed,
    ):
        app.cli.add_command(command)
