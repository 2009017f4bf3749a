"""No request of any shape gets a 5xx, and what is refused changes nothing."""

import json
import re
from typing import Any

import pytest
import schemathesis
from builders import forest, person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from app.kit.database import db

RAW = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe\x00",
    b'{"a": 1, "a": 2}',
    b'{"scene": "\\u0000"}',
    b'{"\\u0000": 1}',
    b'{"code": "\\ud800"}',
    b'{"quantity_kg": 1.9}',
    b'{"quantity_kg": NaN}',
    b'{"quantity_kg": 1e999999999}',
    b'{"quantity_kg": ' + b"9" * 400 + b"}",
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    json.dumps({"code": "x" * 60_000}).encode(),
    json.dumps({"code": "x" * 100_000}).encode(),
    '{"scene": "metro"}'.encode("utf-16"),
    b'{"started_at": "0001-01-01T00:00:00+14:00", "scene": "metro", "distance_m": 1}',
    b'{"started_at": "9999-12-31T23:59:59-14:00", "scene": "metro", "distance_m": 1}',
    b'{"started_at": "2026-02-30T00:00:00Z", "scene": "metro", "distance_m": 9223372036854775808}',
    b'{"month": "2026-13", "entries": [{"kind": "electricity", "quantity": 1}]}',
    b'{"month": "2026-10", "entries": [{"kind": "\xef\xbc\x91", "quantity": true}]}',
    b'{"encrypted_data": "%%%", "iv": "AAAA"}',
    b'{"refresh_token": null}',
]
QUERIES = [
    "limit=-1",
    "limit=abc",
    "limit=1.5",
    "limit=100000000000000000000",
    "limit=%EF%BC%91",
    "limit=1&limit=2",
    "after=%00",
    "after=%ff",
    "after=AAAA",
    "after=__________8",
    "offset=-5",
    "q=%00",
    "q=" + "x" * 3000,
    "region=%27%3B--",
    "category=%ff%fe",
    "available=maybe",
    "month=2026-00",
    "lang=xx",
]
NAMES = ["%00", "%ff", "..%2f..%2fetc", "x" * 5000, "1' OR '1'='1", "ＡＢＣ", "-1", "😀", "%ud800"]


def routes(app: Flask, *methods: str) -> list[tuple[str, str]]:
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & set(methods)
        if rule.rule.startswith("/v1")
    )


def fill(rule: str, name: str) -> str:
    return re.sub(r"<[^>]+>", lambda found: "1" if found[0].startswith("<int") else name, rule)


def counts() -> dict[str, int]:
    db.session.rollback()
    tables = ("action", "posting", "orders", "due", "emission", "payment", "consent", "step_report", "holder")
    return {name: int(db.session.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in tables}


def test_no_body_of_any_shape_breaks_a_route(app: Flask) -> None:
    someone = person(app)
    client = app.test_client()
    before = counts()
    for method, rule in routes(app, "POST", "PUT"):
        for raw in RAW:
            for kind in ("application/json", "text/plain", "multipart/form-data"):
                answer = client.open(
                    fill(rule, "walking"), method=method, data=raw, content_type=kind, headers=someone.auth
                )
                assert 400 <= answer.status_code < 500, (method, rule, raw[:60], answer.status_code)
                if "wechat-pay" not in rule:
                    assert answer.content_type == "application/problem+json", (rule, raw[:60])
                    assert {"type", "title", "status", "detail", "code"} <= set(answer.json)
    assert counts() == before


def test_no_query_of_any_shape_breaks_a_route(app: Flask) -> None:
    someone = person(app)
    client = app.test_client()
    for _, rule in routes(app, "GET"):
        for query in QUERIES:
            answer = client.get(f"{fill(rule, 'x')}?{query}", headers=someone.auth)
            assert answer.status_code < 500, (rule, query)


def test_no_name_in_a_path_breaks_a_route(app: Flask) -> None:
    someone = person(app)
    client = app.test_client()
    for method, rule in routes(app, "GET", "POST", "PUT", "DELETE"):
        for name in NAMES if "<" in rule else ():
            answer = client.open(fill(rule, name), method=method, json={}, headers=someone.auth)
            assert 400 <= answer.status_code < 500, (method, rule, name[:30], answer.status_code)


@pytest.mark.parametrize("header", ["Authorization", "Idempotency-Key", "X-Request-Id", "Accept-Language"])
def test_no_header_breaks_a_route(app: Flask, header: str) -> None:
    someone = person(app)
    client = app.test_client()
    for value in ("", "x" * 8000, "é", "Bearer", "Bearer a.b.c", '"', "a b", "\t", "*;q=9"):
        headers = {**someone.auth, header: value}
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/orders")):
            answer = client.open(path, method=method, json={}, headers=headers)
            assert answer.status_code < 500, (header, value[:20])


def test_strangers_get_nothing_private(app: Flask) -> None:
    client = app.test_client()
    for method, rule in routes(app, "GET", "POST", "PUT", "DELETE"):
        view = app.view_functions[app.url_map.bind("x").match(fill(rule, "x"), method)[0]]
        answer = client.open(fill(rule, "x"), method=method, json={})
        policy: str = view.policy  # type: ignore[attr-defined]
        if policy == "signed_in" or policy.startswith("organisation:"):
            assert answer.status_code == 401, (method, rule)


def test_a_wrong_method_names_the_right_ones(app: Flask) -> None:
    answer = app.test_client().patch("/v1/orders", json={})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"


def test_what_the_document_promises_is_what_the_routes_do(app: Flask) -> None:
    someone = person(app)
    forest(1000)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    found: list[str] = []
    config = settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )

    for result in schema.get_all_operations():

        def check(case: Any) -> None:
            case.headers = {**(case.headers or {}), **someone.auth}
            answer = case.call()
            if answer.status_code >= 500 and answer.status_code != 503:
                found.append(f"{case.method} {case.path}: {answer.status_code} {answer.text[:200]}")

        given(result.ok().as_strategy())(config(check))()
    assert found == []
