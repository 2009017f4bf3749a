"""The pages of tree duties: anyone's, one's own, the console's; in both languages, without JavaScript."""

import io
import re
from typing import Any

import pytest
from builders import Forest, forest
from duty_desk import YEAR, settle
from flask import Flask
from seeing import Seen
from visiting import Visitor, at_console

import simulator
from app.kit import clock
from app.kit.transaction import transaction
from app.offsets import queries, services
from app.offsets.services.words import PaidWord


@pytest.fixture
def lot(app: Flask) -> Forest:
    return forest(100_000)


@pytest.fixture
def citizen(app: Flask, phone: simulator.Running, lot: Forest) -> Visitor:
    return Visitor(app).sign_in()


def key(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found
    return found[1]


def filled(citizen: Visitor, **more: Any) -> dict[str, Any]:
    page = citizen.get("/me/duty/new").text
    return {"form_key": key(page), "name": "陈小明", "birth_year": str(YEAR - 30), "id_suffix": "123x",
            "region": "35", **more}  # fmt: skip


def pay_for(citizen: Visitor) -> None:
    """The provider's word for the last order, and everything that follows from it."""
    order = queries.list_orders(citizen.holder_id, 1)[0]
    with transaction():
        word = PaidWord(order.code, f"T{order.code[:20]}", order.amount_fen, "CNY", clock.now())
        services.payments.record_payment(word)
    settle()


def assert_whole(visitor: Visitor, path: str) -> str:
    """A page is safe and whole in both languages; its Chinese text."""
    texts = []
    for language in ("en", "zh"):
        answer = visitor.speak(language).get(path)
        assert answer.status_code == 200, answer.text
        seen = Seen(answer.text)
        assert (seen.unsafe, seen.headings) == ([], 1)
        assert set(seen.unlabelled) <= seen.labels
        texts.append(answer.text)
    assert texts[0] != texts[1]
    return texts[1]


def test_everybody_reads_every_tariff_with_its_source_and_why_others_are_refused(app: Flask) -> None:
    page = assert_whole(Visitor(app), "/duty")
    for place in (
        "福建省",
        "北京市",
        "湖州市",
        "山东省",
        "湖南省",
        "武汉市",
        "海南省",
        "泉州市",
        "湖北省",
        "四川省",
        "蚂蚁森林",
    ):
        assert place in page
    assert "15 元折算 1 株" in page
    assert "60 元折算 3 株" in page
    assert "绿化委员会办公室认定" in page
    template = Visitor(app).get("/duty/list.csv")
    assert template.data.startswith(b"\xef\xbb\xbf")


def test_a_citizen_starts_buys_and_reads_the_documents(citizen: Visitor, app: Flask) -> None:
    form = filled(citizen, print_name="yes")
    started = citizen.post("/me/duty", form)
    assert started.status_code == 303, started.text
    assert citizen.post("/me/duty", form).location == started.location, "the same form starts once"
    path = started.location.partition("?")[0]
    page = assert_whole(citizen, path)
    assert "¥45.00" in page
    bought = citizen.post(f"{path}/buy", {"form_key": key(page), "trees": "3"})
    assert bought.status_code == 303, bought.text
    assert "/phone/pay?" in bought.location
    pay_for(citizen)
    page = assert_whole(citizen, path)
    assert "3 株（应尽 3 株）" in page
    for number in set(re.findall(r"/attestations/([0-9A-Z]+)", page)):
        document = assert_whole(Visitor(app), f"/attestations/{number}")
        assert "陈小明" in document
        assert "绿化委员会办公室认定" in document
        assert "123X" not in document
    assert "陈小明" in assert_whole(citizen, "/me/duty")
    again = citizen.post("/me/duty", filled(citizen))
    assert again.status_code == 409
    assert "一人一年" in again.text
    assert Visitor(app).sign_in().get(path).status_code == 404
    kept = citizen.post(f"{path}/withdraw")
    assert kept.status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "=1"},
        {"birth_year": "abc"},
        {"birth_year": str(YEAR - 70)},
        {"id_suffix": "1"},
        {"region": "51"},
        {"region": "x"},
    ],
)
def test_what_is_wrong_is_said_on_the_form(citizen: Visitor, wrong: dict[str, str]) -> None:
    answer = citizen.post("/me/duty", filled(citizen, **wrong))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"trees": "3", "money": "5"},
        {"trees": "99"},
        {"money": "-5"},
        {"money": "0"},
        {"money": "99999999999"},
    ],
)
def test_a_purchase_is_trees_or_money_and_nothing_else(citizen: Visitor, told: dict[str, str]) -> None:
    path = citizen.post("/me/duty", filled(citizen)).location.partition("?")[0]
    answer = citizen.post(f"{path}/buy", {"form_key": key(citizen.get(path).text), **told})
    assert answer.status_code == 422
    assert queries.list_orders(citizen.holder_id, 1) == []


