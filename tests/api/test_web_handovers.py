"""The desk for foreign units, programmes and handovers; the public pages; the commands."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from registries import Twins, new_key, titles_kg
from sqlalchemy import text
from visiting import Visitor, at_console

from app.accounts import chart
from app.kit.database import db
from app.kit.signing import Seal
from app.kit.transaction import transaction

ORIGIN = {
    "product": "vcs",
    "home_name": "Verra Registry",
    "project_code": "VCS-3",
    "name_zh": "示例外来项目",
    "name_en": "Sample foreign project",
    "region": "350721",
    "place_zh": "顺昌县",
    "place_en": "Shunchang",
    "area_m2": "10000",
    "serial": "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1",
    "quantity_t": "100",
    "methodology": "VM0015",
    "verification": "VER-1",
    "reference": "RET-1",
    "period_start": "2020-01-01",
    "period_end": "2020-12-31",
    "vintage": "2020",
}


def upload(visitor: Visitor, path: str, form: dict[str, Any], proof: bytes = b"the proof") -> Any:
    """Send a form with a document, as the page does."""
    data = {**form, **({"proof": (io.BytesIO(proof), "proof.pdf")} if proof else {})}
    return visitor.client.post(
        path,
        data=data,
        content_type="multipart/form-data",
        headers={"Origin": visitor.home},
        base_url=visitor.home,
    )


def key(visitor: Visitor, path: str) -> str:
    """The hidden key of the first form on a page."""
    found = re.search(r'name="form_key" value="([^"]+)"', visitor.get(path).text)
    assert found is not None
    return found[1]


def test_foreign_units_enter_by_two_hands_and_one_document(twins: Twins) -> None:
    here, _ = twins
    first, second = at_console(here.app, "registry"), at_console(here.app, "registry")
    form = {**ORIGIN, "holder": here.holder_code, "form_key": key(first, "/console/origins")}
    entered = upload(first, "/console/origins", form)
    assert entered.status_code == 303, entered.text
    again = upload(first, "/console/origins", form)
    assert again.location == entered.location
    path = entered.location.split("?")[0]
    twice = upload(first, "/console/origins", form | {"form_key": key(first, "/console/origins")})
    assert twice.status_code == 409
    assert "已进入过" in twice.text
    assert upload(first, f"{path}/approve", {}).status_code == 409
    assert upload(second, f"{path}/approve", {}, b"another document").status_code == 422
    assert upload(second, f"{path}/approve", {}, b"").status_code == 422
    assert upload(second, f"{path}/approve", {}).status_code == 303
    assert "RET-1" in second.get(path).text
    assert here.usable_kg() == 101_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"serial": ""}, "必填"),
        ({"quantity_t": "99"}, "与序列号区间不符"),
        ({"quantity_t": "-1"}, "应在"),
        ({"period_start": "2020-02-31"}, "应为日期"),
        ({"region": "35"}, "格式不正确"),
        ({"holder": "NOBODY"}, "NOBODY"),
        ({"product": "yiyuan"}, "应为其中之一"),
        ({"product": "carbon_ticket"}, "必填"),
    ],
)
def test_what_is_wrong_with_an_entry_stands_beside_it(
    twins: Twins, change: dict[str, str], said: str
) -> None:
    here, _ = twins
    visitor = at_console(here.app, "registry")
    form = {**ORIGIN, "holder": here.holder_code, "form_key": key(visitor, "/console/origins"), **change}
    answer = upload(visitor, "/console/origins", form)
    assert answer.status_code in (409, 422)
    assert said in answer.text


def test_a_programme_is_entered_by_one_and_confirmed_by_another(twins: Twins) -> None:
    here, there = twins
    first, second = at_console(here.app, "registry"), at_console(here.app, "registry")
    with there.inside():
        own = there.app.extensions["seal"].public_jwk()["x"]
    form = {"code": "TANHUITONG", "name_zh": "碳惠通", "name_en": "Tanhuitong", "keys": own}
    for wrong in ({"base_url": "ftp://x"}, {"base_url": "http://10.0.0.1"}, {"keys": "abc"}, {"code": "x y"}):
        told = form | {"form_key": key(first, "/console/programmes")} | wrong
        assert first.post("/console/programmes", told).status_code == 422, wrong
    told = form | {"form_key": key(first, "/console/programmes"), "base_url": "https://tanhuitong.example"}
    assert first.post("/console/programmes", told).status_code == 303
    row = here.number("SELECT max(id) FROM programme")
    assert first.post(f"/console/programmes/{row}/confirm").status_code == 409
    assert second.post(f"/console/programmes/{row}/confirm").status_code == 303
    assert here.number("SELECT count(*) FROM programme WHERE ended_at IS NULL") == 1
    assert "碳惠通" in Visitor(here.app).get("/programmes").text
    statement = there.app.test_client().get("/v1/statement").json["document"]
    assert second.post("/console/programmes/statements", {"document": statement}).status_code == 303
    assert second.post("/console/programmes/statements", {"document": statement + "x"}).status_code == 422
    assert "从不计入" in Visitor(here.app).get("/programmes").text
    assert first.post(f"/console/programmes/{row}/end").status_code == 303
    assert first.post(f"/console/programmes/{row}/end").status_code == 409


@pytest.mark.parametrize("holder", [chart.PLATFORM, chart.BUFFER_POOL])
def test_no_foreign_units_are_entered_for_the_platform_or_the_pool(app: Flask, holder: int) -> None:
    code = db.session.scalar(text("SELECT code FROM holder WHERE id = :id"), {"id": holder})
    visitor = at_console(app, "registry")
    form = {**ORIGIN, "holder": str(code), "form_key": key(visitor, "/console/origins")}
    answer = upload(visitor, "/console/origins", form)
    assert answer.status_code == 422
    assert str(code) in answer.text


@pytest.mark.parametrize(
    ("environment", "address", "status"),
    [
        ("production", "http://localhost:5000", 422),
        ("production", "http://127.0.0.1", 422),
        ("production", "https://there.example", 303),
        ("test", "http://localhost:5000", 303),
    ],
)
def test_a_programme_at_this_machine_is_for_development(
    app: Flask, monkeypatch: pytest.MonkeyPatch, environment: str, address: str, status: int
) -> None:
    visitor = at_console(app, "registry")
    form_key = key(visitor, "/console/programmes")
    settings = replace(app.extensions["settings"], environment=environment)
    monkeypatch.setitem(app.extensions, "settings", settings)
    told = {"code": "THERE", "name_zh": "那", "name_en": "There", "base_url": address, "form_key": form_key}
    told["keys"] = Seal(new_key()).public_jwk()["x"]
    assert visitor.post("/console/programmes", told).status_code == status


def test_a_handover_goes_through_both_desks_with_letters_carried_by_hand(twins: Twins) -> None:
    here, there = twins
    first, second = at_console(here.app, "registry"), at_console(here.app, "registry")
    with there.inside():
        third, fourth = at_console(there.app, "registry"), at_console(there.app, "registry")
    form = {
        "serial": here.serial(),
        "note": "示例协议 1 号",
        "quantity_kg": "400",
        "programme": there.code,
        "recipient": there.holder_code,
        "form_key": key(first, "/console/handovers"),
    }
    asked = first.post("/console/handovers", form)
    path = asked.location.split("?")[0]
    assert first.post(f"{path}/approve").status_code == 409
    for page in (second.get(path).text, second.get("/console/handovers").text):
        assert {here.holder_code, "示例村集体 SENHUI", "登记机构 TANHUITONG"} == {
            word for word in (here.holder_code, "示例村集体 SENHUI", "登记机构 TANHUITONG") if word in page
        }
    assert "示例协议 1 号" in second.get(path).text
    assert second.post(f"{path}/approve").status_code == 303
    assert second.post(f"{path}/withdraw").status_code == 409
    with there.inside():
        heard = third.post("/console/handovers/letters", {"document": second.get(f"{path}/offer.jws").text})
        taken = heard.location.split("?")[0]
        assert third.post(f"{taken}/propose").status_code == 303
        assert third.post(f"{taken}/accept").status_code == 409
        assert fourth.post(f"{taken}/accept").status_code == 303
        acceptance = fourth.get(f"{taken}/acceptance.jws").text
        assert fourth.get(f"{taken}/deed.jws").status_code == 404
    assert second.post("/console/handovers/letters", {"document": acceptance}).status_code == 303
    deed = second.get(f"{path}/deed.jws").text
    with there.inside():
        assert third.post("/console/handovers/letters", {"document": deed}).status_code == 303
        assert third.post("/console/handovers/letters", {"document": deed[:-3]}).status_code == 422
        page = third.get(taken).text
        assert "已入库" in page
        serials = re.findall(r'href="(/serials/[^"]+)"', page)
        assert [third.get(each).status_code for each in serials] == [200], "what the units are called here"
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}
    number = path.rsplit("/", 1)[1]
    public = Visitor(here.app).get(f"/handovers/{number}")
    assert "单位已属于接收方" in public.text
    assert deed in public.text


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"serial": ""}, 422, "必填"),
        ({"note": ""}, 422, "必填"),
        ({"serial": "SH-350721-NONE-2022-1-10"}, 404, "序列号"),
        ({"serial": "x" * 101}, 422, "100"),
        ({"quantity_kg": "405"}, 409, "整数倍"),
        ({"quantity_kg": "2000"}, 409, ""),
        ({"programme": "NOBODY"}, 404, "没有使用此代码的已确认伙伴"),
    ],
)
def test_what_is_wrong_with_a_wish_to_hand_over_stands_on_the_page(
    twins: Twins, change: dict[str, str], status: int, said: str
) -> None:
    here, there = twins
    desk = at_console(here.app, "registry")
    form = {
        "serial": here.serial(),
        "quantity_kg": "400",
        "programme": there.code,
        "recipient": there.holder_code,
        "note": "示例协议",
        "form_key": key(desk, "/console/handovers"),
    }
    answer = desk.post("/console/handovers", form | change)
    assert answer.status_code == status
    assert said in answer.text
    assert here.usable_kg() == 1000


def test_a_handed_block_is_named_by_its_serial_however_many_there_are(twins: Twins) -> None:
    here, there = twins
    desk = at_console(here.app, "registry")
    for _ in range(3):
        last = here.issue(10)
    told = {"serial": here.serial(last), "quantity_kg": "10", "programme": there.code, "note": "示例协议"}
    told |= {"recipient": there.holder_code, "form_key": key(desk, "/console/handovers")}
    assert desk.post("/console/handovers", told).status_code == 303
    assert here.number("SELECT block_id FROM handover") == last


def test_the_commands_carry_letters_too(twins: Twins, tmp_path: Path) -> None:
    here, there = twins

    def run(app: Flask, *words: str, said: str | None = None) -> str:
        with app.app_context():
            result = app.test_cli_runner().invoke(args=["handover", *words], input=said)
            db.session.remove()
        assert result.exit_code in (0, 1), result.output
        return result.output.strip()

    number = here.offer(there, 400)
    with there.inside():
        one, two = db.session.scalars(
            text("SELECT name FROM operator WHERE id IN (:one, :two) ORDER BY id"),
            {"one": there.first, "two": there.second},
        )
    assert run(there.app, "import", "-", said="nonsense").startswith("Error: Not a signed letter")
    assert run(here.app, "deed", number) == "Error: there is no deed yet"
    assert run(there.app, "import", "-", said=run(here.app, "offer", number)) == f"{number} pending"
    assert "no operator" in run(there.app, "accept", here.code, number, "--operator", "nobody")
    proposed = run(there.app, "accept", here.code, number, "--operator", one)
    assert proposed == f"{number} pending: another operator has to accept"
    assert run(there.app, "accept", here.code, number, "--operator", one).startswith("Error: You began")
    acceptance = run(there.app, "accept", here.code, number, "--operator", two)
    assert run(there.app, "accept", here.code, number, "--operator", one, "--operator", two) == acceptance
    assert run(here.app, "import", "-", said=acceptance) == f"{number} executed"
    assert run(there.app, "import", "-", said=run(here.app, "deed", number)) == f"{number} completed"
    assert "executed\t400 kg" in run(here.app, "list")
    assert "held_kg=600" in run(there.app, "import-statement", "-", said=run(here.app, "statement"))
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}


def test_letters_over_http_are_refused_by_what_is_wrong(twins: Twins) -> None:
    here, there = twins
    client = there.app.test_client()
    for body, status in (
        ({}, 422),
        ({"document": 1}, 422),
        ({"document": "x"}, 422),
        ({"document": ""}, 422),
    ):
        assert client.post("/v1/handovers", json=body).status_code == status
    offer = here.given(here.offer(there, 400)).offer
    told = client.post("/v1/handovers", json={"document": offer}).json
    assert (told["status"], told["deed"], told["acceptance"]) == ("pending", None, None)
    with here.inside(), transaction() as session:
        session.execute(text("SELECT 1"))
