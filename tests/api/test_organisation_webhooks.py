"""Webhooks: signed, ordered, repeated, dead and replayed, never sent into a private network; and pulling."""

import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from offices import Office, at_once, hear
from receiving import HOST, Receiver
from shop import assert_books_prove

from app.causes.jobs.webhooks import deliver_notices
from app.causes.rules.webhooks import RETRY_AFTER
from app.causes.services import webhooks
from app.clients.errors import Unreachable
from app.clients.webhooks import Courier, Forbidden, is_public, read_url
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction

URL = f"https://{HOST}/senhui"
DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"


def published_reader() -> Callable[..., Any]:
    """The function that our document gives to whoever receives webhooks."""
    found: dict[str, Any] = {}
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert code is not None
    exec(code[1], found)
    reader: Callable[..., Any] = found["read_webhook"]
    return reader


@pytest.fixture
def receiver(app: Flask, tmp_path: Path) -> Iterator[Receiver]:
    """A receiver that the application reaches under any name."""
    receiver, real = Receiver(tmp_path), app.extensions["courier"]
    app.extensions["courier"] = receiver.courier()
    yield receiver
    app.extensions["courier"] = real
    receiver.close()


@pytest.fixture
def office(app: Flask, receiver: Receiver) -> Office:
    """An organisation whose founding has been told."""
    office = Office(app)
    hear()
    return office


def endpoint(office: Office, *kinds: str) -> tuple[str, str]:
    made = office.post("/webhooks", {"url": URL, "kinds": list(kinds)})
    return made["code"], made["secret"]


def say(office: Office, number: int = 1) -> None:
    for each in range(number):
        with transaction():
            webhooks.notify(office.id, "order.placed", {"order": f"{each}"})


def later(days: float) -> Any:
    return clock.frozen(clock.now() + timedelta(days=days))


def test_what_is_pushed_is_signed_ordered_and_what_is_pulled(office: Office, receiver: Receiver) -> None:
    code, secret = endpoint(office)
    say(office, 5)
    assert deliver_notices() == 5
    read = published_reader()
    pushed = [read(secret, headers, body) for headers, body in receiver.got]
    assert [each["position"] for each in pushed] == [2, 3, 4, 5, 6]
    assert pushed == office.get("/notices?after=1")["items"]
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [each["id"] for each in pushed]
    assert {headers["host"] for headers, _ in receiver.got} == {HOST}
    assert deliver_notices() == 0
    assert office.get("/webhooks")["items"][0]["delivered"] == 6
    assert office.post(f"/webhooks/{code}/tests", status=202) is None
    assert deliver_notices() == 1
    assert_books_prove()


def test_a_changed_body_another_secret_and_an_old_stamp_are_refused(
    office: Office, receiver: Receiver
) -> None:
    _, secret = endpoint(office)
    say(office)
    deliver_notices()
    headers, body = receiver.got[0]
    read = published_reader()
    for wrong in (
        lambda: read(secret, headers, body.replace(b"order.placed", b"order.settled")),
        lambda: read("whsec_" + "A" * 43 + "=", headers, body),
        lambda: read(secret, headers | {"webhook-id": "ntc_x"}, body),
        lambda: read(secret, headers | {"webhook-timestamp": "1700000000"}, body),
    ):
        with pytest.raises(ValueError):
            wrong()


def test_after_a_new_secret_both_sign_for_a_day(office: Office, receiver: Receiver) -> None:
    code, old = endpoint(office)
    new = office.post(f"/webhooks/{code}/secret")["secret"]
    assert new != old
    say(office)
    deliver_notices()
    headers, body = receiver.got[-1]
    read = published_reader()
    assert read(old, headers, body) == read(new, headers, body)
    with later(1.01):
        say(office)
        deliver_notices()
    headers, body = receiver.got[-1]
    assert read(new, headers, body, 10**6)
    with pytest.raises(ValueError):
        read(old, headers, body, 10**6)


def test_an_endpoint_gets_the_kinds_it_asked_for(office: Office, receiver: Receiver) -> None:
    endpoint(office, "webhook.test")
    code, _ = endpoint(office, "order.placed")
    say(office)
    office.post(f"/webhooks/{code}/tests", status=202)
    assert deliver_notices() == 2
    assert [b"webhook.test" in body for _, body in receiver.got].count(True) == 1
    assert office.ask("POST", "/webhooks", {"url": URL, "kinds": ["nothing"]}).status_code == 422


