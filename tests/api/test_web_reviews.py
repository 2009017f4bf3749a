"""Held, capped and photographed acts as people and operators see them in a browser."""

from datetime import timedelta
from typing import Any

import pytest
from evidence import morning, picture
from flask import Flask
from seeing import assert_sound
from visiting import Visitor, at_console
from werkzeug.test import TestResponse

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries, services
from app.footprint.queries import Action
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction

WORDS = "那天帮邻居送了十三趟药 <b>"


def ride(visitor: Visitor, number: int, distance_m: int = 3_000, days_ago: int = 1) -> Action:
    with transaction():
        return services.record_action(
            visitor.holder_id, "metro", morning(days_ago, 65 * number), distance_m
        ).action


def held(visitor: Visitor) -> Action:
    return [ride(visitor, number) for number in range(13)][-1]


def send(visitor: Visitor, path: str, photo: bytes | None = None, **form: str) -> TestResponse:
    """A form with a file in it, as browsers send it."""
    parts = [
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    ]
    head = '--cut\r\nContent-Disposition: form-data; name="photo"; filename="{}"\r\n\r\n'
    parts.append(head.format("p.jpg" if photo else ""))
    body = "".join(parts).encode() + (photo or b"") + b"\r\n--cut--\r\n"
    return visitor.client.post(
        path,
        data=body,
        content_type="multipart/form-data; boundary=cut",
        headers={"Origin": visitor.home},
        base_url=visitor.home,
    )


def waiting(desk: Visitor) -> str:
    """The code of the one review that waits."""
    page = desk.get("/console/reviews").text
    assert page.count('href="/console/reviews/') == 1
    return page.split('href="/console/reviews/')[1].split('"')[0]


@pytest.fixture
def rider(app: Flask) -> Visitor:
    return Visitor(app).sign_in()


@pytest.fixture
def lin(app: Flask) -> Visitor:
    return at_console(app, "footprint")


def test_a_person_is_held_appeals_with_a_photo_and_reads_the_answer(
    app: Flask, rider: Visitor, lin: Visitor
) -> None:
    act = held(rider)
    shown = rider.get(f"/actions/{act.code}").text
    assert "暂存待看" in shown
    assert "这一天已记 13，一天可直接计入 12。" in shown
    assert f"/actions/{act.code}/appeal" in shown
    assert "暂存待看" in rider.get("/actions").text
    assert "一天可直接计入 12" in rider.get(f"/actions/{act.code}/appeal").text
    sent = send(rider, f"/actions/{act.code}/appeal", picture(4), words=WORDS)
    assert sent.status_code == 303, sent.text
    assert "申诉已提交" in rider.get(sent.location).text
    assert "行为等待复核" in lin.get("/console").text
    code = waiting(lin)
    desk = lin.get(f"/console/reviews/{code}").text
    assert "那天帮邻居送了十三趟药 &lt;b&gt;" in desk
    assert f'src="/console/reviews/{code}/photo"' in desk
    assert lin.get(f"/console/reviews/{code}/photo").content_type == "image/jpeg"
    done = lin.post(f"/console/reviews/{code}", {"decision": "grant", "reason": "与药房记录一致"})
    assert done.status_code == 303, done.text
    assert "已同意" in lin.get(done.location).text
    answer = rider.get(f"/actions/{act.code}").text
    assert "与药房记录一致" in answer
    assert "已更正" in answer
    link = answer.split('<p class="said">')[1].split('href="')[1].split('"')[0]
    became = rider.get(link).text
    assert "照片" in became
    assert "112" in became
    db.session.rollback()
    assert books.get_balance(rider.holder_id, chart.REDUCTIONS) == 12 * 70 + 112
    assert [proof for proof in queries.prove() if not proof.holds] == []


