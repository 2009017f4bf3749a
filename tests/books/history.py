"""Playing one step on both sides: the application on PostgreSQL, the model beside it.

A step may be played whole, die at a statement, or be held at a statement while another step runs. The
database must then be what the model says: all of it, a beginning of its transactions, or the two steps
one after the other, in either order.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from flask import Flask

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.queries import proofs_of_all_rooms
from books.faults import Crash, Pause, die, planned
from books.ledger import PLATFORM
from books.picture import difference, predicted, seen
from books.provider import Provider
from books.world import World

T = TypeVar("T")
Change = Callable[[World], Any]


class ModelBroken(AssertionError):
    """The application did what the model does not allow."""


@dataclass
class Step:
    """One thing that happens: `do` in the application, `changes` in the model, a transaction each.

    `changes` are asked for after `do`, since what a job has heard is known only then. The outcome of
    `do` must be what the change says. A `job` is many transactions and has no outcome: dying leaves a
    beginning of them; anything else that dies leaves nothing. A step whose outcome is `yields` while
    another runs has met its lock, and has done nothing.
    """

    name: str
    do: Callable[[], Any]
    changes: Callable[[], Sequence[Change]]
    job: bool = False
    yields: Any = "Conflict"


def once(change: Change) -> Callable[[], Sequence[Change]]:
    """The changes of a step that is one transaction."""
    return lambda: (change,)


class History:
    """A database, a provider, a model, and what has happened to all three."""

    def __init__(self, app: Flask, url: str, reservation_minutes: int = 15) -> None:
        self.app, self.provider = app, Provider()
        self.reservation_minutes = reservation_minutes
        app.extensions["wechat_pay"] = self.provider
        self.world = World(clock.now().replace(microsecond=0))
        self.watcher = psycopg.connect(url, autocommit=True)
        self.steps = 0

    def close(self) -> None:
        """Let the database go."""
        db.session.remove()
        self.watcher.close()

    def atomic(self, work: Callable[[], T]) -> Callable[[], T]:
        """`work` in one transaction, as a route or a job would have it."""

        def do() -> T:
            with transaction():
                return work()

        return do

    # -- playing ----------------------------------------------------------------------------------

    def play(self, step: Step, crash_at: int = 0) -> None:
        """Play one step, dying at its `crash_at`-th statement if it has so many, and compare."""
        self.steps += 1
        self.provider.now, self.provider.heard = self.world.now, []
        outcome = self._run(step, crash_at)
        changes = step.changes()
        least = 0 if outcome is Crash else len(changes)
        most = 0 if outcome is Crash and not step.job else len(changes)
        outcomes = () if outcome is Crash or step.job else (outcome,)
        self._agree(step.name, [(changes[:count], outcomes) for count in range(least, most + 1)])

    def race(self, first: Step, second: Step, pause_at: int) -> None:
        """Hold the first step at its `pause_at`-th statement, run the second as far as it can, then both."""
        self.steps += 1
        pause, outcomes = Pause(), [None, None]

        def one(place: int, step: Step, at: int) -> threading.Thread:
            def work() -> None:
                with self.app.app_context(), planned(at, pause):
                    try:
                        outcomes[place] = self._outcome(step)
                    except BaseException as error:
                        outcomes[place] = error

            context = contextvars.copy_context()
            thread = threading.Thread(target=lambda: context.run(work))
            thread.start()
            return thread

        db.session.rollback()
        with clock.frozen(self.world.now):
            leading = one(0, first, pause_at)
            while leading.is_alive() and not pause.reached.is_set():
                time.sleep(0.0005)
            following = one(1, second, 0)
            while following.is_alive() and not self._blocked():
                time.sleep(0.0005)
            pause.release()
            leading.join()
            following.join()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise ModelBroken(f"{first.name} | {second.name}: {outcome!r}") from outcome
        self._serial(first, second, outcomes)

    def _serial(self, first: Step, second: Step, outcomes: Sequence[Any]) -> None:
        """What came of two steps at once must be what comes of them one after the other."""
        done = [
            (step.changes(), outcome)
            for step, outcome in zip((first, second), outcomes, strict=True)
            if outcome != step.yields
        ]
        orders = (done, done[::-1])
        self._agree(
            f"{first.name} | {second.name}",
            [
                ([change for changes, _ in order for change in changes], [o for _, o in order])
                for order in orders
            ],
        )

    def _agree(self, name: str, candidates: Sequence[tuple[Sequence[Change], Sequence[Any]]]) -> None:
        """Take over the first candidate that is what happened; fail when none is.

        A candidate is changes with the outcomes that the application gave, which the last ones must have.
        """
        database, faults = seen(), []
        for changes, outcomes in candidates:
            world = self.world.copy()
            said = [change(world) for change in changes][len(changes) - len(outcomes) :]
            lines = difference(predicted(world), database)
            if said != list(outcomes):
                lines.append(f"outcome: the model says {said}, the application {list(outcomes)}")
            if not lines:
                self.world = world
                return
            faults.append(lines)
        raise ModelBroken("\n  ".join([name, *min(faults, key=len)[:12]]))

    def _run(self, step: Step, crash_at: int) -> Any:
        with clock.frozen(self.world.now), planned(crash_at, die):
            try:
                return self._outcome(step)
            except Crash:
                return Crash
            finally:
                db.session.rollback()

    def _outcome(self, step: Step) -> Any:
        try:
            return step.do()
        except Problem as refusal:
            return type(refusal).__name__

    def _blocked(self) -> bool:
        """Whether some session of this database waits for a lock."""
        found = self.watcher.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        ).fetchone()
        return bool(found and found[0])

    # -- proving ----------------------------------------------------------------------------------

    def prove(self) -> None:
        """Every invariant of every room, everyone's statement, and the provider's view."""
        failing = [proof for proof in proofs_of_all_rooms() if not proof.holds]
        if failing:
            raise ModelBroken(f"not proved: {failing}")
        for holder in self.world.openids:
            sums: dict[str, int] = {}
            for line in accounts.list_statement(holder, 10_000):
                sums[line.account] = sums.get(line.account, 0) + line.change
            stored = {name: sum_ for name, sum_ in sums.items() if sum_}
            expected = {name: b for (owner, name), b in self.world.books.items() if owner == holder and b}
            if stored != expected:
                raise ModelBroken(f"statement of {holder}: {stored}, the model says {expected}")
        db.session.rollback()
        if self.provider.wrongs:
            raise ModelBroken(f"the provider was asked wrongly: {self.provider.wrongs}")

    def prove_rest(self) -> None:
        """When nothing is left to do, every order has ended and our money is the provider's."""
        self.prove()
        still = [o for o in self.world.orders.values() if o.status in ("reserved", "paid", "refunding")]
        if still:
            raise ModelBroken(f"never ended: {still}")
        clearing, provider, bank = (
            self.world.books[PLATFORM, kind.name] for kind in (chart.CLEARING, chart.PROVIDER, chart.BANK)
        )
        held = sum(doubt.held_fen or 0 for doubt in self.world.doubts.values() if not doubt.bank)
        if clearing or -provider != self.provider.cash_fen + held or -bank != self._at_the_bank():
            cash, there = self.provider.cash_fen + held, self._at_the_bank()
            raise ModelBroken(f"clearing {clearing}, provider {provider} of {cash}, bank {bank} of {there}")

    def _at_the_bank(self) -> int:
        """What two people have read, less what went out again."""
        received = {(order, ref): it.fen for (order, _, ref), it in self.world.readings.items() if it.agreed}
        back = sum(each.fen for each in self.world.refunds.values() if each.bank and each.succeeded)
        entries = self.world.entries
        paid = entries["complete_payout"] - entries["reverse_payout"] - entries["reverse_fees"]
        return sum(received.values()) - back - paid
