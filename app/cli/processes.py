"""The long-running processes besides the web server: the worker and the sweeper."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

import click
import structlog
from flask import Flask, current_app

from app.accounts import jobs as accounts
from app.causes.jobs import dockets, duties, events, organisations, participants, webhooks
from app.footprint import jobs as footprint
from app.kit import announcements, clock, idempotency, queue
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs as offsets
from app.registry import jobs as registry
from app.rewards.jobs import (
    badges,
    boards,
    challenges,
    fairness,
    plantings,
    points,
    redemptions,
    reminders,
    tallies,
)
from app.statements import jobs as statements
from app.treasury import jobs as treasury

KEYS_KEPT = timedelta(hours=48)
HEARD_KEPT = timedelta(days=7)
_log = structlog.get_logger(__name__)


@click.command("worker")
def worker() -> None:
    """Run one RQ worker, which forks for each job, until stopped."""
    settings = current_app.extensions["settings"]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.engine.dispose()
    queue.worker(app, settings.redis_url).work(logging_level="WARNING")


@dataclass(frozen=True)
class Chore:
    """Work that the sweeper looks for every so many seconds."""

    name: str
    every_s: float
    do: Callable[[], object]


def _forget() -> int:
    """Drop idempotency keys and heard announcements that nobody can ask for any more."""
    with transaction():
        keys = idempotency.forget_before(clock.now() - KEYS_KEPT)
        return keys + announcements.forget_before(clock.now() - HEARD_KEPT)


CHORES = (
    Chore("settle", 1, offsets.settle_paid),
    Chore("deliver", 1, announcements.deliver),
    Chore("watch unpaid", 1, offsets.watch_unpaid),
    Chore("seal audit", 1, accounts.seal_audit),
    Chore("check audit", 86_400, accounts.check_audit),
    Chore("upload shippings", 5, offsets.upload_shippings),
    Chore("lapse holds", 5, registry.lapse_holds),
    Chore("forget", 3600, _forget),
    Chore("erase photos", 3600, footprint.erase_photos),
    Chore("end sanctions", 60, registry.end_sanctions),
    Chore("tell wishes", 5, offsets.tell_wishes),
    Chore("tend duties", 600, duties.tend_duties),
    Chore("deliver kept", 2, offsets.deliver_kept),
    Chore("tell organisations", 2, organisations.tell_orders),
    Chore("push notices", 1, webhooks.deliver_notices),
    Chore("tell causes", 1, offsets.tell_causes),
    Chore("tend challenges", 300, challenges.tend_challenges),
    Chore("end plantings", 300, plantings.end_plantings),
    Chore("remind dockets", 600, dockets.remind_dockets),
    Chore("remind organisers", 3600, events.remind_organisers),
    Chore("tidy market", 60, registry.tidy_market),
    Chore("ask programmes", 600, registry.ask_programmes),
    Chore("fetch statements", 86_400, registry.fetch_statements),
    Chore("give badges", 2, badges.give_badges),
    Chore("watch for badges", 600, badges.watch_others),
    Chore("reconcile", 600, treasury.reconcile_due),
    Chore("seal log", 60, offsets.seal_days),
    Chore("seal regions", 60, statements.seal_regions),
    Chore("count reports", 3600, participants.count_reports),
    Chore("forget drafts", 3600, participants.forget_drafts),
    Chore("tend points", 60, points.tend_points),
    Chore("remind holders", 600, reminders.remind_holders),
    Chore("count thanks", 120, tallies.count_thanks),
    Chore("follow boards", 1, boards.follow_boards),
    Chore("forget leavings", 3600, boards.forget_leavings),
    Chore("look for signals", 3600, fairness.look_for_signals),
    Chore("keep limits", 60, fairness.keep_limits),
    Chore("ask voucher partners", 2, redemptions.ask_partners),
    Chore("conclude redemptions", 10, redemptions.conclude_redemptions),
    Chore("tend redemptions", 600, redemptions.tend_redemptions),
    Chore("prepare payouts", 600, treasury.prepare_last_month),
)


@click.command("sweeper")
def sweeper() -> None:
    """Find what no bell reached, without Redis: settle, deliver, ask the provider. Until stopped."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    turns = threading.BoundedSemaphore(2 * current_app.extensions["settings"].pool_size)
    threads = [threading.Thread(target=_keep_doing, args=(app, chore, turns, stop)) for chore in CHORES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _keep_doing(app: Flask, chore: Chore, turns: threading.BoundedSemaphore, stop: threading.Event) -> None:
    """Look at one chore again and again; each has its own thread, so that a slow one holds up no other.

    There are more chores than connections: as many run at once as the pool lends, and none fails for want
    of one.

    Whatever goes wrong, the sweeper goes on: a database that is away comes back, and a bug in one
    chore must not end the rest.
    """
    while not stop.is_set():
        with turns, app.app_context():
            try:
                chore.do()
            except Exception:
                _log.warning("chore failed", chore=chore.name, exc_info=True)
        stop.wait(chore.every_s)
