"""A partner's signed batch: each item for itself, each trip once, and nothing half-written."""

import base64
import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from builders import Person, person
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from partnering import SCENES, Reporter, add_key, item, link, register, yesterday
from rewarding import sponsor
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from visiting import Visitor

from app.accounts import chart
from app.accounts import queries as books
from app.accounts import services as accounts
from app.footprint import queries, services
from app.footprint.queries import partners as known
from app.footprint.queries.catalogue import forget
from app.footprint.rules import REASONS
from app.footprint.services import batches
from app.footprint.services import partners as desk
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards import queries as rewards


@pytest.fixture
def partner(app: Flask) -> Reporter:
    """A registered partner."""
    return register(app.extensions["settings"].public_url)


@pytest.fixture
def rider(app: Flask) -> Person:
    """A person."""
    return person(app)


def grams(holder_id: int) -> int:
    db.session.rollback()
    return books.get_balance(holder_id, chart.REDUCTIONS)


def assert_proved() -> None:
    db.session.rollback()
    proofs = [*queries.prove(), *books.prove(), *rewards.prove()]
    assert [proof for proof in proofs if not proof.holds] == []


def reasons(answer: Any) -> list[str]:
    """What became of each item, in a word."""
    assert answer.status_code in (200, 201), answer.text
    return [each.get("reason", each["status"]) for each in answer.json["results"]]