@pytest.mark.parametrize("trouble", [500, 302, 404, 204 + 100])
def test_what_is_not_taken_is_sent_again_and_nothing_overtakes_it(
    office: Office, receiver: Receiver, trouble: int
) -> None:
    endpoint(office)
    say(office, 2)
    receiver.answers = [trouble]
    assert deliver_notices() == 0
    assert deliver_notices() == 0, "not at once"
    assert len(receiver.got) == 1
    standing = office.get("/webhooks")["items"][0]
    assert (standing["attempts"], standing["last_error"]) == (1, f"status {trouble}")
    with later(1):
        assert deliver_notices() == 2
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1] != ids[2]


def fail(office: Office, receiver: Receiver, start: float = 0) -> float:
    """Let notices fail until one of them is dead; how many days later it is."""
    receiver.answers = [500] * 100
    for turn in range(len(RETRY_AFTER) + 1):
        with later(start + turn):
            assert deliver_notices() == 0
    receiver.answers = []
    return start + len(RETRY_AFTER) + 1


def test_a_dead_letter_lets_the_next_pass_and_can_be_replayed(office: Office, receiver: Receiver) -> None:
    code, _ = endpoint(office)
    say(office)
    fail(office, receiver)
    dead = office.get(f"/webhooks/{code}/dead-letters")["items"]
    assert [(each["position"], each["error"]) for each in dead] == [(2, "status 500")]
    say(office)
    with later(10):
        assert deliver_notices() == 1
    office.post(f"/webhooks/{code}/dead-letters/2/replay", status=202)
    with later(10):
        assert deliver_notices() == 1
    assert b'"position":2,' in receiver.got[-1][1]
    assert office.get(f"/webhooks/{code}/dead-letters")["items"] == []
    assert office.ask("POST", f"/webhooks/{code}/dead-letters/2/replay", {}).status_code == 404
    assert office.ask("POST", f"/webhooks/{code}/dead-letters/x/replay", {}).status_code == 404


def test_after_three_dead_letters_an_endpoint_stops_and_says_so(office: Office, receiver: Receiver) -> None:
    code, _ = endpoint(office)
    say(office, 3)
    days: float = 0
    for _ in range(3):
        days = fail(office, receiver, days)
    standing = office.get("/webhooks")["items"][0]
    assert standing["stopped_at"] is not None
    with later(days + 1):
        assert deliver_notices() == 0, "it gets no more"
    kinds = [each["type"] for each in office.get("/notices")["items"]]
    assert kinds[-1] == "webhook.stopped"
    told = office.client.get("/v1/me/notices", headers=office.owner.auth).json["items"]
    assert HOST in told[0]["text"]["en"]
    office.post(f"/webhooks/{code}/resumption", status=200)
    receiver.answers = []
    with later(days + 2):
        assert deliver_notices() == 1, "what was written meanwhile"


def test_gone_stops_at_once(office: Office, receiver: Receiver) -> None:
    endpoint(office)
    say(office)
    receiver.answers = [410]
    deliver_notices()
    assert office.get("/webhooks")["items"][0]["stopped_at"] is not None


def test_many_deliverers_at_once_send_everything_once_and_in_order(
    app: Flask, office: Office, receiver: Receiver
) -> None:
    endpoint(office)
    say(office, 30)

    def deliver() -> int:
        with app.app_context():
            return deliver_notices()

    assert sum(at_once([deliver] * 8, 8)) == 30
    positions = [int(re.search(rb'"position":(\d+)', body)[1]) for _, body in receiver.got]  # type: ignore[index]
    assert positions == list(range(2, 32))


def test_who_writes_at_once_leaves_no_gap(app: Flask, office: Office) -> None:
    organisation_id = office.id
    db.session.rollback()

    def write() -> None:
        with app.app_context(), transaction():
            webhooks.notify(organisation_id, "webhook.test", {})

    at_once([write] * 40, 20)
    items = office.get("/notices?limit=100")["items"]
    assert [each["position"] for each in items] == list(range(1, 42))
    assert_books_prove()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com/#x",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/ x",
        "https://例子.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https://hooks.example.com:99999/",
    ],
)
def test_an_address_that_is_no_public_name_is_refused(app: Flask, url: str) -> None:
    office = Office(app)
    with pytest.raises(Forbidden):
        read_url(url)
    answer = office.ask("POST", "/webhooks", {"url": url})
    assert (answer.status_code, answer.json["code"]) == (422, "endpoint_forbidden")
    assert answer.json["errors"][0]["pointer"] == "#/url"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "not an address",
    ],
)
def test_a_name_that_leads_into_a_private_network_is_refused(app: Flask, address: str) -> None:
    assert not is_public(address)
    courier = Courier(resolve=lambda host, port: ["1.1.1.1", address])
    with pytest.raises(Forbidden):
        courier.send(URL, {}, b"")
    real, app.extensions["courier"] = app.extensions["courier"], courier
    try:
        assert Office(app).ask("POST", "/webhooks", {"url": URL}).json["code"] == "endpoint_forbidden"
    finally:
        app.extensions["courier"] = real


