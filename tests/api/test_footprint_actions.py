"""Declared trips: what they give, what cannot be had twice, and how they are taken back."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as books
from app.accounts import services as accounts
from app.footprint import queries, services
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.transaction import transaction


@pytest.fixture(autouse=True)
def _loaded(app: Flask) -> None:
    with transaction():
        services.load_factors()
        services.load_methodologies()


def sign_in() -> tuple[int, dict[str, str]]:
    with transaction():
        signed = accounts.sign_in_wechat(f"o{random_code(20)}", None, "tiihtNczf5v6AKRyjwEUhQ==")
    token = signer().issue(signed.holder_id, signed.session_id, "api")
    return signed.holder_id, {"Authorization": f"Bearer {token}"}


def yesterday(minutes: int = 480) -> datetime:
    """A moment of yesterday in Shanghai, so that a run at midnight does not split a day."""
    noon = clock.now().astimezone(clock.SHANGHAI) - timedelta(days=1)
    return noon.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)


def trip(minutes: int = 480, **changes: Any) -> dict[str, Any]:
    return {"scene": "metro", "started_at": yesterday(minutes).isoformat(), "distance_m": 8000, **changes}


def balance(holder: int) -> int:
    db.session.rollback()
    return books.get_balance(holder, chart.REDUCTIONS)


def announced(like: str) -> list[dict[str, Any]]:
    rows = db.session.execute(
        text("SELECT payload FROM announcement WHERE listener LIKE :like ORDER BY id"), {"like": f"%{like}"}
    )
    return [row.payload for row in rows]


def assert_proved() -> None:
    db.session.rollback()
    proofs = [*queries.prove(), *books.prove()]
    assert [proof for proof in proofs if not proof.holds] == []


def test_a_declared_trip_is_credited_half_with_its_source_beside_it(client: FlaskClient) -> None:
    holder, auth = sign_in()
    answer = client.post("/v1/actions", json=trip(), headers=auth)
    assert answer.status_code == 201, answer.text
    action = answer.json
    assert (action["computed_g"], action["avoided_g"]) == (187, 187)  # floor(8 km × 46.8 g × 0.5)
    assert (action["grade"], action["weight"], action["source"]) == ("declared", "0.5", "self")
    assert action["cap"] == {"cap_g": 2808, "before_g": 0, "reason": None, "text": None}
    factor = action["factor"]
    assert (factor["key"], factor["value"], factor["unit"]) == ("er.metro.sz", "0.0468", "kgCO2/p.km")
    assert factor["source_title"] == "深圳市低碳公共出行碳普惠方法学(试行)"
    assert factor["source_url"].startswith("http")
    assert (factor["verified"], factor["mark"]) == (True, None)
    assert action["methodology"]["key"] == "metro.distance"
    assert action["occurred_on"] == f"{yesterday():%Y-%m-%d}"
    assert balance(holder) == 187
    [payload] = announced("thank")
    assert [entry[1:] for entry in payload["actions"]] == [[187, "metro", holder]]
    assert_proved()


@pytest.mark.parametrize(("scene", "grams"), [("metro", 187), ("bus", 107), ("shared_bike", 194)])
def test_every_declarable_scene_counts(client: FlaskClient, scene: str, grams: int) -> None:
    holder, auth = sign_in()
    answer = client.post("/v1/actions", json=trip(scene=scene), headers=auth)
    assert answer.status_code == 201, answer.text
    assert answer.json["avoided_g"] == grams
    assert balance(holder) == grams


def test_the_same_trip_sent_twice_is_one(client: FlaskClient) -> None:
    holder, auth = sign_in()
    first = client.post("/v1/actions", json=trip(), headers=auth)
    second = client.post("/v1/actions", json=trip(), headers=auth)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json == first.json
    assert balance(holder) == 187
    assert len(announced("thank")) == 1
    assert_proved()


def test_the_same_trip_sent_by_a_hundred_at_once_is_one(app: Flask) -> None:
    holder, auth = sign_in()

    def post(_: int) -> int:
        return app.test_client().post("/v1/actions", json=trip(), headers=auth).status_code

    with ThreadPoolExecutor(24) as pool:
        answers = Counter(pool.map(post, range(100)))
    assert answers == {201: 1, 200: 99}
    assert balance(holder) == 187
    assert_proved()


def test_one_cannot_ride_twice_at_once(client: FlaskClient) -> None:
    holder, auth = sign_in()
    assert client.post("/v1/actions", json=trip(duration_s=1800), headers=auth).status_code == 201
    for other in (trip(490, scene="bus"), trip(475, duration_s=1200), trip(distance_m=9000), trip(509)):
        answer = client.post("/v1/actions", json=other, headers=auth)
        assert (answer.status_code, answer.json["code"]) == (409, "trip_overlaps"), other
        assert f"{yesterday():%Y-%m-%d %H:%M}" in answer.json["detail"]
    assert client.post("/v1/actions", json=trip(510), headers=auth).status_code == 201
    _, other_auth = sign_in()
    assert client.post("/v1/actions", json=trip(), headers=other_auth).status_code == 201
    assert balance(holder) == 2 * 187
    assert_proved()


def test_overlapping_trips_of_many_scenes_at_once_leave_one(app: Flask) -> None:
    holder, auth = sign_in()
    wishes = [
        trip(480 + n % 7, scene=("metro", "bus", "shared_bike")[n % 3], duration_s=1500) for n in range(60)
    ]

    def post(wish: dict[str, Any]) -> int:
        return app.test_client().post("/v1/actions", json=wish, headers=auth).status_code

    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(post, wishes))
    assert answers[201] == 1, answers
    assert set(answers) <= {200, 201, 409}
    assert len(queries.list_actions(holder, 10)) == 1
    assert_proved()


def test_an_idempotency_key_replays_the_first_answer(client: FlaskClient) -> None:
    holder, auth = sign_in()
    keyed = {**auth, "Idempotency-Key": "trip-1"}
    first = client.post("/v1/actions", json=trip(), headers=keyed)
    again = client.post("/v1/actions", json=trip(), headers=keyed)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert client.post("/v1/actions", json=trip(900), headers=keyed).status_code == 409
    assert balance(holder) == 187


def test_the_daily_cap_is_said_in_words_and_nothing_is_silently_zeroed(client: FlaskClient) -> None:
    holder, auth = sign_in()
    long = {"distance_m": 100_000}
    grams = []
    for minutes in (0, 120, 240):
        action = client.post("/v1/actions", json=trip(minutes, **long), headers=auth).json
        grams.append((action["computed_g"], action["avoided_g"], action["cap"]["reason"]))
    assert grams == [(2340, 2340, None), (2340, 468, "daily_cap"), (2340, 0, "daily_cap")]
    assert action["cap"]["before_g"] == 2808
    assert "2808" in action["cap"]["text"]
    english = client.get(f"/v1/actions/{action['code']}?lang=en", headers=auth).json
    assert "capped at 2808 g a day" in english["cap"]["text"]
    assert balance(holder) == 2808
    assert len(announced("thank")) == 2, "zero grams are announced to nobody"
    assert_proved()


def test_the_cap_holds_under_a_hundred_posts_at_once(app: Flask) -> None:
    holder, auth = sign_in()

    def post(number: int) -> tuple[int, int]:
        ride = trip(number * 14, distance_m=24_000)
        answer = app.test_client().post("/v1/actions", json=ride, headers=auth)
        return answer.status_code, answer.json["avoided_g"]

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(post, range(100)))
    assert {status for status, _ in answers} == {201}
    assert Counter(grams for _, grams in answers) == {561: 5, 3: 1, 0: 94}
    assert balance(holder) == 2808
    assert_proved()


def test_scenes_and_days_have_caps_of_their_own(client: FlaskClient) -> None:
    holder, auth = sign_in()
    client.post("/v1/actions", json=trip(0, distance_m=90_000), headers=auth)
    client.post("/v1/actions", json=trip(120, distance_m=100_000), headers=auth)
    bus = client.post("/v1/actions", json=trip(240, scene="bus"), headers=auth).json
    earlier = client.post("/v1/actions", json=trip(-600), headers=auth).json
    assert (bus["avoided_g"], earlier["avoided_g"]) == (107, 187)
    month = queries.month_summary(holder, earlier["occurred_on"][:7])
    assert sum(grams for day in month.avoided_by_day.values() for grams in day.values()) == month.avoided_g
    kept = queries.accounts.sum_avoided(holder, date(2020, 1, 1), clock.business_day(), "day")
    credited = sorted((each.scene, each.grams) for each in kept)
    assert credited == [("bus", 107), ("metro", 187), ("metro", 2808)]
    assert len({each.starts for each in kept}) == 2


def test_withdrawing_corrects_the_books_once(client: FlaskClient) -> None:
    holder, auth = sign_in()
    code = client.post("/v1/actions", json=trip(), headers=auth).json["code"]
    for _ in range(2):
        assert client.delete(f"/v1/actions/{code}", headers=auth).status_code == 204
    assert balance(holder) == 0
    action = client.get(f"/v1/actions/{code}", headers=auth).json
    assert action["withdrawn_at"] is not None
    assert action["avoided_g"] == 187, "what was recorded stays on record"
    [payload] = announced("take_back")
    assert (payload["holder_id"], payload["avoided_g"]) == (holder, 187)
    assert_proved()


def test_a_withdrawn_trip_can_be_declared_anew(client: FlaskClient) -> None:
    holder, auth = sign_in()
    code = client.post("/v1/actions", json=trip(distance_m=80_000), headers=auth).json["code"]
    client.delete(f"/v1/actions/{code}", headers=auth)
    again = client.post("/v1/actions", json=trip(), headers=auth)
    assert (again.status_code, again.json["avoided_g"], again.json["cap"]["before_g"]) == (201, 187, 0)
    assert balance(holder) == 187
    assert_proved()


def test_withdrawing_and_declaring_at_once_keep_the_books(app: Flask) -> None:
    holder, auth = sign_in()
    codes = [
        app.test_client().post("/v1/actions", json=trip(n * 20), headers=auth).json["code"] for n in range(20)
    ]

    def act(number: int) -> int:
        caller = app.test_client()
        if number % 2:
            return caller.delete(f"/v1/actions/{codes[number // 2 % 20]}", headers=auth).status_code
        return caller.post("/v1/actions", json=trip(number // 2 % 20 * 20), headers=auth).status_code

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(act, range(80)))
    assert answers <= {200, 201, 204, 409}, answers
    standing = [action for action in queries.list_actions(holder, 200) if action.withdrawn_at is None]
    assert balance(holder) == sum(action.avoided_g for action in standing)
    assert_proved()


def test_replay_gives_the_same_grams(client: FlaskClient) -> None:
    _, auth = sign_in()
    for minutes in (0, 120):
        code = client.post("/v1/actions", json=trip(minutes, distance_m=100_000), headers=auth).json["code"]
        replay = client.post(f"/v1/actions/{code}/replay", headers=auth)
        assert replay.status_code == 200
        assert replay.json["same"] is True
        assert replay.json["recorded"] == replay.json["replayed"]


def test_replay_and_proof_find_a_figure_that_was_tampered_with(client: FlaskClient) -> None:
    _, auth = sign_in()
    code = client.post("/v1/actions", json=trip(), headers=auth).json["code"]
    with transaction():
        db.session.execute(text("ALTER TABLE action DISABLE TRIGGER action_is_withdrawn_once"))
        db.session.execute(text("UPDATE action SET computed_g = 200, avoided_g = 200"))
    replay = client.post(f"/v1/actions/{code}/replay", headers=auth).json
    assert (replay["same"], replay["differences"]) == (False, ["computed_g", "avoided_g"])
    broken = {proof.claim for proof in queries.prove() if not proof.holds}
    assert broken == {
        "footprint.prove_actions",
        "footprint.prove_postings",
        "footprint.prove_days",
        "footprint.prove_replay",
    }


def test_anothers_action_is_not_there(client: FlaskClient) -> None:
    holder, auth = sign_in()
    _, stranger = sign_in()
    code = client.post("/v1/actions", json=trip(), headers=auth).json["code"]
    for method, path in (("GET", code), ("DELETE", code), ("POST", f"{code}/replay")):
        for caller, wanted in ((stranger, path), (auth, path.replace(code, "0" * 26)), (auth, f"x%00{path}")):
            answer = client.open(f"/v1/actions/{wanted}", method=method, headers=caller)
            assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert client.get("/v1/actions", headers=stranger).json["items"] == []
    assert balance(holder) == 187


def test_without_a_token_nothing_is_told(client: FlaskClient) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/x"), ("DELETE", "/x"), ("POST", "/x/replay")):
        assert client.open(f"/v1/actions{path}", method=method, json={}).status_code == 401


def test_actions_are_listed_page_by_page_the_last_first(client: FlaskClient) -> None:
    _, auth = sign_in()
    for number in range(5):
        client.post("/v1/actions", json=trip(number * 30), headers=auth)
    codes: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/v1/actions?limit=2{cursor}", headers=auth).json
        codes += [action["code"] for action in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert len(set(codes)) == len(codes) == 5
    whole = client.get("/v1/actions", headers=auth).json["items"]
    assert [action["code"] for action in whole] == codes
    assert [action["occurred_at"] for action in whole] == sorted(
        (action["occurred_at"] for action in whole), reverse=True
    )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"started_at": (clock.now() + timedelta(hours=1)).isoformat()}, "#/started_at"),
        ({"started_at": (clock.now() - timedelta(days=32)).isoformat()}, "#/started_at"),
        ({"started_at": "2026-11-21T08:00:00"}, "#/started_at"),
        ({"started_at": 5}, "#/started_at"),
        ({"distance_m": 1}, "#/distance_m"),
        ({"distance_m": 100_001}, "#/distance_m"),
        ({"distance_m": 2**63}, "#/distance_m"),
        ({"distance_m": 10**30}, None),
        ({"distance_m": 1.9}, "#/distance_m"),
        ({"distance_m": "8000"}, "#/distance_m"),
        ({"distance_m": True}, "#/distance_m"),
        ({"distance_m": None}, "#/distance_m"),
        ({"duration_s": 10}, "#/duration_s"),
        ({"duration_s": 0}, "#/duration_s"),
        ({"duration_s": 100_000}, "#/duration_s"),
        ({"scene": "walking"}, "#/scene"),
        ({"scene": "rocket"}, "#/scene"),
        ({"scene": "a\x00b"}, None),
        ({"scene": "\ud800"}, None),
        ({"scene": ["metro"]}, "#/scene"),
        ({"grade": "measured"}, "#/grade"),
        ({"holder_id": 1}, "#/holder_id"),
    ],
)
def test_a_bad_trip_is_refused_by_the_name_of_its_field(
    client: FlaskClient, changes: dict[str, Any], pointer: str | None
) -> None:
    holder, auth = sign_in()
    body = json.dumps(trip(**changes))
    answer = client.post("/v1/actions", data=body, content_type="application/json", headers=auth)
    assert answer.status_code in ((422,) if pointer else (400, 422)), answer.text
    if answer.status_code == 422 and pointer:
        assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert (balance(holder), queries.list_actions(holder, 5)) == (0, [])


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"", {400}),
        (b"[]", {422}),
        (b"null", {422}),
        (b'"x"', {422}),
        (b"{", {400}),
        (b'{"scene":"metro","scene":"bus"}', {400}),
        (b"[" * 100_000, {400, 413}),
        (b'{"distance_m":' + b"9" * 5000 + b"}", {400}),
        (b'{"distance_m": NaN}', {400}),
        (b"\xff\xfe", {400}),
    ],
)
def test_no_body_of_any_shape_is_a_fault_of_ours(
    client: FlaskClient, body: bytes, statuses: set[int]
) -> None:
    _, auth = sign_in()
    answer = client.post("/v1/actions", data=body, content_type="application/json", headers=auth)
    assert answer.status_code in statuses, answer.text
    assert client.post("/v1/actions", data="scene=metro", headers=auth).status_code == 415


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=0", "limit=x", "limit=101", "after=!!", "after=AAAA", "no=1"]
)
@pytest.mark.parametrize("path", ["actions", "steps", "emissions", "factors"])
def test_bad_pages_are_refused(client: FlaskClient, path: str, query: str) -> None:
    _, auth = sign_in()
    assert client.get(f"/v1/{path}?{query}", headers=auth).status_code == 422


def test_a_cursor_that_is_no_day_is_refused(client: FlaskClient) -> None:
    _, auth = sign_in()
    for forged in ("gAAAAAAAAAA", "f_________8", "AAAAAAAAAAA"):
        assert client.get(f"/v1/steps?after={forged}", headers=auth).status_code == 422


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE action SET avoided_g = 0",
        "UPDATE action SET withdrawn_at = NULL",
        "UPDATE action SET inputs = '{}', withdrawn_at = now()",
        "DELETE FROM action",
        "TRUNCATE action",
        "UPDATE scene_day SET credited_g = cap_g + 1",
    ],
)
def test_the_database_refuses_to_edit_an_action(client: FlaskClient, statement: str) -> None:
    _, auth = sign_in()
    client.post("/v1/actions", json=trip(), headers=auth)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))
    assert_proved()


def test_a_recorded_trip_takes_one_statement(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _, auth = sign_in()
    client.post("/v1/actions", json=trip(0), headers=auth)
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def note(cursor: Any, query: Any, *rest: Any, **more: Any) -> Any:
        seen.append(str(query))
        return execute(cursor, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", note)
    assert client.post("/v1/actions", json=trip(60), headers=auth).status_code == 201
    assert len(seen) == 1, "credit, action, posting and announcement are one round trip"
