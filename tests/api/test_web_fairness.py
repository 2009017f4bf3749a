"""Fairness as people and operators see it in a browser."""

import re

import pytest
from evidence import morning
from flask import Flask
from redeeming import Counter
from rewarding import sponsor
from seeing import assert_sound
from suspecting import STEPS, walk
from visiting import Visitor, at_console

from app.accounts import queries as accounts
from app.footprint import services as footprint
from app.kit import announcements
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.jobs.fairness import look_for_signals

WORDS = "那是我父亲的账户 <b>"


@pytest.fixture
def pair(app: Flask) -> tuple[Visitor, Visitor]:
    """Two people in browsers with one phone's steps, looked at."""
    sponsor(1_000_000, 10)
    one, other = Visitor(app).sign_in(), Visitor(app).sign_in()
    for each in (one, other):
        walk(each.holder_id, *STEPS)
    assert look_for_signals() == 1
    return one, other


def desk_of(app: Flask, count: int = 3) -> list[Visitor]:
    """Operators of rewards, each at a browser of their own."""
    return [at_console(app, "rewards") for _ in range(count)]


def found(page: str, path: str) -> str:
    """The first address on a page that begins with `path`."""
    return re.findall(rf'(?:href|action)="({path}[^"?]*)"', page)[0]


def account_page(desk: Visitor, holder_id: int) -> str:
    """Where one account of the only inquiry is decided."""
    inquiry = found(desk.get("/console/fairness").text, "/console/fairness/")
    db.session.rollback()
    return f"{inquiry}/accounts/{accounts.get_holder(holder_id).code}"


def test_a_person_reads_why_and_on_which_data_and_is_answered_by_a_third(
    app: Flask, pair: tuple[Visitor, Visitor]
) -> None:
    one, other = pair
    lin, chen, wu = desk_of(app)
    assert "账户等待公平核查" in lin.get("/console").text
    at = account_page(lin, other.holder_id)
    page = lin.get(at).text
    assert "8,231" in page
    assert lin.post(at, {"decision": "take_back"}).status_code == 422
    assert lin.post(at, {"decision": "take_back", "reason": "同一部手机 <i>"}).status_code == 303
    assert "等另一个人确认" in lin.get(at).text
    confirming = found(chen.get(at).text, f"{at}/confirm/")
    assert lin.post(confirming).status_code == 403
    assert chen.post(confirming).status_code == 303
    mine = other.get("/me/fairness").text
    assert "将收回" in mine
    assert "暂时不能兑换" in other.get(f"/rewards/{Counter(app).offer()}").text, "said before they press"
    measure = found(mine, "/me/fairness/")
    told = other.get(measure).text
    assert "同一部手机 &lt;i&gt;" in told
    assert "8,231" in told
    assert one.get(measure).status_code == 404, "another's private thing"
    sent = other.post(f"{measure}/appeal", {"words": WORDS})
    assert "申诉已提交" in other.get(sent.location).text
    assert other.post(f"{measure}/appeal", {"words": "再说"}).status_code == 409
    appeal = found(wu.get("/console/fairness?list=appeals").text, "/console/fairness/appeals/")
    assert "那是我父亲的账户 &lt;b&gt;" in wu.get(appeal).text
    assert "要由别人答复" in chen.get(appeal).text
    assert chen.post(f"{appeal}/answer", {"decision": "grant", "reason": "x"}).status_code == 403
    assert wu.post(f"{appeal}/answer", {"decision": "grant", "reason": "父子同住"}).status_code == 303
    told = other.get(measure).text
    assert "父子同住" in told
    assert "申诉成立" in told


def test_an_act_without_points_is_explained_and_thanked_after_two_agreed(app: Flask) -> None:
    rider = Visitor(app).sign_in()
    with transaction():
        ride = footprint.record_action(rider.holder_id, "metro", morning(1), 9_000).action
    announcements.deliver()
    path = f"/me/fairness/acts/{ride.code}"
    assert path in rider.get("/me/fairness").text
    assert "没有赞助计划" in rider.get(path).text
    assert rider.post(f"{path}/appeal", {"words": " "}).status_code == 422
    assert rider.post(f"{path}/appeal", {"words": "我常坐这条线"}).status_code == 303
    sponsor(1_000)
    lin, chen = desk_of(app, 2)
    appeal = found(lin.get("/console/fairness?list=appeals").text, "/console/fairness/appeals/")
    programme = re.findall(r'<option value="([^"]+)"', lin.get(appeal).text)[0]
    assert lin.post(f"{appeal}/propose", {"programme": "nobody"}).status_code == 404
    assert lin.post(f"{appeal}/propose", {"programme": programme}).status_code == 303
    told = {"decision": "grant", "reason": "路线属实"}
    assert chen.post(f"{appeal}/answer", told).status_code == 409, "not what was read"
    [read] = re.findall(r'name="programme" value="([^"]+)"', chen.get(appeal).text)
    assert chen.post(f"{appeal}/answer", {**told, "programme": read}).status_code == 303
    assert "路线属实" in rider.get(path).text


def test_every_page_is_sound_in_both_languages(app: Flask, pair: tuple[Visitor, Visitor]) -> None:
    one, _ = pair
    [lin] = desk_of(app, 1)
    mine = found(one.get("/me/fairness").text, "/me/fairness/")
    at = account_page(lin, one.holder_id)
    for language in ("zh", "en"):
        for visitor, paths in (
            (one.speak(language), ("/fairness", "/me/fairness", mine)),
            (lin.speak(language), ("/console/fairness", at.rpartition("/accounts/")[0], at)),
        ):
            for path in paths:
                shown = visitor.get(path)
                assert shown.status_code == 200, path
                assert_sound(shown.text, language, path)
                if language == "en" and path != at:
                    text = re.sub(r"<[^>]+>|森惠|中文", "", shown.text.split("<main")[1])
                    assert not re.search(r"[\u4e00-\u9fff]", text), path
