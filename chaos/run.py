"""One run: havoc under load, then stillness, then the verdict."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

import psycopg

from chaos.forest import Forest
from chaos.instance import Instance
from chaos.killer import WEIGHTS, Killer, plan
from chaos.load import Buyer
from chaos.provider import SPOILT, Provider
from chaos.verdict import Verdict, judge, outcomes, oversold, unbalanced
from chaos.waiting import let_everything_come_due

BUYERS = 8
DRAIN_LIMIT_S = 180.0
STILL_S = 5.0
"""The drain is over when nothing has moved for so long."""
MISCHIEF_EVERY_S = 0.3


@dataclass(frozen=True)
class Run:
    """What is to happen: which application, how many kills in about how many seconds, and the seed."""

    target: str
    kills: int
    seconds: float
    seed: int


@dataclass(frozen=True)
class Report:
    """What has happened."""

    verdict: Verdict
    kills: Counter[str]
    answers: Counter[int]
    lives: Counter[str]
    forgeries: Counter[tuple[str, bool]]
    fires: int
    drained_s: float
    faults: int

    @property
    def accepted_forgeries(self) -> int:
        """Notices with a bad signature that were not refused."""
        return sum(self.forgeries[way, True] for way in SPOILT)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, oversold or believed that must not be."""
        return self.verdict.clean and not self.accepted_forgeries

    def is_whole(self, run: Run) -> bool:
        """Whether all kills were made, some of each kind."""
        return self.kills.total() == run.kills and set(self.kills) == set(WEIGHTS)


def carry_out(run: Run) -> Report:
    """One run on an instance of its own, of which nothing is left afterwards."""
    with Instance(run.target) as instance:
        forest = Forest(instance.env)
        killer = Killer(instance, run.seed)
        buyers = _make_havoc(run, instance, forest, killer)
        start = time.monotonic()
        verdict = _drain(instance)
        return Report(
            verdict=verdict,
            kills=killer.made,
            answers=sum((buyer.answers for buyer in buyers), Counter()),
            lives=sum((buyer.lives for buyer in buyers), Counter()),
            forgeries=sum((buyer.forgeries for buyer in buyers), Counter()),
            fires=forest.fires,
            drained_s=time.monotonic() - start,
            faults=instance.log().count("unexpected fault"),
        )


def _make_havoc(run: Run, instance: Instance, forest: Forest, killer: Killer) -> list[Buyer]:
    """Buyers buy, forests burn, the provider misbehaves, processes die; all of it ends with the last kill."""
    over = threading.Event()
    buyers = [Buyer(instance, forest, f"{run.seed}-{number}", over) for number in range(BUYERS)]
    others = [
        threading.Thread(target=forest.burn, args=(random.Random(run.seed), over), daemon=True),
        threading.Thread(target=_misbehave, args=(instance, random.Random(run.seed), over), daemon=True),
    ]
    threads = [*buyers, *others]
    for thread in threads:
        thread.start()
    try:
        killer.carry_out(plan(run.kills, run.seconds, run.seed), over)
    finally:
        over.set()
    for thread in threads:
        thread.join()
    return buyers


def _misbehave(instance: Instance, dice: random.Random, over: threading.Event) -> None:
    provider = Provider(instance)
    while not over.wait(MISCHIEF_EVERY_S):
        provider.misbehave(dice)
    provider.behave()


def _drain(instance: Instance) -> Verdict:
    """Wait until every notice is delivered and every payment has its outcome, or nothing moves any more."""
    provider, database_url = Provider(instance), instance.env["DATABASE_URL"]
    end = time.monotonic() + DRAIN_LIMIT_S
    moved, before = time.monotonic(), (0, 0, 0)
    while True:
        try:
            let_everything_come_due(database_url)
            ledger, found = provider.ledger(), outcomes(database_url)
        except psycopg.OperationalError:  # still on its way back from the last kill
            time.sleep(0.5)
            continue
        now, verdict = time.monotonic(), judge(ledger.paid, found)
        standing = (verdict.acked, verdict.settled, verdict.refunded)
        if standing != before:
            moved, before = now, standing
        is_done = not ledger.undelivered and not verdict.lost
        if is_done or now - moved > STILL_S or now > end:
            return judge(ledger.paid, found, oversold(database_url), unbalanced(instance))
        time.sleep(1.0)
