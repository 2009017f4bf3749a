"""The registry's desk and its public pages: a forest's whole way by forms, and what a stranger sees of it."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from forestry import Desk, plot
from visiting import Visitor, at_console
from werkzeug.test import TestResponse

from app.accounts import queries as accounts
from app.kit import clock

FACTS = {
    "project_code": "SC-T1",
    "name_zh": "测试林",
    "name_en": "Test forest",
    "region": "350721",
    "county_zh": "顺昌县",
    "county_en": "Shunchang",
    "township_zh": "大干镇",
    "township_en": "Dagan",
    "village_zh": "甲村",
    "village_en": "Village A",
    "forest_type": "chinese_fir",
    "methodology": "sample_forest_management",
    "description_zh": "杉木\n林",
    "description_en": "Fir",
    "period_start": "2020-01-01",
    "period_end": "2039-12-31",
}


@pytest.fixture(autouse=True)
def short_notice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices of these tests are over at once."""
    from dataclasses import replace

    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], notice_days=0))


def key(page: TestResponse) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page.text)
    assert found
    return found[1]


def upload(desk: Visitor, path: str, field: str, content: bytes, **form: str) -> TestResponse:
    data: dict[str, Any] = {**form, field: (io.BytesIO(content), "file")}
    return desk.client.post(path, data=data, headers={"Origin": desk.home}, base_url=desk.home)


def go(answer: TestResponse, said: str) -> None:
    assert answer.status_code == 303, answer.text
    assert answer.location.endswith(f"said={said}")


def test_a_forest_goes_its_whole_way_by_forms(app: Flask) -> None:
    maker, checker = at_console(app, "registry"), at_console(app, "registry")
    opened = {"form_key": key(maker.get("/console/right-holders/new")), "kind": "village", "name": "甲村集体"}
    go(maker.post("/console/right-holders", opened), "right_holder_opened")
    (village,) = [each for each in accounts.list_right_holders() if each.name == "甲村集体"]
    facts = {**FACTS, "holder": village.code, "form_key": key(maker.get("/console/dossiers/new"))}
    answer = maker.post("/console/dossiers", facts)
    go(answer, "dossier_opened")
    assert maker.post("/console/dossiers", facts).location == answer.location, "sent again, made once"
    base = answer.location.split("?")[0]
    for share in (
        {"role": "village", "holder": village.code, "share": "90", "named": "yes"},
        {"role": "fee", "share": "10"},
    ):
        go(maker.post(f"{base}/shares", share), "share_added")
    document = {"type": "FeatureCollection", "features": [plot(117.8, 26.8), plot(117.81, 26.8, name="2")]}
    go(upload(maker, f"{base}/parcels", "geojson", json.dumps(document).encode()), "parcels_added")
    for kind in ("title", "design"):
        sent = upload(
            maker, f"{base}/documents", "document", f"%PDF-1.4 {kind}".encode(), kind=kind, title=kind
        )
        go(sent, "document_kept")
    opinion = {"expert": "某专家", "verdict": "favourable", "words": "可行", "given_on": "2021-01-01"}
    go(maker.post(f"{base}/opinions", opinion), "opinion_added")
    revision = re.search(r'name="revision" value="(\d+)"', checker.get(base).text)
    assert revision
    assert maker.post(f"{base}/review", {"revision": revision[1]}).status_code == 409
    go(checker.post(f"{base}/review", {"revision": revision[1]}), "dossier_reviewed")
    go(checker.post(f"{base}/register"), "dossier_registered")
    sent = upload(
        maker, f"{base}/documents", "document", b"%PDF-1.4 report", kind="verification", title="2021"
    )
    go(sent, "document_kept")
    report = re.search(r'<option value="(\d+)">2021 ', maker.get(base).text)
    assert report
    removal = {"document": report[1], "period_start": "2021-01-01", "period_end": "2021-12-31"}
    removal |= {"vintage": "2021", "quantity_kg": "12345", "verification": "V-1", "verifier": "某机构"}
    go(maker.post(f"{base}/removals", {**removal, "verified_on": "2022-03-01"}), "issuance_requested")
    approve = re.search(r'action="([^"]+/approve)"', checker.get(base).text)
    assert approve
    assert "/approve" not in maker.get(base).text, "whoever requested it is not offered to approve it"
    assert maker.post(approve[1]).status_code == 409
    go(checker.post(approve[1]), "issuance_approved")
    stranger = Visitor(app).get("/projects/SC-T1").text
    assert "12,345" in stranger
    assert '<path class="land"' in stranger
    assert "甲村集体" in stranger
    audit = at_console(app, "auditor").get("/console/audit").text
    assert "核准签发" in audit