def test_a_signed_batch_is_in_the_books_with_full_weight(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    answer = partner.post(client, [item(token), item(token, 600, scene="bus")])
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert (told["items"], told["accepted"], told["repeated"], told["refused"]) == (2, 2, 0, 0)
    actions = client.get("/v1/actions", headers=rider.auth).json["items"]
    assert {each["source"] for each in actions} == {partner.code}
    assert {each["grade"] for each in actions} == {"partner"}
    assert {each["scene"]: each["avoided_g"] for each in actions} == {"metro": 374, "bus": 215}
    assert grams(rider.holder_id) == 374 + 215
    assert_proved()


def test_one_bad_row_keeps_the_good_ones(client: FlaskClient, partner: Reporter, rider: Person) -> None:
    token = link(rider.holder_id, partner)
    now = clock.now()
    bad: dict[str, Any] = {
        "future": item(token, started_at=(now + timedelta(hours=1)).isoformat()),
        "ancient": item(token, started_at=(now - timedelta(days=32)).isoformat()),
        "negative": item(token, distance_m=-1),
        "too_little": item(token, distance_m=0),
        "absurd": item(token, distance_m=10**24),
        "fractional": item(token, distance_m=8000.0),
        "too_fast": item(token, duration_s=10),
        "too_slow": item(token, distance_m=500, duration_s=172_800),
        "stranger": item("0" * 26),
        "scene_not_allowed": item(token, scene="walking"),
        "unreadable": item(token, started_at="yesterday"),
    }
    for malformed in (
        None,
        17,
        [],
        {},
        {"id": "x"},
        item(token, steps=5),
        item(token, id="ü"),
        item(token, id=5),
        item(token, link="short"),
        item(token, scene=5),
        item(token, distance_m=True),
        item(token, distance_m="8000"),
        item(token, duration_s=1.5),
        item(token, duration_s=0),
        item(token, quantity=5),
        item(token, ride={"carrier": "x"}),
        item(token, ride={"carrier": "x", "number": " "}),
        item(token, started_at="2026-02-30T08:00:00+08:00"),
    ):
        bad[f"unreadable {malformed}"] = malformed
    good = [item(token, 300), item(token, 1200)]
    answer = partner.post(client, [good[0], *bad.values(), good[1]])
    assert reasons(answer) == ["accepted", *(name.split(" ")[0] for name in bad), "accepted"]
    assert set(answer.json["reasons"]) == {name.split(" ")[0] for name in bad}
    assert grams(rider.holder_id) == 2 * 374
    assert_proved()


def test_a_million_steps_are_nothing_that_a_partner_can_report(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    steps = item(token, scene="walking", distance_m=None, duration_s=None, quantity=1_000_000)
    assert reasons(partner.post(client, [steps])) == ["scene_not_allowed"]
    assert reasons(partner.post(client, [item(token, distance_m=None, quantity=5)])) == ["scene_not_allowed"]


def test_the_same_letter_again_is_answered_the_same_and_does_nothing(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    items = [item(link(rider.holder_id, partner)), item("0" * 26)]
    first = partner.post(client, items, "monday")
    again = partner.post(client, items, "monday")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    body = client.get(
        "/v1/partner/batches/monday", headers=partner.client.headers("GET", "/v1/partner/batches/monday", b"")
    )
    assert body.json == first.json, "the result is readable later"
    assert grams(rider.holder_id) == 374
    other = partner.post(client, items[:1], "monday")
    assert (other.status_code, other.json["code"]) == (409, "batch_reused")
    assert_proved()


def test_an_item_counts_once_whatever_batch_it_comes_in(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    trip = item(token)
    assert reasons(partner.post(client, [trip, trip])) == ["accepted", "twice"]
    assert reasons(partner.post(client, [trip, item(token, 900)])) == ["repeated", "accepted"]
    assert reasons(partner.post(client, [{**trip, "distance_m": 9000}])) == ["item_reused"]
    assert grams(rider.holder_id) == 2 * 374


def test_what_was_refused_may_come_again_corrected_under_the_same_id(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    trip = item(token, distance_m=-8000)
    assert reasons(partner.post(client, [trip])) == ["negative"]
    assert reasons(partner.post(client, [{**trip, "distance_m": 8000}])) == ["accepted"]


def test_a_trip_counts_once_whichever_channel_is_first(
    client: FlaskClient, app: Flask, partner: Reporter, rider: Person
) -> None:
    other = register(app.extensions["settings"].public_url)
    mine, theirs = link(rider.holder_id, partner), link(rider.holder_id, other)
    assert mine != theirs, "two partners cannot tell that they serve the same person"
    declared = {"scene": "metro", "started_at": yesterday(480).isoformat(), "distance_m": 8000}
    assert client.post("/v1/actions", json=declared, headers=rider.auth).status_code == 201
    answer = partner.post(client, [item(mine, 481), item(mine, 600)])
    assert reasons(answer) == ["trip_counted", "accepted"]
    assert "self" not in answer.text, "not by whom"
    answer = other.post(client, [item(theirs, 605, scene="bus")])
    assert reasons(answer) == ["trip_counted"]
    assert partner.code not in answer.text
    late = client.post(
        "/v1/actions", json={**declared, "started_at": yesterday(610).isoformat()}, headers=rider.auth
    )
    assert late.status_code == 409
    assert grams(rider.holder_id) == 187 + 374
    assert_proved()


def test_the_same_ride_is_found_whoever_rode_and_however_it_is_timed(
    client: FlaskClient, app: Flask, partner: Reporter
) -> None:
    other = register(app.extensions["settings"].public_url)
    first, second = person(app), person(app)
    ride = {"carrier": "Fuzhou_Metro", "number": "A-77"}
    tokens = link(first.holder_id, partner), link(second.holder_id, other)
    assert reasons(partner.post(client, [item(tokens[0], ride=ride)])) == ["accepted"]
    again = item(tokens[1], 700, scene="bus", ride={"carrier": "fuzhou_metro", "number": "a-77"})
    assert reasons(other.post(client, [again])) == ["trip_counted"]
    [counted] = client.get("/v1/actions", headers=first.auth).json["items"]
    assert client.delete(f"/v1/actions/{counted['code']}", headers=first.auth).status_code == 204
    assert reasons(other.post(client, [again])) == ["accepted"], "a withdrawn ride is free again"
    stored = db.session.execute(text("SELECT * FROM trip_key")).one()
    assert b"77" not in bytes(stored.key), "nothing of the ride can be read from its key"
    assert_proved()


def test_within_a_batch_the_first_of_two_overlapping_trips_counts(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    ride = {"carrier": "m", "number": "1"}
    told = [item(token, 480, ride=ride), item(token, 485), item(token, 700, ride=ride), item(token, 501)]
    assert reasons(partner.post(client, told)) == ["accepted", "overlaps", "overlaps", "accepted"]


def test_consent_is_asked_for_every_item_and_a_withdrawal_shows_its_effect(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner, "metro")
    told = [item(token, 300), item(token, 400, scene="bus")]
    assert reasons(partner.post(client, told)) == ["accepted", "consent_missing"]
    gone = client.delete(f"/v1/me/consents/metro/{partner.code}", headers=rider.auth)
    assert gone.status_code == 204
    assert reasons(partner.post(client, [item(token, 600)])) == ["consent_missing"]
    [seen] = client.get("/v1/me/partners", headers=rider.auth).json
    assert seen["turned_away"] == 2
    [metro] = [each for each in seen["scenes"] if each["scene"] == "metro"]
    assert metro["withdrawn_at"] is not None
    assert (metro["actions"], metro["avoided_g"]) == (1, 374)
    link(rider.holder_id, partner, "metro", "bus")
    assert reasons(partner.post(client, [item(token, 600), told[1]])) == ["accepted", "accepted"]


def test_an_ended_link_is_a_stranger_and_a_new_one_gets_another_token(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    assert client.delete(f"/v1/me/partners/{partner.code}", headers=rider.auth).status_code == 204
    assert client.delete(f"/v1/me/partners/{partner.code}", headers=rider.auth).status_code == 404
    assert reasons(partner.post(client, [item(token)])) == ["stranger"]
    assert link(rider.holder_id, partner) != token


def test_a_partner_cannot_write_for_anothers_link(client: FlaskClient, app: Flask, rider: Person) -> None:
    mine, other = (register(app.extensions["settings"].public_url) for _ in range(2))
    assert reasons(other.post(client, [item(link(rider.holder_id, mine))])) == ["stranger"]


def test_a_withdrawal_in_the_middle_of_a_batch_waits_for_it_and_holds_from_then_on(
    app: Flask, client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    began, done = threading.Event(), []

    def withdraw() -> None:
        with app.app_context():
            began.wait(5)
            with transaction():
                accounts.withdraw_consent(rider.holder_id, "metro", partner.code)
            done.append(clock.now())

    other = threading.Thread(target=withdraw)
    other.start()
    with transaction():
        view = known.find_partner(partner.code)
        agreed = books.lock_consents([rider.holder_id], view.partner.code)
        began.set()
        time.sleep(0.3)
        assert (rider.holder_id, "metro") in agreed
        assert not done, "whoever withdraws waits until what was agreed to is written"
    other.join()
    assert done
    assert reasons(partner.post(client, [item(token)])) == ["consent_missing"]


def test_the_cap_holds_in_one_batch_and_every_figure_replays(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    trips = [item(token, 60 * hour, distance_m=20_000, duration_s=3000) for hour in range(6, 12)]
    assert reasons(partner.post(client, trips)) == ["accepted"] * 6
    actions = client.get("/v1/actions", headers=rider.auth).json["items"]
    assert sorted(each["avoided_g"] for each in actions) == [0, 0, 0, 936, 936, 936]
    assert grams(rider.holder_id) == 2808, "three times 20 km of metro fill the day"
    for action in actions:
        replay = client.post(f"/v1/actions/{action['code']}/replay", headers=rider.auth)
        assert replay.json["same"], replay.json
    assert_proved()


def test_a_daily_limit_stops_the_items_above_it_only(app: Flask, client: FlaskClient, rider: Person) -> None:
    partner = register(app.extensions["settings"].public_url, scenes={"metro": 2})
    token = link(rider.holder_id, partner, "metro")
    told = [item(token, 60 * hour) for hour in (7, 8, 9)]
    assert reasons(partner.post(client, told)) == ["accepted", "accepted", "over_daily_limit"]
    assert reasons(partner.post(client, [told[2], told[0]])) == ["over_daily_limit", "repeated"]
    assert_proved()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Signature": ""}, "signature_missing"),
        ({"Signature-Input": 'sig1=("@method");created=1;keyid="x"'}, "signature_missing"),
        ({"Signature-Input": "\u00e9"}, "signature_missing"),
        ({"Signature": f"sig1=:{base64.b64encode(bytes(64)).decode()}:"}, "signature_wrong"),
        ({"Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, "signature_wrong"),
    ],
)
def test_a_wrong_signature_takes_nothing(
    client: FlaskClient, partner: Reporter, rider: Person, change: dict[str, str], code: str
) -> None:
    answer = partner.post(client, [item(link(rider.holder_id, partner))], headers=change)
    assert (answer.status_code, answer.json["code"]) == (401, code)
    assert grams(rider.holder_id) == 0


def test_other_bytes_under_a_true_signature_are_refused(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    body = json.dumps({"batch_id": "b", "items": [item(link(rider.holder_id, partner))]}).encode()
    signed = partner.client.headers("POST", "/v1/partner/batches", body)
    for changed in (body + b" ", body.replace(b"8000", b"9000")):
        answer = client.post("/v1/partner/batches", data=changed, headers=signed)
        assert (answer.status_code, answer.json["code"]) == (401, "digest_wrong")
    elsewhere = partner.client.headers("POST", "/v1/partner/elsewhere", body)
    answer = client.post("/v1/partner/batches", data=body, headers=elsewhere)
    assert (answer.status_code, answer.json["code"]) == (401, "signature_wrong")


def test_a_clock_that_is_off_by_more_than_five_minutes_is_told_so(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    body = json.dumps({"batch_id": "b", "items": [item(link(rider.holder_id, partner))]}).encode()
    signed = partner.client.headers("POST", "/v1/partner/batches", body)
    for seconds, status in ((301, 401), (-310, 401), (290, 201)):
        with clock.frozen(clock.now() + timedelta(seconds=seconds)):
            answer = client.post("/v1/partner/batches", data=body, headers=signed)
        assert answer.status_code == status, answer.text
        if status == 401:
            assert answer.json["code"] == "signature_stale"


def test_keys_overlap_while_they_change_and_a_revoked_one_is_dead_at_once(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    old, new = partner.key, Ed25519PrivateKey.generate()
    add_key(partner.operators, partner.code, new)
    follower = Reporter(partner.code, new, partner.operators, partner.base_url)
    assert reasons(partner.post(client, [item(token, 300)], "old")) == ["accepted"]
    assert reasons(follower.post(client, [item(token, 400)], "new")) == ["accepted"]
    with transaction():
        desk.revoke_key(partner.operators[0], partner.code, partner.client.keyid)
    assert partner.post(client, [item(token, 500)]).json["code"] == "key_not_accepted"
    assert reasons(follower.post(client, [item(token, 500)], "newer")) == ["accepted"]
    with clock.frozen(clock.now() + timedelta(days=366)):
        assert follower.post(client, [item(token, 500)]).json["code"] == "key_not_accepted"
    assert old is not new


def test_a_suspended_partner_is_not_heard_until_two_operators_agree_again(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    first, second = partner.operators
    with transaction():
        desk.suspend(first, partner.code, "impossible speeds")
    answer = partner.post(client, [item(token)])
    assert (answer.status_code, answer.json["code"]) == (403, "partner_suspended")
    assert client.get("/v1/partners").json == []
    with transaction():
        terms = desk.propose_terms(first, partner.code, {"metro": 10})
        desk.decide_terms(second, partner.code, terms.id, True)
    assert reasons(partner.post(client, [item(token)])) == ["accepted"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"{", 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"batch_id":"b","items":[]}', 422),
        (b'{"batch_id":"b","items":{}}', 422),
        (b'{"batch_id":"\\u0000","items":[1]}', 400),
        (b'{"batch_id":"b","items":[1],"more":1}', 422),
        (b'{"batch_id":"b","batch_id":"c","items":[1]}', 400),
        (json.dumps({"batch_id": "b", "items": [0] * 10_001}).encode(), 422),
        (b" " * (8 * 1024 * 1024 + 1), 413),
        (b"\xff", 400),
    ],
)
def test_a_body_that_is_no_batch_is_refused_by_name(
    client: FlaskClient, partner: Reporter, body: bytes, status: int
) -> None:
    signed = partner.client.headers("POST", "/v1/partner/batches", body)
    answer = client.post("/v1/partner/batches", data=body, headers=signed)
    assert answer.status_code == status, answer.text


def test_a_crash_in_the_middle_leaves_nothing_and_the_same_letter_is_taken_afterwards(
    client: FlaskClient, partner: Reporter, rider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [item(link(rider.holder_id, partner), ride={"carrier": "m", "number": "9"})]
    with monkeypatch.context() as broken:
        broken.setattr(batches, "_keep", lambda *_: 1 / 0)
        assert partner.post(client, told, "monday").status_code == 500
    tables = ("action", "posting", "scene_day", "announcement", "trip_key", "partner_item", "partner_batch")
    for table in tables:
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    db.session.rollback()
    assert reasons(partner.post(client, told, "monday")) == ["accepted"]
    assert_proved()


def test_a_key_that_is_revoked_while_its_letter_waits_is_not_heard(
    app: Flask, client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    answers: list[Any] = []

    def report() -> None:
        with app.app_context():
            answers.append(partner.post(app.test_client(), [item(token)]))

    waiting = threading.Thread(target=report)
    with transaction():
        desk.revoke_key(partner.operators[0], partner.code, partner.client.keyid)
        waiting.start()
        time.sleep(0.5)
        assert not answers, "it queues behind whoever decides on the partner"
    waiting.join()
    assert answers[0].json["code"] == "key_not_accepted"


def test_a_reader_sees_who_reported_an_action(app: Flask, live: str, client: FlaskClient) -> None:
    partner = register(live)
    visitor = Visitor(app).sign_in().speak("en")
    partner.post(client, [item(link(visitor.holder_id, partner))])
    code = queries.list_actions(visitor.holder_id, 1)[0].code
    assert "Sample partner" in visitor.get(f"/actions/{code}").text
    assert "Sample partner" in visitor.get("/me").text


def test_one_announcement_thanks_for_a_thousand_actions_in_bulk(app: Flask, client: FlaskClient) -> None:
    partner = register(app.extensions["settings"].public_url)
    people = [person(app) for _ in range(30)]
    tokens = [link(each.holder_id, partner) for each in people]
    told = [item(token, minute) for token in tokens for minute in range(0, 1400, 28)]
    assert partner.post(client, told).json["accepted"] == 1500
    waiting = db.session.scalars(
        text("SELECT jsonb_array_length(payload -> 'actions') FROM announcement")
    ).all()
    assert len(waiting) == 1, "caps leave 30 times 8 actions with grams"
    sponsor()
    assert announcements.deliver() == 1
    db.session.rollback()
    assert books.get_balance(people[0].holder_id, chart.PENDING_POINTS) > 0
    assert announcements.deliver() == 0
    assert_proved()


def test_two_partners_who_race_for_the_same_trips_count_each_once(app: Flask, rider: Person) -> None:
    url = app.extensions["settings"].public_url
    racers = [register(url), register(url)]
    told = [
        [item(link(rider.holder_id, racer), minute, scene=scene) for minute in range(300, 1300, 25)]
        for racer, scene in zip(racers, ("metro", "bus"), strict=True)
    ]
    answers: list[Any] = []
    start = threading.Barrier(2)

    def report(racer: Reporter, items: list[dict[str, Any]]) -> None:
        with app.app_context():
            start.wait(5)
            answers.append(racer.post(app.test_client(), items))

    threads = [threading.Thread(target=report, args=each) for each in zip(racers, told, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.json["accepted"] for answer in answers) == 40
    for answer in answers:
        assert set(reasons(answer)) <= {"accepted", "trip_counted"}
    assert_proved()


def test_what_was_agreed_and_sent_cannot_be_changed_in_the_database(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    partner.post(client, [item(link(rider.holder_id, partner))])
    for change in (
        "UPDATE partner SET contact = 'x'",
        "UPDATE partner_terms SET scenes = '{}'",
        "UPDATE partner_terms SET decided_by = proposed_by",
        "UPDATE partner_key SET public_key = decode(repeat('00', 32), 'hex')",
        "UPDATE partner_key SET confirmed_at = now()",
        "UPDATE partner_item SET action_id = 1",
        "DELETE FROM partner_batch",
        "UPDATE partner_link SET holder_id = 1",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(change))


def test_every_reason_has_its_words(app: Flask) -> None:
    from app.kit import messages

    assert all(messages.exists(f"footprint.refused_{reason}") for reason in REASONS)
    assert set(SCENES) <= set(known.reportable_scenes())
    with transaction():
        assert services.load_methodologies() == 0


def test_what_is_no_trip_counts_by_quantity_takes_no_minutes_and_keeps_its_cap(
    app: Flask, client: FlaskClient, rider: Person
) -> None:
    metro = queries.find_scene("metro")
    assert metro is not None
    document = {
        **metro.document,
        "key": "recycling.test",
        "version": 1,
        "scene": "recycling",
        "kind": "count",
        "measure": "mass_g",
        "sources": {"partner": "partner"},
        "bounds": {"least": 100, "most": 50_000},
        "cap": {**metro.document["cap"], "grams": 500},
    }
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO methodology (key, version, scene, pack, factor_id, document, loaded_at)"
                " VALUES ('recycling.test', 1, 'recycling', 'fujian-2026', :factor,"
                "  CAST(:document AS jsonb), now())"
            ),
            {"factor": metro.factor.id, "document": json.dumps(document)},
        )
    forget()
    partner = register(app.extensions["settings"].public_url, scenes={"recycling": 10}, kind="recycling")
    token = link(rider.holder_id, partner, "recycling")
    told = [
        item(
            token,
            scene="recycling",
            distance_m=None,
            duration_s=None,
            quantity=grams_,
            ride={"carrier": "recycler", "number": f"bag-{bag}"},
        )
        for bag, grams_ in enumerate((8_000, 8_000, 50, 60_000, 7.5))
    ]
    answer = partner.post(client, told)
    assert reasons(answer) == ["accepted", "accepted", "too_little", "absurd", "fractional"]
    assert grams(rider.holder_id) == 500, "374 g, then what the day's cap leaves"
    assert reasons(partner.post(client, [item(token, scene="recycling")])) == ["scene_not_allowed"]
    assert_proved()
