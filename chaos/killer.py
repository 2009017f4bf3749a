"""What is killed when: drawn from a seed, carried out with SIGKILL."""

import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chaos.instance import Instance, kill_group
from chaos.processes import Process, children, kill

HUNT_S = 3.0
"""How long to lie in wait for a horse; one lives for a twentieth of a second."""
OVERTIME_S = 90.0
"""How much longer than planned all kills together may take."""


@dataclass(frozen=True)
class Blow:
    """One kill: how long after the one before, and what."""

    after_s: float
    kind: str


def plan(kills: int, seconds: float, seed: int) -> list[Blow]:
    """So many blows in about so many seconds: each kind once in the first round, then by weight."""
    dice = random.Random(seed)
    kinds: list[str] = []
    deck = list(WEIGHTS)
    while len(kinds) < kills:
        dice.shuffle(deck)
        kinds += deck
        deck = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    mean_s = seconds / max(kills, 1)
    return [Blow(dice.uniform(0.2, 1.8) * mean_s, kind) for kind in kinds[:kills]]


class Killer:
    """Carries out a plan against an instance, and counts."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self.instance = instance
        self.dice = random.Random(seed)
        self.made: Counter[str] = Counter()

    def carry_out(self, blows: list[Blow], over: threading.Event) -> None:
        """Strike at each one's time; who is not there yet, being started again, has its turn later."""
        waiting = deque(blows)
        end = time.monotonic() + sum(blow.after_s for blow in blows) + OVERTIME_S
        while waiting and time.monotonic() < end and not over.is_set():
            blow = waiting.popleft()
            over.wait(blow.after_s)
            if _STRIKES[blow.kind](self.instance, self.dice):
                self.made[blow.kind] += 1
            else:
                waiting.append(blow)


def _strike_web(instance: Instance, dice: random.Random) -> bool:
    """One of the two workers, which the server replaces, or the whole server."""
    server = instance.running["web"]
    workers = [each for each in children(server.pid) if "granian" in each.words or "spawn" in each.words]
    if not workers:
        return False
    if dice.random() < 0.5:
        return bool(kill(dice.choice(workers).pid))
    kill_group(server)
    return True


def _strike_worker(instance: Instance, dice: random.Random) -> bool:
    """The process that fetches jobs; a horse of its lives on until the supervisor cleans up."""
    worker = instance.running[dice.choice(_WORKERS)]
    return worker.poll() is None and bool(kill(worker.pid))


def _strike_horse(instance: Instance, dice: random.Random) -> bool:
    """The fork that is doing a job at this moment."""
    end = time.monotonic() + HUNT_S
    while time.monotonic() < end:
        workers = {instance.running[name].pid for name in _WORKERS}
        horses = [each for worker in workers for each in children(worker)]
        if horses and kill(dice.choice(horses).pid):
            return True
    return False


def _strike_sweeper(instance: Instance, dice: random.Random) -> bool:
    sweeper = instance.running["sweeper"]
    return sweeper.poll() is None and bool(kill(sweeper.pid))


def _strike_redis(instance: Instance, dice: random.Random) -> bool:
    """Nothing is on disk, so it comes back empty."""
    return bool(kill(*(each.pid for each in _servers(instance) if "valkey" in each.words)))


def _strike_postgres(instance: Instance, dice: random.Random) -> bool:
    """One backend, at which all others are ended; the postmaster alone; or all, as with the machine."""
    for postmaster in (each for each in _servers(instance) if "valkey" not in each.words):
        backends = [each.pid for each in children(postmaster.pid)]
        choices = {
            "backend": backends and [dice.choice(backends)],
            "postmaster": [postmaster.pid],
            "machine": [postmaster.pid, *backends],
        }
        return bool(kill(*choices[dice.choice(list(choices))]))
    return False


def _servers(instance: Instance) -> list[Process]:
    with suppress(OSError, ValueError):
        return children(json.loads((instance.stack / "stack.json").read_text())["keeper"])
    return []


_WORKERS = ("worker 1", "worker 2")
_STRIKES: dict[str, Callable[[Instance, random.Random], bool]] = {
    "web": _strike_web,
    "worker": _strike_worker,
    "horse": _strike_horse,
    "sweeper": _strike_sweeper,
    "redis": _strike_redis,
    "postgres": _strike_postgres,
}
WEIGHTS = {"web": 2, "worker": 2, "horse": 4, "sweeper": 2, "redis": 4, "postgres": 3}
"""How often each kind comes: more often what is back at once."""