def test_a_capped_person_sees_rule_value_and_button_and_is_refused_with_a_reason(
    app: Flask, rider: Visitor, lin: Visitor
) -> None:
    ride(rider, 0, 100_000)
    act = ride(rider, 2, 100_000)
    shown = rider.get(f"/actions/{act.code}").text
    assert "每日上限 2808 克" in shown
    assert f"/actions/{act.code}/appeal" in shown
    assert send(rider, f"/actions/{act.code}/appeal", words="").status_code == 422
    assert send(rider, f"/actions/{act.code}/appeal", words="x" * 1001).status_code == 422
    assert send(rider, f"/actions/{act.code}/appeal", words="每天如此").status_code == 303
    again = send(rider, f"/actions/{act.code}/appeal", words="再说一遍")
    assert (again.status_code, "没有可申诉的内容" in again.text) == (409, True)
    code = waiting(lin)
    assert lin.post(f"/console/reviews/{code}", {"decision": "refuse"}).status_code == 422
    refused = lin.post(f"/console/reviews/{code}", {"decision": "refuse", "reason": "里程与线路不符"})
    assert refused.status_code == 303
    late = lin.post(f"/console/reviews/{code}", {"decision": "grant", "reason": "改主意"})
    assert (late.status_code, "已经处理" in late.text) == (409, True)
    answer = rider.get(f"/actions/{act.code}").text
    assert "里程与线路不符" in answer
    assert "/appeal" not in answer
    audit = at_console(app, "auditor").get("/console/audit").text
    assert "不同意复核" in audit


def test_a_photo_is_sent_from_the_page_and_what_is_none_is_said_beside_it(
    app: Flask, rider: Visitor, lin: Visitor
) -> None:
    act = ride(rider, 0)
    path = f"/actions/{act.code}/photo"
    assert "附一张照片" in rider.get(f"/actions/{act.code}").text
    assert "不是可读取的" in send(rider, path, b"no photo").text
    assert send(rider, path).status_code == 422
    sent = send(rider, path, picture(6))
    assert sent.status_code == 303
    assert "等待处理" in rider.get(sent.location).text
    assert "现在没有可以补充的" in rider.get(path).text
    code = waiting(lin)
    assert rider.get(f"/actions/{act.code}/reviews/{code}/photo").content_type == "image/jpeg"
    stranger = Visitor(app).sign_in()
    for foreign in (path, f"/actions/{act.code}/appeal", f"/actions/{act.code}/reviews/{code}/photo"):
        assert stranger.get(foreign).status_code == 404
    assert send(stranger, path, picture(7)).status_code == 404


def test_acts_are_reported_once_a_form(rider: Visitor) -> None:
    form = {
        "form_key": random_code(20),
        "scene": "no_cutlery",
        "occurred_on": f"{clock.business_day() - timedelta(days=1)}",
        "quantity": "2",
    }
    first = rider.post("/acts", form)
    assert first.status_code == 303, first.text
    assert rider.post("/acts", form).location == first.location
    assert "2 单" in rider.get("/actions").text
    for wrong in ({"quantity": "0"}, {"quantity": "9"}, {"scene": "metro"}, {"occurred_on": "2099-01-01"}):
        assert rider.post("/acts", {**form, "form_key": random_code(20), **wrong}).status_code == 422


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_safe_and_whole_in_both_languages(
    app: Flask, rider: Visitor, lin: Visitor, language: str
) -> None:
    rider.speak(language)
    lin.speak(language)
    act, plain = held(rider), ride(rider, 0, days_ago=3)
    send(rider, f"/actions/{act.code}/appeal", picture(8), words=WORDS)
    pages: dict[str, Any] = dict.fromkeys(("/acts/new", "/rules", "/actions"), rider)
    pages |= {f"/actions/{act.code}{more}": rider for more in ("", "/appeal", "/photo")}
    pages |= {f"/actions/{plain.code}/appeal": rider}
    code = waiting(lin)
    pages |= dict.fromkeys(
        ("/console/reviews", f"/console/reviews/{code}", "/console/reviews?decided=1"), lin
    )
    for path, browser in pages.items():
        page = browser.get(path)
        assert page.status_code == 200, path
        assert_sound(page.text, language, path)
    assert_sound(Visitor(app).speak(language).get("/rules").text, language, "/rules")


def test_only_the_right_operators_see_and_decide(app: Flask, rider: Visitor, lin: Visitor) -> None:
    held(rider)
    code = waiting(lin)
    for role, seen, decided in (("finance", 403, 403), ("auditor", 200, 403)):
        desk = at_console(app, role)
        assert desk.get(f"/console/reviews/{code}").status_code == seen
        told = {"decision": "grant", "reason": "x"}
        assert desk.post(f"/console/reviews/{code}", told).status_code == decided
    assert lin.get("/console/reviews/NOSUCHREVIEW").status_code == 404
    assert lin.get(f"/console/reviews/{code}/photo").status_code == 404, "it has none"
