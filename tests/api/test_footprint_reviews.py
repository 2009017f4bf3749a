"""Held acts, photos and appeals: nothing is silently zeroed, and whatever is decided is on record."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from builders import Person, operator, person
from evidence import action_of, held_trip, located, morning, picture, trips
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from werkzeug.test import TestResponse

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries, services
from app.footprint.errors import OtherOperatorNeeded, ReviewDecided
from app.footprint.queries import reviews as known
from app.footprint.rules.plausibility import PHOTO_KEPT
from app.footprint.services import reviews
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction


def balance(someone: Person) -> int:
    db.session.rollback()
    return books.get_balance(someone.holder_id, chart.REDUCTIONS)


def assert_proved() -> None:
    db.session.rollback()
    assert [proof for proof in [*queries.prove(), *books.prove()] if not proof.holds] == []


def attach(client: FlaskClient, someone: Person, code: str, content: bytes) -> TestResponse:
    """Send a photo as wx.uploadFile does."""
    head = b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
    return client.post(
        f"/v1/actions/{code}/photo",
        data=head + content + b"\r\n--cut--\r\n",
        content_type="multipart/form-data; boundary=cut",
        headers=someone.auth,
    )


def decide(operator_id: int, review: str, granted: bool = True, reason: str = "看过了") -> None:
    with transaction():
        services.decide(operator_id, review, reason, granted=granted)


def waiting_review(client: FlaskClient, someone: Person, code: str) -> dict[str, Any]:
    rows = client.get(f"/v1/actions/{code}/reviews", headers=someone.auth).json
    [found] = [row for row in rows if row["status"] == "waiting"]
    return dict(found)


@pytest.fixture
def lin(app: Flask, client: FlaskClient) -> int:
    return operator(app, client, "footprint")


@pytest.fixture
def chen(app: Flask) -> int:
    return operator(app, app.test_client(), "footprint")


def test_the_thirteenth_trip_of_a_day_is_held_with_its_rule_and_credited_nothing(
    app: Flask, client: FlaskClient
) -> None:
    rider, _ = held_trip(app)
    rows = client.get("/v1/actions", headers=rider.auth).json["items"]
    assert Counter(row["status"] for row in rows) == {"credited": 12, "held": 1}
    held = rows[0]
    assert (held["computed_g"], held["avoided_g"], held["cap"]["reason"]) == (70, 0, "held")
    assert held["inputs"]["held"] == {"rule": "day_acts", "allowed": 12, "found": 13}
    assert "12" in held["cap"]["text"]
    assert "13" in held["cap"]["text"]
    assert held["inputs"]["distance_m"] == 3000, "with its raw inputs"
    review = waiting_review(client, rider, held["code"])
    assert (review["kind"], review["rule"], review["allowed"], review["found"]) == (
        "hold",
        "day_acts",
        12,
        13,
    )
    assert balance(rider) == 12 * 70
    again = client.post(f"/v1/actions/{held['code']}/replay", headers=rider.auth).json
    assert again["same"] is True
    assert_proved()


def test_a_day_too_far_by_all_means_together_is_held(app: Flask) -> None:
    rider = person(app)
    legs = (("metro", 90_000), ("metro", 90_000), ("bus", 19_000), ("shared_bike", 2_000))
    told = []
    for number, (scene, distance_m) in enumerate(legs):
        with transaction():
            act = services.record_action(rider.holder_id, scene, morning(1, 90 * number), distance_m).action
        told.append((act.status, act.held))
    assert [status for status, _ in told] == ["credited", "capped", "credited", "held"]
    assert told[-1][1] == {"rule": "day_total", "allowed": 200_000, "found": 201_000}
    assert_proved()


def test_a_series_at_one_speed_is_held(app: Flask) -> None:
    rider = person(app)
    told = []
    for number in range(5):
        with transaction():
            act = services.record_action(rider.holder_id, "metro", morning(1, 30 * number), 5_000, 600).action
            services.record_action(rider.holder_id, "metro", morning(1, 30 * number), 5_000, 600)
        told.append(act.status)
    assert told == ["credited"] * 4 + ["held"], "a trip sent twice is no series"
    assert act.held == {"rule": "same_speed", "allowed": 4, "found": 5}
    assert_proved()


def test_another_speed_in_between_ends_the_series(app: Flask) -> None:
    rider = person(app)
    for number in range(10):
        with transaction():
            done = services.record_action(
                rider.holder_id, "metro", morning(1, 30 * number), 4_000, 600 + 60 * (number % 2)
            )
        assert done.action.status == "credited"


def test_the_limit_holds_under_fifty_posts_at_once(app: Flask) -> None:
    rider = person(app)

    def post(number: int) -> str:
        trip = {"scene": "bus", "started_at": morning(1, 10 * number).isoformat(), "distance_m": 900}
        return str(app.test_client().post("/v1/actions", json=trip, headers=rider.auth).json["status"])

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(post, range(50)))
    assert statuses == {"credited": 12, "held": 38}
    assert known.count_waiting() == 38
    assert_proved()


def test_a_full_day_is_capped_and_not_held(app: Flask) -> None:
    rider = person(app)
    for number in range(3):
        with transaction():
            done = services.record_action(rider.holder_id, "metro", morning(1, 120 * number), 100_000)
    assert (done.action.status, done.action.avoided_g) == ("capped", 0)


def test_acts_are_counted_and_held_by_their_own_number(app: Flask, client: FlaskClient) -> None:
    diner = person(app)
    day = f"{morning():%Y-%m-%d}"
    told = {"scene": "no_cutlery", "occurred_on": day}
    first = client.post("/v1/actions", json={**told, "quantity": 2}, headers=diner.auth)
    assert first.status_code == 201, first.text
    assert (first.json["computed_g"], first.json["avoided_g"]) == (16, 16)  # floor(2 × 16 g × 0.5)
    assert first.json["inputs"] == {"orders": 2}
    assert first.json["factor"]["mark"], "a reference value says so"
    second = client.post("/v1/actions", json={**told, "quantity": 2}, headers=diner.auth).json
    assert (second["status"], second["inputs"]["held"]["found"]) == ("held", 4)
    withdrawn = client.delete(f"/v1/actions/{first.json['code']}", headers=diner.auth)
    assert withdrawn.status_code == 204
    third = client.post("/v1/actions", json={**told, "quantity": 1}, headers=diner.auth).json
    assert third["status"] == "credited", "what was withdrawn is not counted"
    assert balance(diner) == 8
    assert_proved()


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"scene": "no_cutlery", "quantity": 1}, "occurred_on"),
        ({"scene": "no_cutlery", "occurred_on": "DAY"}, "quantity"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": 6}, "quantity"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": 0}, "quantity"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": -1}, "quantity"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": 1.5}, "quantity"),
        ({"scene": "no_cutlery", "occurred_on": "2099-01-01", "quantity": 1}, "occurred_on"),
        ({"scene": "no_cutlery", "occurred_on": "2020-01-01", "quantity": 1}, "occurred_on"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": 1, "distance_m": 5}, "distance_m"),
        ({"scene": "no_cutlery", "occurred_on": "DAY", "quantity": 1, "duration_s": 5}, "duration_s"),
        ({"scene": "no_cutlery", "started_at": "NOW", "distance_m": 500}, "started_at"),
        ({"scene": "metro", "occurred_on": "DAY", "quantity": 1}, "quantity"),
        ({"scene": "walking", "occurred_on": "DAY", "quantity": 1}, "scene"),
        ({"scene": "flying", "occurred_on": "DAY", "quantity": 1}, "scene"),
        ({"scene": "metro"}, "started_at"),
    ],
)
def test_a_report_of_the_wrong_shape_is_refused_by_its_field(
    app: Flask, client: FlaskClient, told: dict[str, Any], named: str
) -> None:
    times = {"DAY": f"{morning():%Y-%m-%d}", "NOW": morning().isoformat()}
    body = {
        name: times.get(value, value) if isinstance(value, str) else value for name, value in told.items()
    }
    answer = client.post("/v1/actions", json=body, headers=person(app).auth)
    assert answer.status_code == 422, answer.text
    assert f"#/{named}" in [error["pointer"] for error in answer.json["errors"]]


def test_a_photo_raises_the_grade_once_somebody_has_looked(app: Flask, client: FlaskClient, lin: int) -> None:
    rider = person(app)
    [act] = trips(rider, 1, distance_m=10_000)
    assert (act.avoided_g, act.grade) == (234, "declared")
    sent = attach(client, rider, act.code, located())
    assert sent.status_code == 201, sent.text
    assert (sent.json["kind"], sent.json["status"], sent.json["photo"]) == ("photo", "waiting", True)
    assert balance(rider) == 234, "until then it counts as declared"
    decide(lin, sent.json["code"])
    [review] = client.get(f"/v1/actions/{act.code}/reviews", headers=rider.auth).json
    raised = client.get(f"/v1/actions/{review['outcome']}", headers=rider.auth).json
    assert (raised["grade"], raised["weight"], raised["avoided_g"]) == ("photo", "0.8", 374)
    assert client.get(f"/v1/actions/{act.code}", headers=rider.auth).json["status"] == "withdrawn"
    assert client.get(f"/v1/actions/{review['outcome']}/reviews", headers=rider.auth).json == [review]
    assert balance(rider) == 374
    assert client.post(f"/v1/actions/{review['outcome']}/replay", headers=rider.auth).json["same"]
    assert attach(client, rider, review["outcome"], picture(2)).status_code == 409, "no better evidence"
    assert_proved()


def test_nothing_of_the_file_is_kept_but_the_picture(app: Flask, client: FlaskClient) -> None:
    rider = person(app)
    [act] = trips(rider, 1)
    review = attach(client, rider, act.code, located()).json["code"]
    kept = client.get(f"/v1/actions/{act.code}/reviews/{review}/photo", headers=rider.auth)
    assert (kept.status_code, kept.content_type) == (200, "image/jpeg")
    assert b"SECRET" not in kept.data
    with Image.open(BytesIO(kept.data)) as shown:
        assert shown.size == (640, 480)
        assert len(shown.getexif()) == 0
    sealed = db.session.scalar(text("SELECT content_sealed FROM act_photo"))
    assert kept.data not in bytes(sealed or b"")
    stranger = person(app)
    assert (
        client.get(f"/v1/actions/{act.code}/reviews/{review}/photo", headers=stranger.auth).status_code == 404
    )
    [own] = trips(stranger, 1)
    path = f"/v1/actions/{own.code}/reviews/{review}/photo"
    assert client.get(path, headers=stranger.auth).status_code == 404


def test_one_photo_proves_one_act_whatever_its_file(app: Flask, client: FlaskClient) -> None:
    rider, other = person(app), person(app)
    first, second = trips(rider, 2)
    [theirs] = trips(other, 1)
    sent = attach(client, rider, first.code, picture(1, kind="PNG"))
    assert attach(client, rider, first.code, picture(1, kind="PNG")).json["code"] == sent.json["code"]
    again = attach(client, rider, second.code, picture(1, kind="PNG", compress_level=1))
    assert (again.status_code, again.json["code"]) == (409, "photo_already_used")
    assert attach(client, other, theirs.code, picture(1, kind="PNG")).status_code == 409
    client.delete(f"/v1/actions/{first.code}", headers=rider.auth)
    assert attach(client, rider, second.code, picture(1, kind="PNG")).status_code == 201, "set free"


def test_photos_that_look_alike_are_shown_to_the_reviewer(app: Flask, client: FlaskClient) -> None:
    rider, other = person(app), person(app)
    [act], [theirs] = trips(rider, 1), trips(other, 1)
    first = attach(client, rider, act.code, picture(1)).json["code"]
    smaller = attach(client, other, theirs.code, picture(1, size=(500, 375), quality=40)).json["code"]
    [near] = known.list_near(known.get_review(smaller))
    assert (near.review_code, near.same_holder) == (first, False)
    assert [line.near for line in known.list_queue(10)] == [True, True]
    [third] = trips(person(app), 1)
    assert third


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\xff\xd8\xff" + b"\x00" * 500,
        picture()[:900],
        picture(kind="GIF"),
        picture(kind="BMP"),
        picture(size=(100, 900)),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
    ],
    ids=["letter", "hollow", "cut", "gif", "bmp", "thin", "svg", "pdf"],
)
def test_what_is_no_photo_is_refused_in_words(app: Flask, client: FlaskClient, content: bytes) -> None:
    rider = person(app)
    [act] = trips(rider, 1)
    answer = attach(client, rider, act.code, content)
    assert (answer.status_code, answer.json["code"]) == (422, "photo_not_taken"), answer.text
    assert answer.json["errors"][0]["pointer"] == "#/photo"


def test_a_bomb_and_a_heavy_file_are_refused_before_they_are_decoded(app: Flask, client: FlaskClient) -> None:
    rider = person(app)
    [act] = trips(rider, 1)
    bomb = BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert attach(client, rider, act.code, bomb.getvalue()).status_code == 422
    assert attach(client, rider, act.code, b"\xff\xd8" + b"0" * (8 * 1024 * 1024)).status_code == 413
    empty = client.post(f"/v1/actions/{act.code}/photo", headers=rider.auth)
    assert empty.status_code == 422


def test_an_appeal_lets_a_held_act_go_and_its_photo_raises_it(
    app: Flask, client: FlaskClient, lin: int
) -> None:
    rider, act = held_trip(app)
    path = f"/v1/actions/{act.code}/appeal"
    told = client.post(path, json={"words": "那天我送了十三次快递"}, headers=rider.auth)
    assert told.status_code == 201, told.text
    assert (told.json["kind"], told.json["rule"], told.json["found"]) == ("appeal", "day_acts", 13)
    same = client.post(path, json={"words": "那天我送了十三次快递"}, headers=rider.auth)
    assert same.json["code"] == told.json["code"], "the same words again are the same appeal"
    assert client.post(path, json={"words": "别的理由"}, headers=rider.auth).status_code == 409
    assert attach(client, rider, act.code, picture(3)).json["code"] == told.json["code"]
    assert known.count_waiting() == 1, "the hold has become the appeal"
    decide(lin, told.json["code"], reason="快递记录属实")
    rows = client.get(f"/v1/actions/{act.code}/reviews", headers=rider.auth).json
    assert [row["status"] for row in rows] == ["dropped", "granted"]
    assert rows[1]["reason"] == "快递记录属实"
    freed = action_of(rider, rows[1]["outcome"])
    assert (freed.status, freed.grade, freed.avoided_g) == ("credited", "photo", 112)
    assert balance(rider) == 12 * 70 + 112
    assert_proved()


def test_an_appeal_against_a_cap_lifts_it_for_this_act_alone(
    app: Flask, client: FlaskClient, lin: int
) -> None:
    rider = person(app)
    first, second = trips(rider, 2, distance_m=100_000)
    assert (second.avoided_g, second.status) == (468, "capped")
    told = client.post(f"/v1/actions/{second.code}/appeal", json={"words": "跨城通勤"}, headers=rider.auth)
    assert (told.json["rule"], told.json["allowed"], told.json["found"]) == ("daily_cap", 2808, 4680)
    decide(lin, told.json["code"])
    [review] = client.get(f"/v1/actions/{second.code}/reviews", headers=rider.auth).json
    lifted = action_of(rider, review["outcome"])
    assert (lifted.avoided_g, lifted.status, lifted.inputs["cap_g"]) == (2340, "credited", 4680)
    assert queries.replay(lifted).same
    with transaction():
        later = services.record_action(rider.holder_id, "metro", morning(1, 600), 2_000).action
    assert (later.avoided_g, later.status) == (0, "capped")
    assert balance(rider) == 4680
    assert first.avoided_g == 2340
    again = client.post(f"/v1/actions/{lifted.code}/appeal", json={"words": "x"}, headers=rider.auth)
    assert again.status_code == 409, "an act is appealed once, whatever took its place"
    assert_proved()


def test_whoever_refused_does_not_decide_the_appeal(
    app: Flask, client: FlaskClient, lin: int, chen: int
) -> None:
    rider, act = held_trip(app)
    decide(lin, waiting_review(client, rider, act.code)["code"], granted=False, reason="与车速不符")
    stood = action_of(rider, act.code)
    assert (stood.status, stood.avoided_g) == ("held", 0)
    told = client.post(f"/v1/actions/{act.code}/appeal", json={"words": "请再看"}, headers=rider.auth).json
    with pytest.raises(OtherOperatorNeeded):
        decide(lin, told["code"])
    own = text(
        "UPDATE act_review SET decided_by = :op, decided_at = now(), granted = false, reason = 'x'"
        " WHERE code = :code"
    )
    with pytest.raises(DatabaseError), transaction():  # and the database itself does not take it
        db.session.execute(own, {"op": lin, "code": told["code"]})
    decide(chen, told["code"], granted=False, reason="记录仍不符")
    with pytest.raises(ReviewDecided):
        decide(chen, told["code"])
    rows = client.get(f"/v1/actions/{act.code}/reviews", headers=rider.auth).json
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("refused", "与车速不符"),
        ("refused", "记录仍不符"),
    ]
    actions = db.session.execute(
        text("SELECT action FROM audit_entry WHERE action LIKE 'review%' ORDER BY id")
    )
    assert [row.action for row in actions] == ["review_refused", "review_refused"]
    assert_proved()


def test_a_refused_photo_can_be_appealed_with_itself(
    app: Flask, client: FlaskClient, lin: int, chen: int
) -> None:
    rider = person(app)
    [act] = trips(rider, 1, distance_m=10_000)
    review = attach(client, rider, act.code, picture(5)).json["code"]
    busy = client.post(f"/v1/actions/{act.code}/appeal", json={"words": "x"}, headers=rider.auth)
    assert (busy.status_code, busy.json["code"]) == (409, "review_waits")
    decide(lin, review, granted=False, reason="看不清")
    told = client.post(f"/v1/actions/{act.code}/appeal", json={"words": "请放大看"}, headers=rider.auth).json
    assert (told["rule"], told["photo"]) == ("photo", True)
    decide(chen, told["code"])
    assert balance(rider) == 374
    assert_proved()


def test_withdrawing_ends_what_waits(app: Flask, client: FlaskClient, lin: int) -> None:
    rider, act = held_trip(app)
    review = waiting_review(client, rider, act.code)["code"]
    assert client.delete(f"/v1/actions/{act.code}", headers=rider.auth).status_code == 204
    with pytest.raises(ReviewDecided):
        decide(lin, review)
    assert known.count_waiting() == 0
    told = client.post(f"/v1/actions/{act.code}/appeal", json={"words": "x"}, headers=rider.auth)
    assert told.status_code == 409
    assert balance(rider) == 12 * 70
    assert_proved()


def test_deciding_and_withdrawing_at_once_leaves_one_of_them(
    app: Flask, client: FlaskClient, lin: int
) -> None:
    rider = person(app)
    for number in range(8):
        with transaction():
            act = services.record_action(rider.holder_id, "bus", morning(2 + number), 10_000).action
        review = attach(client, rider, act.code, picture(20 + number)).json["code"]

        def withdraw(code: str = act.code) -> None:
            with app.app_context(), transaction():
                services.withdraw_action(rider.holder_id, code)

        def grant(code: str = review) -> None:
            with app.app_context(), suppress(ReviewDecided):
                decide(lin, code)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(withdraw), pool.submit(grant)]:
                done.result()
    db.session.rollback()
    standing = db.session.scalar(text("SELECT count(*) FROM action WHERE withdrawn_at IS NULL"))
    granted = db.session.scalar(text("SELECT count(*) FROM act_review WHERE granted"))
    assert standing == granted
    assert_proved()


def test_nothing_uncut_is_appealed_and_anothers_act_is_unknown(app: Flask, client: FlaskClient) -> None:
    rider, stranger = person(app), person(app)
    [act] = trips(rider, 1)
    path = f"/v1/actions/{act.code}"
    assert client.post(f"{path}/appeal", json={"words": "x"}, headers=rider.auth).status_code == 409
    assert client.post(f"{path}/appeal", json={"words": "x"}, headers=stranger.auth).status_code == 404
    assert client.get(f"{path}/reviews", headers=stranger.auth).status_code == 404
    assert attach(client, stranger, act.code, picture()).status_code == 404
    for words in ("", "x" * 1001, 5, None, "a\x07b"):
        assert client.post(f"{path}/appeal", json={"words": words}, headers=rider.auth).status_code == 422


def test_a_decision_cannot_be_changed_and_a_photo_not_be_swapped(
    app: Flask, client: FlaskClient, lin: int
) -> None:
    rider = person(app)
    [act] = trips(rider, 1)
    decide(lin, attach(client, rider, act.code, picture(9)).json["code"])
    for statement in (
        "UPDATE act_review SET reason = 'other'",
        "UPDATE act_review SET granted = false, outcome_id = NULL",
        "UPDATE act_review SET opened_at = now()",
        "DELETE FROM act_review",
        "UPDATE act_photo SET sha256 = decode(repeat('00', 32), 'hex')",
        "UPDATE act_photo SET content_sealed = 'x'",
        "DELETE FROM act_photo",
        "UPDATE action SET inputs = inputs || '{\"held\": {}}'",
    ):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(text(statement))


def test_photos_are_erased_in_time_and_their_digest_stays(
    app: Flask, client: FlaskClient, lin: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = person(app)
    first, second, third = trips(rider, 3)
    decided = attach(client, rider, first.code, picture(1)).json["code"]
    attach(client, rider, second.code, picture(2))
    attach(client, rider, third.code, picture(3))
    decide(lin, decided)
    client.delete(f"/v1/actions/{third.code}", headers=rider.auth)
    with transaction():
        assert reviews.erase_photos() == 1, "of the withdrawn act"
    later = clock.now() + PHOTO_KEPT + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with transaction():
        assert reviews.erase_photos() == 1, "the decided one; the other still waits"
    monkeypatch.undo()
    [review] = client.get(f"/v1/actions/{first.code}/reviews", headers=rider.auth).json
    photo = client.get(f"/v1/actions/{first.code}/reviews/{decided}/photo", headers=rider.auth)
    assert photo.status_code == 404
    assert review["outcome"]
    [other] = trips(person(app), 1)
    assert other


def test_the_rules_are_public_with_value_reason_and_source(app: Flask, client: FlaskClient) -> None:
    told = client.get("/v1/rules").json
    assert told["appeals"] == []
    found = {(rule["scene"], rule["key"]): rule for rule in told["rules"]}
    assert len(found) == len(told["rules"])
    cap = found["walking", "daily_cap"]
    assert (cap["value"], cap["unit"], cap["source"], cap["appealable"]) == (
        "296",
        "g",
        "antforest.walk_cap",
        True,
    )
    assert found["metro", "day_total"]["value"] == "200000"
    assert found["no_cutlery", "day_acts"]["value"] == "3"
    assert ("walking", "day_acts") not in found, "what a device measured is not held"
    assert found["bus", "weight_photo"]["value"] == "0.8"
    for rule in told["rules"]:
        assert rule["reason_zh"]
        assert rule["reason_en"]


def test_appeals_are_published_in_steps_that_single_out_nobody(
    app: Flask, client: FlaskClient, lin: int
) -> None:
    for number in range(6):
        rider = person(app)
        _, second = trips(rider, 2, distance_m=100_000)
        path = f"/v1/actions/{second.code}/appeal"
        told = client.post(path, json={"words": "通勤"}, headers=rider.auth).json
        decide(lin, told["code"], granted=number != 0)
        counts = client.get("/v1/rules").json["appeals"]
        assert counts == (
            []
            if number < 4
            else [{"rule": "daily_cap", "raised": 5, "granted": 0 if number == 4 else 5, "refused": 0}]
        )


@pytest.mark.parametrize(
    ("tampering", "claim"),
    [
        ("UPDATE act_review SET dropped_at = now()", "footprint.prove_held"),
        ("UPDATE action SET grade = 'photo' WHERE cap_reason IS NULL", "footprint.prove_raised"),
        (
            "UPDATE action SET inputs = inputs || '{\"cap_g\": 2808}' WHERE cap_reason IS NULL",
            "footprint.prove_raised",
        ),
        ("UPDATE scene_day SET acts = acts + 1", "footprint.prove_counts"),
        ("UPDATE scene_day SET amount = 0", "footprint.prove_counts"),
    ],
)
def test_whoever_tampers_past_the_guards_is_found_by_the_proof(
    app: Flask, tampering: str, claim: str
) -> None:
    held_trip(app)
    with transaction():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger sees it
        db.session.execute(text(tampering))
    failing = {proof.claim for proof in queries.prove() if not proof.holds}
    assert claim in failing