def test_a_duty_without_purchase_is_withdrawn(citizen: Visitor) -> None:
    path = citizen.post("/me/duty", filled(citizen)).location.partition("?")[0]
    assert citizen.post(f"{path}/withdraw").status_code == 303
    page = citizen.get(path).text
    assert "陈小明" not in page
    assert citizen.post(f"{path}/withdraw").status_code == 404


def listed(text: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode("gbk")), "list.csv"


HEAD = "姓名,出生年,证件后四位,性别,同意印名,只求荣誉\n"


def test_a_company_sends_a_list_pays_once_and_the_office_answers(
    citizen: Visitor, app: Flask, lot: Forest
) -> None:
    form = {
        "form_key": key(citizen.get("/me/duty/groups/new").text),
        "kind": "staff",
        "title": "示例公司",
        "region": "35",
    }
    bad = citizen.post(
        "/me/duty/groups", {**form, "list": listed(HEAD + f"陈甲,{YEAR - 30},1111,,,\n乙,x,2222,,,\n")}
    )
    assert bad.status_code == 422
    assert "第 3 行" in bad.text
    for broken in (io.BytesIO(b"PK\x03\x04"), io.BytesIO(b"")):
        assert citizen.post("/me/duty/groups", {**form, "list": (broken, "l.csv")}).status_code == 422
    good = HEAD + "".join(f"陈{'甲乙丙丁'[n]},{YEAR - 30},{n:04d},,是,\n" for n in range(4))
    started = citizen.post("/me/duty/groups", {**form, "list": listed(good)})
    assert started.status_code == 303, started.text
    path = started.location.partition("?")[0]
    page = assert_whole(citizen, path)
    assert "¥180.00" in page
    assert citizen.post(f"{path}/buy", {"form_key": key(page), "trees": "3"}).status_code == 303
    pay_for(citizen)
    assert assert_whole(citizen, path).count("3 株") >= 4
    more = citizen.post(f"{path}/people", {"list": listed(HEAD + f"陈戊,{YEAR - 30},9999,,,\n")})
    assert more.status_code == 303
    assert (
        citizen.post(f"{path}/people", {"list": listed(HEAD + f"陈戊,{YEAR - 30},9999,,,\n")}).status_code
        == 422
    )
    assert "示例公司" in assert_whole(citizen, "/me/duty")

    anna, bao = at_console(app, "duties"), at_console(app, "duties")
    assert_whole(anna, "/console/duties")
    prepared = anna.post("/console/duties", {"region": "35", "year": str(YEAR)})
    assert prepared.status_code == 303, prepared.text
    batch = prepared.location.partition("?")[0]
    assert anna.post(f"{batch}/approve").status_code == 409
    assert bao.post(f"{batch}/approve").status_code == 303
    file = anna.post(f"{batch}/file")
    rows = [line.split(",") for line in file.data.decode("gb18030").splitlines()[1:]]
    assert len(rows) == 4
    answers = "报送编号,结果,证书编号,原因\n" + f"{rows[0][1]},通过,闽尽责001,\nZZZ,通过,闽尽责002,\n"
    taken = anna.post("/console/duties/answers", {"file": (io.BytesIO(answers.encode()), "a.csv")})
    assert taken.status_code == 200
    assert "记录 1 行，已有 0 行，有误 1 行" in taken.text
    assert "第 3 行" in taken.text
    assert "闽尽责001" in assert_whole(anna, batch)
    assert "闽尽责001" in citizen.get(path).text
    assert "闽尽责001" in citizen.get("/me/notices").text
    broken = anna.post("/console/duties/answers", {"file": (io.BytesIO(b"PK\x03\x04"), "a.csv")})
    assert broken.status_code == 422
    assert anna.post("/console/duties", {"region": "35", "year": "1"}).status_code == 422
    assert anna.get("/console/duties/NONE").status_code == 404


def test_only_who_may_sees_the_console(app: Flask) -> None:
    stranger, reader = at_console(app, "finance"), at_console(app, "auditor")
    assert stranger.get("/console/duties").status_code == 403
    assert reader.get("/console/duties").status_code == 200
    assert reader.post("/console/duties", {"region": "35", "year": str(YEAR)}).status_code == 403


def test_an_operator_releases_what_another_entered(citizen: Visitor, app: Flask) -> None:
    anna, reader = at_console(app, "duties"), at_console(app, "auditor")
    told = {"name": "陈小明", "birth_year": str(YEAR - 30), "id_suffix": "123x"}
    release = {**told, "duty_year": str(YEAR), "reason": "持身份证到场核对"}
    assert anna.post("/console/duties/release", release).status_code == 404
    assert citizen.post("/me/duty", filled(citizen)).status_code == 303
    assert reader.post("/console/duties/release", release).status_code == 403
    assert anna.post("/console/duties/release", {**release, "reason": ""}).status_code == 422
    assert "open" in anna.post("/console/duties/release", {**release, "birth_year": "x"}).text
    done = anna.post("/console/duties/release", release)
    assert done.location == "/console/duties?said=duty_released"
    assert_whole(anna, done.location)
    assert "已解除" in citizen.get("/me/notices").text