def test_a_faulty_file_is_refused_on_the_page_with_what_and_where(app: Flask) -> None:
    desk = Desk(app)
    visitor = at_console(app, "registry")
    code, other = desk.empty(), desk.draft(feature=plot(117.8, 26.8))
    path = f"/console/dossiers/{code}/parcels"
    crossing = [[117.8, 26.8], [117.81, 26.81], [117.81, 26.8], [117.8, 26.81], [117.8, 26.8]]
    bad = plot(117.8, 26.8)
    bad["geometry"]["coordinates"] = [crossing]
    for content, status, said in (
        (b"{", 422, "JSON"),
        (json.dumps(bad).encode(), 422, "117.805000"),
        (json.dumps(plot(117.8025, 26.8)).encode(), 409, desk.standing(other).dossier.project_code),
    ):
        answer = upload(visitor, path, "geojson", content)
        assert answer.status_code == status
        assert said in answer.text
    assert 'class="clash"' in answer.text, "the map shows what is shared"
    assert upload(visitor, path, "other", b"{}").status_code == 422


def test_anybody_may_object_on_the_notice_and_an_operator_answers(app: Flask) -> None:
    desk = Desk(app)
    code = desk.draft()
    stranger, checker = Visitor(app), at_console(app, "registry")
    assert stranger.get(f"/notices/{code}").status_code == 404
    desk.review(code, timedelta(days=1))
    assert "公示" in stranger.get("/projects").text
    assert stranger.post(f"/notices/{code}/objections", {"words": "坏"}).status_code == 422
    go(stranger.post(f"/notices/{code}/objections", {"words": "这块地\n有争议。"}), "objection_raised")
    page = stranger.get(f"/notices/{code}").text
    assert "待答复" in page
    assert "有争议" not in page
    base = f"/console/dossiers/{code}"
    assert "这块地 有争议。" in checker.get(base).text
    assert checker.post(f"{base}/register").status_code == 409
    answer = re.search(rf'action="({base}/objections/[^"]+/answer)"', checker.get(base).text)
    assert answer
    go(checker.post(answer[1], {"answer": "已核对界桩。", "outcome": "dismissed"}), "objection_answered")
    assert "已核对界桩。" in stranger.get(f"/notices/{code}").text
    form = f'action="/notices/{code}/objections"'
    assert form in stranger.get(f"/notices/{code}").text
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert form not in stranger.get(f"/notices/{code}").text
        assert stranger.post(f"/notices/{code}/objections", {"words": "太晚了吗？"}).status_code == 409
        assert desk.register(code)


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_only_the_registry_writes(app: Flask, role: str) -> None:
    code = Desk(app).draft()
    visitor = at_console(app, role)
    allowed = 200 if role == "auditor" else 403
    assert visitor.get(f"/console/dossiers/{code}").status_code == allowed
    assert visitor.get("/console/dossiers").status_code == allowed
    assert visitor.get("/console/dossiers/new").status_code == 403
    for step in ("review", "register", "withdraw", "shares", "parcels"):
        assert visitor.post(f"/console/dossiers/{code}/{step}").status_code == 403


def test_a_document_leaves_as_a_file_and_only_for_operators(app: Flask) -> None:
    desk = Desk(app)
    code = desk.draft()
    document = desk.standing(code).documents[0]
    path = f"/console/dossiers/{code}/documents/{document.id}"
    answer = at_console(app, "registry").get(path)
    assert answer.data == b"%PDF-1.4 title"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert Visitor(app).get(path).status_code == 302
    assert (
        at_console(app, "registry")
        .get(f"/console/dossiers/{desk.draft()}/documents/{document.id}")
        .status_code
        == 404
    )


def test_pages_are_whole_in_english(app: Flask) -> None:
    from app.kit.transaction import transaction
    from app.registry import services

    with transaction():
        services.load_samples()
    stranger = Visitor(app).speak("en")
    assert stranger.get("/projects").text.count('class="land"') >= 12
    page = stranger.get("/projects/SC-DG-H1").text
    assert "Right holders and shares" in page
    assert "Public notice" in stranger.get("/projects").text
