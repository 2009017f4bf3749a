"""Whoever ends a link while its partner reports waits for it or is waited for; nobody deadlocks."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from builders import Person, person
from flask import Flask
from flask.testing import FlaskClient
from partnering import SCENES, Reporter, item, link, register

from app.accounts.services import holders
from app.footprint.services import links
from app.kit.transaction import transaction


def end(app: Flask, rider: Person, partner: Reporter) -> int:
    path = f"/v1/me/partners/{partner.code}"
    return app.test_client().delete(path, headers={**rider.auth, "Idempotency-Key": "end"}).status_code


def agree_anew(app: Flask, rider: Person, partner: Reporter) -> int:
    # Agreed to one by one, the last by name first: neither order is that of the names.
    told = {"scenes": sorted(SCENES), "version": "2"}
    path = f"/v1/me/partners/{partner.code}"
    return (
        app.test_client().put(path, json=told, headers={**rider.auth, "Idempotency-Key": "anew"}).status_code
    )


@pytest.mark.parametrize(("act", "statuses"), [(end, {204}), (agree_anew, {200})])
def test_a_person_who_changes_a_link_and_a_batch_queue(
    app: Flask,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Flask, Person, Reporter], int],
    statuses: set[int],
) -> None:
    partner = register(app.extensions["settings"].public_url)
    rider = person(app)
    for scene in sorted(SCENES, reverse=True):
        token = link(rider.holder_id, partner, scene)
    withdraw, begun, answers = links.consents.withdraw_consent, threading.Event(), []

    def withdraw_slowly(*told: Any) -> bool:
        stood = withdraw(*told)
        if not begun.is_set():
            begun.set()
            time.sleep(0.7)
        return stood

    for module in (links.consents, holders):
        monkeypatch.setattr(module, "withdraw_consent", withdraw_slowly)

    def change() -> None:
        with app.app_context():
            answers.append(act(app, rider, partner))

    changing = threading.Thread(target=change)
    changing.start()
    assert begun.wait(5)
    answer = partner.post(client, [item(token)])
    changing.join()
    assert set(answers) <= statuses
    assert answer.status_code == 201, answer.text


def test_links_that_come_and_go_while_batches_run_leave_no_request_without_its_answer(app: Flask) -> None:
    partner = register(app.extensions["settings"].public_url)
    people = [person(app) for _ in range(4)]
    statuses: list[int] = []
    start = threading.Barrier(2)

    def report() -> None:
        with app.app_context():
            start.wait(5)
            for turn in range(15):
                tokens = [each for each in current.values() if each]
                told = [item(each, 300 + 30 * turn) for each in tokens]
                statuses.append(partner.post(app.test_client(), told).status_code)

    def come_and_go() -> None:
        with app.app_context():
            start.wait(5)
            for turn in range(30):
                rider = people[turn % len(people)].holder_id
                with transaction():
                    links.end_link(rider, partner.code)
                current[rider] = link(rider, partner)

    current = {each.holder_id: link(each.holder_id, partner) for each in people}
    threads = [threading.Thread(target=each) for each in (report, come_and_go)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 15
    assert all(current.values())
