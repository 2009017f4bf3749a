"""Real processes, killed in the middle: every acknowledged yuan still ends as exactly one outcome."""

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
from instance import Caller, Instance

pytestmark = pytest.mark.alone

ORDERS = 24
KILLS = 12
SEED = 20261121
WORKER, SWEEPER, WEB = "wsgi worker", "wsgi sweeper", "-m granian"


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """One instance for this module."""
    with Instance() as running:
        yield running


def buy(caller: Caller, lot: str) -> str:
    """Order and pay; returns the order's code."""
    order = caller.call("POST", "/v1/orders", purpose="personal", lot=lot, amount_fen=100)
    for _ in range(50):
        sheet = caller.call("POST", f"/v1/orders/{order['code']}/payment")
        if caller.on_phone("pay", **sheet) == {"result": "ok"}:
            return str(order["code"])
        time.sleep(0.1)
    raise AssertionError("the phone could not pay")


def until_settled(caller: Caller, codes: list[str], seconds: float) -> float:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if all(caller.call("GET", f"/v1/orders/{code}")["status"] == "settled" for code in codes):
            return time.monotonic() - start
        time.sleep(0.1)
    raise AssertionError([caller.call("GET", f"/v1/orders/{code}")["status"] for code in codes])


def a_lot(caller: Caller) -> str:
    return str(caller.call("GET", "/v1/lots?available=true")["items"][0]["code"])


def test_it_starts_quickly_and_settles_within_two_seconds(instance: Instance) -> None:
    assert instance.ready_s < 20, "under 10 s on a quiet machine; this one runs the tests besides"
    caller = Caller(instance, "quick")
    code = buy(caller, a_lot(caller))
    assert until_settled(caller, [code], 10) < 2


def test_settles_while_workers_web_and_sweeper_are_killed(instance: Instance) -> None:
    caller = Caller(instance, "crash")
    lot = a_lot(caller)
    dice = random.Random(SEED)
    # The web server needs seconds to come back; the others are killed all the time.
    victims = itertools.cycle([WORKER, SWEEPER, WORKER, WEB, *[WORKER, SWEEPER, WORKER] * 10])
    kills, over = 0, threading.Event()
    codes: list[str] = []

    def kill() -> None:
        nonlocal kills
        while not over.wait(dice.uniform(0.5, 1.2)):
            for pid in instance.children(next(victims)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
            with redis.Redis.from_url(instance.stack()["redis_url"]) as bells:
                bells.flushall()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        while kills < KILLS or len(codes) < ORDERS:
            codes.append(buy(caller, lot))
    finally:
        over.set()
        killer.join()
    until_settled(caller, codes, 60)
    proof = instance.prove()
    assert proof.returncode == 0, proof.stdout


def test_settles_by_the_sweeper_alone_when_the_worker_hangs(instance: Instance) -> None:
    caller = Caller(instance, "alone")
    lot = a_lot(caller)
    frozen = instance.children(WORKER)
    assert frozen
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        until_settled(caller, [buy(caller, lot)], 15)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert instance.prove().returncode == 0


def test_settles_while_redis_does_not_answer(instance: Instance) -> None:
    caller = Caller(instance, "mute")
    lot = a_lot(caller)
    with redis.Redis.from_url(instance.stack()["redis_url"]) as bells:
        bells.execute_command("CLIENT", "PAUSE", 12_000, "ALL")
    until_settled(caller, [buy(caller, lot)], 11)
    assert instance.prove().returncode == 0
