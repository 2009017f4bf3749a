"""Events on pages: the organiser's desk without JavaScript, the public page, the statement, the console."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, forest
from flask import Flask
from organising import buy
from visiting import Visitor, at_console

from app.causes.queries import events as known
from app.kit import clock
from app.kit.codes import random_code

OTHERS = ("fuel", "energy", "stay", "materials", "waste")


def day(offset: int) -> str:
    return (clock.business_day() + timedelta(days=offset)).isoformat()


def read(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = visitor.get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text.split("<main", 1)[1])


def done(visitor: Visitor, path: str, form: dict[str, Any] | None = None) -> str:
    answer = visitor.post(path, form)
    assert answer.status_code == 303, html.unescape(answer.text.split("<main", 1)[-1])
    return str(answer.location)


def key() -> dict[str, str]:
    return {"form_key": random_code(20)}


FACTS = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": "300", "online_heads": "100"}
TOLD = {
    "title": "茶业论坛",
    "kind": "forum",
    "organiser": "示例茶业协会",
    "place": "武夷山",
    "region": "CN-FJ",
}


class Desk:
    """An organiser's browser."""

    def __init__(self, app: Flask) -> None:
        self.browser = Visitor(app).sign_in()
        self.lot: Forest = forest(100_000)

    def register(self, **told: str) -> str:
        done(self.browser, "/me/events", {**TOLD, **FACTS, **key(), **told})
        return str(known.list_events(self.browser.holder_id, 1)[0].code)

    def tell(self, code: str, km: int) -> None:
        home = f"/me/events/{code}/stock"
        line = {"item": "high_speed_rail", "m_people": "100", "m_km": str(km), "grade": "recorded"}
        done(self.browser, f"{home}/lines", {**line, "evidence": "订票记录", **key()})
        done(self.browser, home, {**FACTS, **{f"x_{each}": "不在本次边界内" for each in OTHERS}})

    def counted(self, code: str, km: int) -> None:
        done(self.browser, f"/me/events/{code}/final", FACTS)
        self.tell(code, km)
        done(self.browser, f"/me/events/{code}/stock/close")


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def test_an_organiser_goes_the_whole_way_without_javascript(desk: Desk, app: Flask) -> None:
    code = desk.register()
    home = f"/me/events/{code}"
    assert "茶业论坛" in read(desk.browser, "/me/events")
    done(desk.browser, f"{home}/reductions", {"type": "materials", "text": "不印手册", "planned_kg": "200"})
    desk.tell(code, 100)
    page = read(desk.browser, f"{home}/stock")
    assert "304.8\u00a0kg" in page
    assert "中国环境报" in page, "each line says where its factor comes from"
    assert done(desk.browser, f"{home}/stock/close") == f"{home}?said=stage_closed"
    buying = read(desk.browser, f"/events/{code}/buy")
    assert f"/forest/{desk.lot.lot_code}?cause={code}#buy" in buying
    lot = read(desk.browser, f"/forest/{desk.lot.lot_code}?cause={code}")
    assert "为“茶业论坛”购买" in lot
    assert "它还需抵消 304.8\u00a0kg" in lot
    assert f'name="cause" value="{code}"' in lot
    form = {"lot": desk.lot.lot_code, "cause": code, "steps": "31"}
    paying = desk.browser.post("/orders", form)
    assert paying.status_code == 303
    assert "/phone/pay?" in paying.location
    assert "310\u00a0kg" in read(desk.browser, home), "it waits for payment"
    buy(desk.lot, desk.browser.holder_id, code, 310)
    desk.counted(code, 110)
    assert "补足差额" in read(desk.browser, home)
    buy(desk.lot, desk.browser.holder_id, code, 30)
    page = read(desk.browser, home)
    [number] = re.findall(r'/attestations/(\w+)"', page)
    assert "4.72\u00a0kg" in page
    for visibility in ("public", "shared"):
        done(desk.browser, f"{home}/visibility", {"visibility": visibility})
    stranger = Visitor(app)
    page = read(stranger, f"/events/{code}")
    assert "已碳中和" in page
    assert f"/attestations/{number}" in page
    statement = read(stranger, f"/attestations/{number}")
    for words in ("335.28", "示例茶业协会", "高铁", "订票记录", "不印手册", "不在本次边界内"):
        assert words in statement
    assert "茶业论坛" in read(stranger, "/events")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_an_event_speaks_both_languages(desk: Desk, app: Flask, language: str) -> None:
    code = desk.register()
    desk.browser.speak(language)
    home = f"/me/events/{code}"
    desk.tell(code, 100)
    done(desk.browser, f"{home}/stock/close")
    done(desk.browser, f"{home}/visibility", {"visibility": "shared"})
    paths = [
        "/events",
        f"/events/{code}",
        f"/events/{code}/buy",
        "/me/events",
        "/me/events/new",
        home,
        f"{home}/stock",
        f"{home}/stock/lines/new?item=hotel",
        f"{home}/forest",
    ]
    for path in paths:
        page = read(desk.browser, path)
        if language == "en":
            ours = re.sub(r"<bdi>.*?</bdi>|茶业论坛", "", page.split("</main>")[0], flags=re.S)
            ours = re.sub(r'value="[^"]*"|一元碳汇', "", ours)
            assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"<small.*?</small>", "", ours, flags=re.S)), path


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"ends_on": day(-9)}, "结束不能早于开始"),
        ({"onsite_heads": "0", "online_heads": "0"}, "至少要有一个人"),
        ({"onsite_heads": "-3"}, "onsite_heads-fault"),
        ({"onsite_heads": "many"}, "onsite_heads-fault"),
        ({"kind": "party"}, "kind-fault"),
        ({"title": ""}, "title-fault"),
        ({"starts_on": "2026-13-41"}, "starts_on-fault"),
    ],
)
def test_a_form_of_an_event_that_cannot_be_says_so_beside_its_field(
    desk: Desk, told: dict[str, str], where: str
) -> None:
    refused = desk.browser.post("/me/events", {**TOLD, **FACTS, **key(), **told})
    assert refused.status_code == 422
    assert where in html.unescape(refused.text)
    assert known.list_events(desk.browser.holder_id, 1) == []


