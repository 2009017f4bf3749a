"""Boards, groups and friends on pages: each whole in both languages, and every form does what it says."""

import re

import pytest
from boards import acted, empty_redis, follow
from builders import operator, person
from flask import Flask
from flask.testing import FlaskClient
from seeing import assert_sound
from visiting import Visitor

from app.accounts.services import homes
from app.kit.announcements import deliver
from app.kit.transaction import transaction
from app.registry import services as registry
from app.rewards.queries import groups as known
from app.rewards.services import groups, names

VILLAGE, LARGE = "350721105201", "350721105202"


@pytest.fixture
def visitor(app: Flask, live: str) -> Visitor:
    empty_redis()
    visitor = Visitor(app)
    visitor.sign_in()
    return visitor


def crowd(app: Flask, count: int) -> list[int]:
    people = [person(app).holder_id for _ in range(count)]
    acted(*((holder, 100 * place) for place, holder in enumerate(people, 1)))
    return people


def form_key(text: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_every_page_is_there_in_both_languages(app: Flask, visitor: Visitor) -> None:
    holder_id = visitor.holder_id
    people = crowd(app, 12)
    acted((holder_id, 550))
    with transaction():
        for each in (*people, holder_id):
            homes.choose_home(each, VILLAGE)
        made = groups.make_group(holder_id, "class", "三年二班", listed=True)
        for each in people[:3]:
            groups.join(each, made.join_code)
        names.hear_opinion(names.name_person(people[-1], "小林").id, "pass")
    deliver()
    acted((people[0], 900), (holder_id, 10))
    stranger = Visitor(app).sign_in()
    own = ("/boards", "/boards/county", "/boards/village", "/boards/friends", "/boards/groups?kind=class")
    for path in (*own, "/boards/me", "/groups", f"/groups/{made.code}", "/friends", "/me"):
        for language in ("zh", "en"):
            answer = visitor.speak(language).get(path)
            assert answer.status_code == 200, path
            assert_sound(answer.text, language, path)
    assert "小林" in visitor.get("/boards/county").text
    assert "三年二班" in stranger.get("/boards/groups").text
    public = stranger.get(f"/groups/{made.code}").text
    assert "三年二班" in public
    assert made.join_code not in public
    assert_sound(stranger.get("/boards?season=nothing").text, "zh", "refused")
    empty_redis()
    away = visitor.get("/boards")
    assert (away.status_code, "made anew" in away.text) == (200, True)


def test_a_village_of_few_is_not_shown_nor_told_by_its_county(app: Flask, visitor: Visitor) -> None:
    people = crowd(app, 4)
    with transaction():
        for each in (*people, visitor.holder_id):
            homes.choose_home(each, VILLAGE)
    deliver()
    follow()
    visitor.speak("en")
    text = visitor.get("/boards/village").text
    assert "a board of few is not shown" in text
    assert 'class="board' not in text
    assert visitor.get("/boards/village?season=1999-Q1").status_code == 404
    more = crowd(app, 11)
    with transaction():
        registry.load_regions(["code,name_zh,name_en", "350721105,大干镇,Dagan", f"{LARGE},大村,Large"])
        for each in more:
            homes.choose_home(each, LARGE)
    deliver()
    follow()
    assert "a board of few is not shown" in visitor.get("/boards/county").text, "16 less 11 are 5"


def test_a_group_is_made_joined_and_left_by_its_forms(app: Flask, visitor: Visitor) -> None:
    form = {"kind": "office", "name": "三楼步行队", "listed": "yes"}
    form["form_key"] = form_key(visitor.get("/groups").text)
    made = visitor.post("/groups", form)
    again = visitor.post("/groups", form)
    assert (made.status_code, again.location) == (303, made.location)
    path = made.location.partition("?")[0]
    code = known.get_group(path.rpartition("/")[2]).join_code
    assert code in visitor.get(path).text
    guest = Visitor(app).sign_in()
    wrong = guest.post("/groups/join", {"code": "AAAAAAAAAAA"})
    assert wrong.status_code == 404
    assert "加入码无效" in wrong.text
    assert guest.post("/groups/join", {"code": code}).location == f"{path}?said=group_joined"
    assert guest.post(f"{path}/name", {"name": "别的名字"}).status_code == 403
    [member] = re.findall(r"/members/(\w+)/remove", visitor.get(path).text)
    assert visitor.post(f"{path}/members/{member}/owner").status_code == 303
    for act, told in (("join-code", {}), ("listed", {"listed": "no"}), ("name", {"name": "四楼"})):
        assert guest.post(f"{path}/{act}", told).status_code == 303
    assert visitor.post(f"{path}/leave").status_code == 303
    assert visitor.get(path).status_code == 404
    assert guest.post(f"{path}/leave").status_code == 303


def test_friends_are_made_and_named_and_parted_by_their_forms(app: Flask, visitor: Visitor) -> None:
    visitor.post("/friends/code")
    [code] = re.findall(r'<b class="code">(\w+)</b>', visitor.get("/friends").text)
    friend = Visitor(app).sign_in()
    assert friend.post("/friends", {"code": code, "label": "小安"}).status_code == 303
    text = friend.get("/friends").text
    [own] = re.findall(r"/friends/(\w+)/end", text)
    assert "小安" in text
    assert friend.post(f"/friends/{own}/label", {"label": ""}).status_code == 303
    assert "小安" not in friend.get("/friends").text
    assert visitor.post(f"/friends/{own}/end").status_code == 303
    assert friend.post(f"/friends/{own}/end").status_code == 404


def test_one_stands_on_boards_as_one_wishes(app: Flask, visitor: Visitor) -> None:
    assert visitor.post("/boards/me", {"stand": "name"}).status_code == 422
    assert visitor.post("/boards/me", {"stand": "name", "name": "加我 wx_12345678"}).status_code == 303
    assert "wx_12345678" in visitor.get("/boards/me").text
    desk: FlaskClient = app.test_client()
    operator(app, desk, "words")
    for language in ("zh", "en"):
        assert_sound(desk.get(f"/console/names?lang={language}").text, language, "/console/names")
    assert visitor.post("/boards/me", {"stand": "away"}).status_code == 303
    assert "你选择了不上榜" in visitor.get("/boards").text
