"""Partners, people and withdrawals at the same moment: nobody deadlocks, and everything still proves."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from builders import person
from flask import Flask
from partnering import item, link, register, yesterday

from app.accounts import queries as books
from app.footprint import queries
from app.kit.database import db

ROUNDS = 8


def test_whatever_meets_on_the_same_days_queues_and_counts_once(app: Flask) -> None:
    url = app.extensions["settings"].public_url
    people = [person(app) for _ in range(6)]
    racers = [register(url) for _ in range(2)]
    tokens = [[link(each.holder_id, racer) for each in people] for racer in racers]
    statuses: Counter[int] = Counter()

    def report(which: int) -> None:
        scene = ("metro", "bus")[which]
        for turn in range(ROUNDS):
            # The one goes forwards through people and hours, the other backwards.
            told: list[dict[str, Any]] = [
                item(
                    token,
                    300 + 40 * turn + 10 * place,
                    scene=scene,
                    duration_s=600,
                    distance_m=4000,
                    ride={"carrier": "m", "number": f"{turn}-{number}-{place}"},
                )
                for number, token in enumerate(tokens[which])
                for place in range(4)
            ]
            answer = racers[which].post(app.test_client(), told[:: 1 - 2 * which])
            statuses[answer.status_code] += 1

    def declare() -> None:
        for turn in range(ROUNDS * 4):
            rider = people[turn % len(people)]
            told = {
                "scene": "shared_bike",
                "started_at": yesterday(305 + 10 * turn).isoformat(),
                "distance_m": 900,
            }
            statuses[app.test_client().post("/v1/actions", json=told, headers=rider.auth).status_code] += 1

    def withdraw() -> None:
        for turn in range(ROUNDS):
            rider = people[-1 - turn % len(people)]
            listed = app.test_client().get("/v1/actions?limit=3", headers=rider.auth).json["items"]
            for action in listed:
                path = f"/v1/actions/{action['code']}"
                statuses[app.test_client().delete(path, headers=rider.auth).status_code] += 1

    _at_once(app, lambda: report(0), lambda: report(1), declare, withdraw)
    assert set(statuses) <= {200, 201, 204, 409}, statuses
    db.session.rollback()
    assert [proof for proof in [*queries.prove(), *books.prove()] if not proof.holds] == []


def _at_once(app: Flask, *acts: Callable[[], None]) -> None:
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        with app.app_context():
            start.wait(5)
            act()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
