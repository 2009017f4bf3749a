"""The queue only rings: RQ tells a worker that there is something to do, PostgreSQL says what.

Jobs take no arguments, so a lost, doubled or late ring is harmless. JSON instead of pickle, and a
list of what may run, because whoever can write to Redis could otherwise call any dotted name.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, current_app
from redis import Redis, RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

QUEUE = "senhui"
STAYS_S = 2.0
"""How long a job stays at most."""
LINGERS_S = 0.2
"""How long it waits for more when there is nothing to do."""
LOOKS_EVERY_S = 0.02
_COALESCE_MS = 1000
_OWN_PAUSE_S = 0.05
_rung_at: dict[str, float] = {}
_PLENTY = 2000
_jobs: dict[str, Callable[[], int]] = {}
_log = structlog.get_logger(__name__)


class JobRefused(RuntimeError):
    """Something in Redis asked for work that is not on the list."""


def job(function: Callable[[], int]) -> Callable[[], int]:
    """Put `function` on the list of what a worker may run, under its dotted name.

    It does what there is to do now and returns how much that was.
    """
    _jobs[f"{function.__module__}.{function.__name__}"] = function
    return function


def connect(app: Flask, url: str) -> None:
    """Give `app` its Redis; short time-outs, since nobody may wait for a bell."""
    app.extensions["redis"] = Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.3)


def redis() -> "Redis":
    """The application's Redis. What is kept there may vanish at any moment."""
    client: Redis = current_app.extensions["redis"]
    return client


def ring(name: str) -> bool:
    """Wake a worker for job `name`; False when Redis is away (the sweeper will find the work).

    Rings within a second are one, and while a job stays (see `ListedJob.perform`) there is no need of
    any. A process does not even ask Redis twice within a twentieth of a second; what falls between is
    the job's that has not looked yet, or the sweeper's.
    """
    if name not in _jobs:
        raise JobRefused(name)
    now = time.monotonic()
    if now - _rung_at.get(name, -1.0) < _OWN_PAUSE_S:
        return True
    _rung_at[name] = now
    try:
        if not redis().set(_flag(name), 1, nx=True, px=_COALESCE_MS):
            return True
        _enqueue(name)
    except RedisError as error:
        _log.warning("bell not rung", job=name, reason=type(error).__name__)
        return False
    return True


def _enqueue(name: str) -> None:
    _queue().enqueue(name, result_ttl=0, failure_ttl=60, job_timeout=60)


def _queue() -> Queue:
    return Queue(QUEUE, connection=redis(), serializer=JSONSerializer)


def _flag(name: str) -> str:
    return f"senhui:rung:{name}"


class ListedJob(Job):
    """An RQ job that runs only what is on the list, without arguments, callbacks or instance."""

    app: Flask

    def perform(self) -> int:
        """Run the listed function again and again while there is work, and a moment longer.

        A worker forks for each job, which costs more than settling hundreds of orders: in a busy hour
        one job stays where there would have been one a bell. Its flag is up meanwhile, so nobody rings;
        once it is down the work is looked at once more. It leaves when another kind of job waits for
        this worker. Returns how much was done. Raises `JobRefused`
        for anything that is not on the list.
        """
        function = _jobs.get(self.func_name or "")
        if function is None or self.args or self.kwargs or self.instance is not None:
            raise JobRefused(str(self.func_name)[:100])
        flag, client = _flag(str(self.func_name)), self.app.extensions["redis"]
        client.set(flag, 1, px=int(STAYS_S * 1000) + _COALESCE_MS)
        try:
            done = self._stay(function)
        finally:
            client.delete(flag)
        return done + self._look(function)

    def _stay(self, function: Callable[[], int]) -> int:
        leaves = time.monotonic() + STAYS_S
        tires, done = 0.0, 0
        while True:
            found, now = self._look(function), time.monotonic()
            done += found
            tires = now + LINGERS_S if found or not tires else tires
            if found >= _PLENTY:
                self._call_for_help()
            if now > min(leaves, tires) or self._others_wait():
                return done
            time.sleep(LOOKS_EVERY_S)

    def _look(self, function: Callable[[], int]) -> int:
        with self.app.app_context():
            return function()

    def _others_wait(self) -> bool:
        """Whether the next job in the queue is of another kind."""
        with self.app.app_context(), contextlib.suppress(RedisError):
            waiting = _queue().get_jobs(0, 1)
            return any(each.func_name != self.func_name for each in waiting)
        return False

    def _call_for_help(self) -> None:
        """Wake another worker, if one is idle, for a backlog that is more than one look's work."""
        with self.app.app_context(), contextlib.suppress(RedisError):
            if not _queue().count:
                _enqueue(str(self.func_name))

    def execute_success_callback(self, *args: Any, **kwargs: Any) -> None:
        """Never: a callback is a dotted name that whoever writes to Redis could choose."""

    def execute_failure_callback(self, *args: Any, **kwargs: Any) -> None:
        """Never, as above."""

    def execute_stopped_callback(self, *args: Any, **kwargs: Any) -> None:
        """Never, as above."""


def worker(app: Flask, redis_url: str) -> Worker:
    """A forking RQ worker for the one queue; one queue a process keeps RQ's safe hand-over (LMOVE)."""
    ListedJob.app = app
    connection = Redis.from_url(redis_url)
    return Worker(
        [Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=ListedJob)],
        connection=connection,
        serializer=JSONSerializer,
        job_class=ListedJob,
        worker_ttl=30,
        job_monitoring_interval=5,
        maintenance_interval=10,
    )
