"""A block handed over between two instances, there and back, while their processes are killed."""

import json
import re
import secrets
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests

from cases.ground import Free, Ground, Unmet, meet
from cases.instance import Instance, wait
from cases.people import Operator, Person, Unexpected
from chaos.processes import children, kill

RECEIVER = "示例国有林场"
SHARE_HOLDER = "示例村集体 C"
GOES_KG, RETURNS_KG = 600, 250
WITHIN_S = 240.0
"""A letter that met a side just killed is sent again after one, two, four … seconds."""
VICTIMS = {"web": "-m granian", "worker": "wsgi worker", "sweeper": "wsgi sweeper"}
"""What a process's command line holds, by what it is; `flask dev` starts each again."""


@dataclass
class Side:
    """One registry, the name by which the other knows it, and its two operators."""

    instance: Instance
    name: str
    maker: Operator
    checker: Operator
    kills: int = 0

    def die(self, *victims: str) -> None:
        """Kill some of the instance's processes; the instance starts them again."""
        words = [VICTIMS[victim] for victim in victims]
        found = [
            each.pid for each in children(self.instance.pid) if any(word in each.words for word in words)
        ]
        outliving = [each.pid for pid in found for each in children(pid)]
        self.kills += kill(*found)
        kill(*outliving)  # a web worker answers once more after its master is gone, and then breaks off

    def back(self) -> "Side":
        """This side, as soon as it answers again."""
        _until(lambda: requests.get(f"{self.instance.url}/readyz", timeout=2).ok)
        return self

    def held_kg(self) -> int:
        """What is held here, by this registry's own signed statement."""
        document = Person(self.instance).call("GET", "/v1/statement")["document"]
        payload = document.split(".")[1]
        return int(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["held_kg"])

    def key(self) -> str:
        """The public key that its letters are signed with, as its console shows it."""
        found = re.search(r'class="code">([\w-]{43})<', self.maker.page("/console/programmes"))
        if found is None:
            raise Unmet("the console shows no key of ours")
        return found[1]

    def recognise(self, other: "Side") -> None:
        """Enter and confirm the other as a programme."""
        told = {"code": other.name, "name_zh": f"登记机构 {other.name}", "name_en": f"Registry {other.name}"}
        told |= {"base_url": other.instance.url, "keys": other.key(), "form_key": secrets.token_urlsafe(18)}
        self.maker.send("/console/programmes", **told)
        row = re.search(r"/console/programmes/(\d+)/confirm", self.checker.page("/console/programmes"))
        if row is None:
            raise Unmet("no programme waits for its second person")
        self.checker.send(f"/console/programmes/{row[1]}/confirm")


@dataclass
class Watch:
    """Reads both registries all the time: what both hold together, and that what is missing has a deed."""

    sides: tuple[Side, Side]
    whole_kg: int
    numbers: list[tuple[Side, str]] = field(default_factory=list)
    readings: int = 0
    faults: list[str] = field(default_factory=list)

    def look(self) -> None:
        """One reading; a side that is being killed gives none."""
        here, there = self.sides
        with suppress(requests.RequestException, Unexpected):
            # Whoever receives is read before whoever gives: honest movements can only make less of it.
            sums = [first.held_kg() + second.held_kg() for first, second in ((there, here), (here, there))]
            if min(sums) > self.whole_kg:
                self.faults.append(f"both together hold {min(sums)} kg of {self.whole_kg}")
            if max(sums) < self.whole_kg and not any(self._has_deed(*each) for each in self.numbers):
                self.faults.append(
                    f"both together hold {max(sums)} kg of {self.whole_kg}, and there is no deed"
                )
            self.readings += 1

    def _has_deed(self, giver: Side, number: str) -> bool:
        return _given(giver, number)["deed"] is not None


def handover_between_two(ground: Ground) -> str:
    """Units go over and some come back; nobody holds them twice, and nobody loses them."""
    here = Side(ground.instance, "HERE", ground.maker, ground.checker)
    with Instance("senhui-cases-there") as instance:
        maker, checker = Operator(instance, "sample-lin"), Operator(instance, "sample-zhang")
        there = Side(instance, "THERE", maker, checker)
        here.recognise(there)
        there.recognise(here)
        before = here.held_kg(), there.held_kg()
        watch = Watch((here, there), sum(before))
        over = threading.Event()
        watcher = threading.Thread(target=lambda: _watch(watch, over))
        watcher.start()
        try:
            received = _hand_over(watch, here, there, _without_shares(ground), GOES_KG)
            _hand_over(watch, there, here, received, RETURNS_KG)
        finally:
            over.set()
            watcher.join()
        moved = GOES_KG - RETURNS_KG
        meet(
            (here.back().held_kg(), there.back().held_kg()),
            (before[0] - moved, before[1] + moved),
            "held at the end",
        )
        meet(watch.faults, [], "faults seen meanwhile")
        meet(instance.flask("prove").returncode, 0, "the other instance's books")
    kills = here.kills + there.kills
    seen = f"{kills} kills, {watch.readings} readings of both"
    return f"{GOES_KG} there, {RETURNS_KG} back, {seen}: never held twice, never lost"


def _without_shares(ground: Ground) -> str:
    """Units whose registered share is their holder's own: no others may leave."""
    village = ground.maker.right_holder(SHARE_HOLDER)
    ground.mandate("transfer", serial=ground.free.serial, quantity_kg=GOES_KG, other=village)
    first = ground.free.first
    ground.free.first += GOES_KG
    return Free(first, ground.free.first - 1).serial


def _watch(watch: Watch, over: threading.Event) -> None:
    while not over.wait(0.05):
        watch.look()


def _hand_over(watch: Watch, giver: Side, receiver: Side, serial: str, quantity_kg: int) -> str:
    """Lock, offer, accept and complete, with a kill after every step; what the units are called then."""
    wish = {"serial": serial, "quantity_kg": quantity_kg, "programme": receiver.name, "note": "示例协议"}
    wish |= {"recipient": receiver.back().maker.right_holder(RECEIVER), "form_key": secrets.token_urlsafe(18)}
    number = giver.back().maker.send("/console/handovers", **wish).split("?")[0].rsplit("/", 1)[-1]
    watch.numbers.append((giver, number))
    receiver.die("web")
    giver.back().checker.send(f"/console/handovers/given/{number}/approve")
    giver.die("worker", "sweeper")
    place = f"/console/handovers/taken/{giver.name}/{number}"
    _until(lambda: receiver.checker.page(place))
    giver.die("web")
    receiver.back().maker.send(f"{place}/propose")
    receiver.checker.send(f"{place}/accept")
    receiver.die("worker", "sweeper", "web")
    _until(lambda: _given(giver, number)["deed"])
    giver.die("web", "worker")
    _until(lambda: "/deed.jws" in receiver.checker.page(place))
    found = re.search(r'href="/serials/([^"]+)"', receiver.back().checker.page(place))
    if found is None:
        raise Unmet("the receiver does not say what the units are called there")
    return found[1]


def _given(giver: Side, number: str) -> Any:
    return Person(giver.instance).call("GET", f"/v1/handovers/{number}")


def _until(ask: Callable[[], Any]) -> Any:
    """What is asked for, as soon as a side that was killed is there again and has it."""

    def once() -> Any:
        with suppress(requests.RequestException, Unexpected):
            return ask()

    return wait(once, WITHIN_S)