@pytest.mark.parametrize("address", ["1.1.1.1", "110.242.68.66", "2400:3200::1", "64:ff9b::101:101"])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


def test_a_name_that_turns_private_after_it_was_registered_is_not_called(
    app: Flask, office: Office, receiver: Receiver
) -> None:
    endpoint(office)
    say(office)
    app.extensions["courier"] = Courier(resolve=lambda host, port: ["127.0.0.1"], connect_to=receiver.port)
    assert deliver_notices() == 0
    assert receiver.got == []
    assert office.get("/webhooks")["items"][0]["last_error"] == "forbidden address"


def test_a_certificate_for_another_name_is_not_believed(tmp_path: Path) -> None:
    other = Receiver(tmp_path, "other.example.com")
    try:
        with pytest.raises(Unreachable):
            other.courier().send(URL, {}, b"{}")
        assert other.courier().send("https://other.example.com/", {}, b"{}") == 200
    finally:
        other.close()


def test_who_answers_a_byte_now_and_then_is_cut_off(receiver: Receiver) -> None:
    receiver.drips, began = True, time.monotonic()
    try:
        with pytest.raises(Unreachable):
            receiver.courier(longest_s=0.5).send(URL, {}, b"{}")
    finally:
        receiver.drips = False
    assert time.monotonic() - began < 3


def test_a_slow_endpoint_holds_up_no_other(app: Flask, office: Office, receiver: Receiver) -> None:
    receiver.pauses["/slow"] = 2.0
    office.post("/webhooks", {"url": f"https://{HOST}/slow"})
    other = Office(app)
    hear()
    endpoint(other)
    say(office)
    say(other, 3)
    assert deliver_notices() == 4
    pushed = [json.loads(body)["position"] for _, body in receiver.got]
    assert pushed == [2, 3, 4, 2], "the slow one's came last, after all of the other's"


def test_a_lost_lease_is_told_by_the_other_deliverer_only(office: Office, receiver: Receiver) -> None:
    endpoint(office)
    say(office, 2)
    with transaction():
        lost = webhooks.claim_due(8)[0]
    with later(0.01), transaction():
        held = webhooks.claim_due(8)[0]
    assert held.endpoint_id == lost.endpoint_id
    with transaction():
        assert webhooks.next_push(lost) is None
    with transaction():
        push = webhooks.next_push(held)
    assert push is not None
    with transaction():
        late = dataclasses.replace(push, lease=lost)
        assert not webhooks.record_push(late, 500, "status 500")
    standing = office.get("/webhooks")["items"][0]
    assert (standing["attempts"], standing["last_error"]) == (0, None)


def test_a_silent_name_is_unreachable() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unreachable):
        Courier(resolve=nothing).send(URL, {}, b"")
    with pytest.raises(Unreachable):
        Courier(resolve=lambda host, port: []).send(URL, {}, b"")


def test_endpoints_are_their_organisations_and_few(app: Flask, office: Office) -> None:
    code, secret = endpoint(office)
    other = Office(app)
    for path in ("", "/secret", "/resumption", "/tests", "/dead-letters/1/replay"):
        method = "DELETE" if not path else "POST"
        assert other.ask(method, f"/webhooks/{code}{path}", {}).status_code == 404
    assert other.ask("GET", f"/webhooks/{code}/dead-letters").status_code == 404
    assert secret not in office.ask("GET", "/webhooks").text
    made = [office.ask("POST", "/webhooks", {"url": URL}).status_code for _ in range(5)]
    assert made == [201] * 4 + [409]
    assert office.ask("DELETE", f"/webhooks/{code}").status_code == 204
    assert office.ask("DELETE", f"/webhooks/{code}").status_code == 404
    assert office.ask("GET", "/webhooks", who=office.member("buyer")).status_code == 403
    assert office.ask("GET", "/webhooks", who=office.key("read")).status_code == 401