def test_the_same_form_twice_registers_once(desk: Desk) -> None:
    form = {**TOLD, **FACTS, **key()}
    assert done(desk.browser, "/me/events", form) == done(desk.browser, "/me/events", form)
    assert len(known.list_events(desk.browser.holder_id, 5)) == 1


def test_a_line_that_cannot_be_is_refused_beside_its_field(desk: Desk) -> None:
    code = desk.register()
    lines = f"/me/events/{code}/stock/lines"
    line = {"item": "high_speed_rail", "m_people": "10", "m_km": "100", "grade": "recorded"}
    for change, words in (
        ({}, "evidence-fault"),
        ({"m_people": "0", "evidence": "x"}, "m_people-fault"),
        ({"m_km": "60000", "evidence": "x"}, "m_km-fault"),
        ({"grade": "felt", "evidence": "x"}, "grade-fault"),
        ({"part": "5", "whole": "2", "basis": "heads", "evidence": "x"}, "part-fault"),
    ):
        refused = desk.browser.post(lines, {**line, **change, **key()})
        assert (refused.status_code, words in refused.text) == (422, True), words
    assert desk.browser.post(lines, {**line, "item": "yacht", **key()}).status_code == 404
    assert desk.browser.get(f"{lines}/new?item=yacht").status_code == 404
    page = read(desk.browser, f"/me/events/{code}/stock")
    assert "还没有排放条目" in page
    early = desk.browser.post(f"/me/events/{code}/stock/close")
    assert early.status_code == 409


def test_anothers_desk_is_not_there(desk: Desk, app: Flask) -> None:
    code = desk.register()
    other = Visitor(app).sign_in()
    for path in ("", "/stock", "/stock/lines/new?item=hotel", "/forest"):
        read(other, f"/me/events/{code}{path}", 404)
    read(other, f"/events/{code}", 404)
    read(other, f"/events/{code}/buy", 404)
    for path in ("/visibility", "/call-off", "/stock/close", "/corrections", "/surplus", "/reductions/1"):
        form = {"visibility": "public", "reason": "别人的", "other": code, "outcome": "x"}
        assert other.post(f"/me/events/{code}{path}", form if "close" not in path else {}).status_code in (
            404,
            422,
        )
    assert known.list_events(desk.browser.holder_id, 1)[0].published_at is None


def test_a_forest_is_planted_on_pages_and_proven_at_the_console(desk: Desk, app: Flask) -> None:
    code = desk.register()
    desk.tell(code, 100)
    done(desk.browser, f"/me/events/{code}/stock/close")
    desk.counted(code, 100)
    told = {
        "forest_place": "顺昌县大干镇",
        "longitude": "117.81",
        "latitude": "26.79",
        "species": "杉木、枫香",
        "area_m2": "20000",
        "planted_on": day(-20),
        "years": "6",
        "expected_kg": "400",
        "planting": "每公顷 2,500 株。",
        "monitoring": "第三年和第六年各测一次。",
    }
    for change in ({"longitude": "1e9"}, {"latitude": "90"}, {"area_m2": "0"}, {"years": "-1"}):
        refused = desk.browser.post(f"/me/events/{code}/forest", {**told, **change})
        assert refused.status_code == 422
    done(desk.browser, f"/me/events/{code}/forest", told)
    assert "不算碳中和" in read(desk.browser, f"/me/events/{code}")
    anna, bao = at_console(app, "registry"), at_console(app, "registry")
    home = f"/console/events/{code}"
    assert "茶业论坛" in read(anna, "/console/events?forest=1")
    proof = {
        "proven_kg": "400",
        "methodology": "AR-CM-001",
        "certifier": "示例核证机构",
        "report": "报告 1 号",
        "report_sha256": "ab" * 32,
        "measured_on": day(0),
    }
    assert anna.post(f"{home}/proofs", {**proof, "report_sha256": "no digest"}).status_code == 422
    done(anna, f"{home}/proofs", proof)
    number = known.list_proofs(known.find_event(code) or 0)[0].id
    assert "造林证明等待另一人决定" in read(bao, "/console")
    assert anna.post(f"{home}/proofs/{number}", {"decision": "accept"}).status_code == 409
    done(bao, f"{home}/proofs/{number}", {"decision": "accept"})
    assert "已碳中和" in read(desk.browser, f"/me/events/{code}")


def test_an_operator_hides_what_is_not_fit_to_be_shown(desk: Desk, app: Flask) -> None:
    code = desk.register()
    done(desk.browser, f"/me/events/{code}/visibility", {"visibility": "shared"})
    stranger, registry = Visitor(app), at_console(app, "registry")
    read(stranger, f"/events/{code}")
    assert registry.post(f"/console/events/{code}/hide", {}).status_code == 422
    done(registry, f"/console/events/{code}/hide", {"reason": "冒用他人名义"})
    read(stranger, f"/events/{code}", 404)
    assert "冒用他人名义" in read(desk.browser, f"/me/events/{code}")
    refused = desk.browser.post(f"/me/events/{code}/visibility", {"visibility": "public"})
    assert refused.status_code == 409
    done(registry, f"/console/events/{code}/unhide")
    read(stranger, f"/events/{code}", 404)
    done(desk.browser, f"/me/events/{code}/visibility", {"visibility": "public"})
    read(stranger, f"/events/{code}")
