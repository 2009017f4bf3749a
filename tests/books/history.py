"""Playing one step on both sides: the application on PostgreSQL, the model beside it.

A step may be played whole, die at a statement, or be held at a statement while another step runs. The
database must then be what the model says: all of it, a beginning of its transactions, or the two steps
one after the other, in either order.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import psycopg
from flask import Flask

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.web.queries import proofs_of_all_rooms
from books.faults import Crash, Pause, die, planned
from books.picture import difference, predicted, seen
from books.provider import Provider
from books.world import World

Change = Callable[[World], Any]


class ModelBroken(AssertionError):
    """The application did what the model does not allow."""


@dataclass
class Step:
    """One thing that happens: `do` in the application, `changes` in the model, a transaction each.

    `changes` are asked for after `do`, since what a job has heard is known only then. The outcome of
    the last change is the outcome that `do` must have, unless `silent`. A `job` is many transactions, so
    a crash leaves a beginning of them; anything else leaves nothing. `phases` are what may be
    interleaved when two steps run at once, where that is more than the changes themselves.
    """

    name: str
    do: Callable[[], Any]
    changes: Callable[[], Sequence[Change]]
    job: bool = False
    silent: bool = False
    phases: Sequence[Change] = field(default=())


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

    # -- playing ----------------------------------------------------------------------------------

    def play(self, step: Step, crash_at: int = 0) -> None:
        """Play one step, dying at its `crash_at`-th statement if it has so many, and compare."""
        self.steps += 1
        self.provider.now, self.provider.heard = self.world.now, []
        outcome = self._run(step, crash_at)
        changes = step.changes()
        least = 0 if outcome is Crash else len(changes)
        most = 0 if outcome is Crash and not step.job else len(changes)
        self._agree(step.name, [(changes[:count], ()) for count in range(least, most + 1)], ())
        if outcome is not Crash and not step.silent and outcome != self._said[-1]:
            raise ModelBroken(f"{step.name}: {outcome!r}, the model says {self._said[-1]!r}")

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
        steps = [(step.phases or step.changes()) for step in (first, second)]
        # A step that met the other one's lock may have refused, and then has done nothing.
        parts = [() if outcome == "Conflict" else part for part, outcome in zip(steps, outcomes, strict=True)]
        said = tuple(o for o, part in zip(outcomes, parts, strict=True) if part)
        self._agree(f"{first.name} | {second.name}", list(interleaved(*parts)), said)

    def _agree(
        self, name: str, candidates: Sequence[tuple[Sequence[Change], Sequence[int]]], outcomes: Sequence[Any]
    ) -> None:
        """Take over the first candidate that is what the database holds; fail when none is."""
        database, faults = seen(), []
        for changes, ends in candidates:
            world = self.world.copy()
            self._said = [change(world) for change in changes]
            lines = difference(predicted(world), database)
            said = [self._said[end] for end in ends]
            if said != list(outcomes):
                lines.append(f"outcomes {list(outcomes)}, the model says {said}")
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
        books = {name: self.world.books[1, name] for name in (chart.CLEARING.name, chart.PROVIDER.name)}
        if books != {"clearing": 0, "provider": -self.provider.cash_fen}:
            raise ModelBroken(f"books {books}, the provider holds {self.provider.cash_fen}")


def interleaved(
    first: Sequence[Change], second: Sequence[Change]
) -> Iterator[tuple[Sequence[Change], Sequence[int]]]:
    """Every order of both that keeps each one's own, with the places where each one ends."""
    count = len(first) + len(second)
    for places in combinations(range(count), len(first)):
        rest = [place for place in range(count) if place not in places]
        changes: list[Change | None] = [None] * count
        for own, where in ((first, places), (second, rest)):
            for change, place in zip(own, where, strict=True):
                changes[place] = change
        yield changes, [where[-1] for where in (places, rest) if where]  # type: ignore[misc]
