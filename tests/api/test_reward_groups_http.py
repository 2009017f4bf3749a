"""Boards, groups and friends as a program asks for them."""

from datetime import date, timedelta
from typing import Any

import pytest
from boards import acted, empty_redis
from builders import Person, person, wechat_person
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from visiting import at_console

import simulator
from app.kit import clock
from app.kit.announcements import deliver
from app.kit.database import db
from app.rewards.queries import boards
from app.rewards.queries import scores as known
from app.rewards.rules.seasons import season_of


@pytest.fixture(autouse=True)
def _without_history(app: Flask) -> None:
    empty_redis()


class Group:
    """An owner and two others in a group."""

    def __init__(self, app: Flask, client: FlaskClient, phone: simulator.Running) -> None:
        self.client = client
        self.owner, self.bo, self.cy = (wechat_person(app, phone.base_url) for _ in range(3))
        made = self.post(self.owner, "/v1/groups", kind="office", name="三楼", listed=True)
        assert made.status_code == 201, made.text
        self.made = made.json
        for each in (self.bo, self.cy):
            joined = self.post(each, "/v1/groups/joined", code=self.made["join_code"])
            assert (joined.status_code, joined.json["join_code"]) == (201, None)

    def post(self, who: Person, path: str, **body: Any) -> Any:
        return self.client.post(path, json=body, headers=who.auth)

    def get(self, who: Person, path: str) -> Any:
        return self.client.get(path, headers=who.auth)


@pytest.fixture
def group(app: Flask, client: FlaskClient, phone: simulator.Running) -> Group:
    return Group(app, client, phone)


def test_a_group_is_for_its_members_and_looked_after_by_its_owner(app: Flask, group: Group) -> None:
    path = f"/v1/groups/{group.made['code']}"
    stranger = person(app)
    for asked in (path, path.replace("/groups/", "/boards/groups/")):
        assert group.get(stranger, asked).status_code == 404
        assert group.get(group.bo, asked).status_code == 200
    people = group.get(group.owner, path).json["people"]
    assert [each["owner"] for each in people] == [True, False, False]
    unlisted = group.post(group.bo, "/v1/groups", kind="class", name="三年二班")
    assert unlisted.json["listed"] is False, "a class stands in public only where somebody says so"
    renamed = group.client.patch(path, json={"name": "四楼"}, headers=group.bo.auth)
    assert (renamed.status_code, renamed.json["code"]) == (403, "owner_only")
    changed = {"name": "四楼", "listed": False, "owner": people[1]["code"]}
    assert group.client.patch(path, json=changed, headers=group.owner.auth).json["own"] is False
    assert group.get(group.bo, path).json["join_code"] == group.made["join_code"]
    gone = group.client.delete(f"{path}/members/{people[0]['code']}", headers=group.bo.auth)
    assert (gone.status_code, group.get(group.owner, path).status_code) == (204, 404)
    again = group.post(group.owner, "/v1/groups/joined", code=group.made["join_code"])
    assert (again.status_code, again.json["code"]) == (404, "join_code_unknown")


def test_a_name_is_shown_to_others_once_it_passed_and_a_person_decides_in_doubt(
    app: Flask, client: FlaskClient, group: Group
) -> None:
    acted((group.owner.holder_id, 900), (group.bo.holder_id, 600), (group.cy.holder_id, 300))
    [line] = group.get(group.bo, "/v1/boards/groups").json["items"]
    assert (line["avoided_g"], line["named"], line["own"]) == (600, False, True)
    deliver()
    assert group.get(person(app), "/v1/boards/groups").json["items"][0]["name"] == "三楼"

    told = {"away": False, "name": "加我 wx_12345678"}
    wish = client.put("/v1/boards/wish", json=told, headers=group.bo.auth).json
    deliver()
    assert (wish["name"]["status"], group.get(group.bo, "/v1/boards/all").json["items"][1]["named"]) == (
        "waiting",
        False,
    )
    desk = at_console(app, "words")
    listed = desk.get("/console/names").text
    assert "加我 wx_12345678" in listed
    code = listed.partition('action="/console/names/')[2].partition('"')[0]
    refused = desk.post(f"/console/names/{code}", {"decision": "refuse", "reason": "不留联系方式"})
    assert refused.status_code == 303
    wish = group.get(group.bo, "/v1/boards/wish").json
    assert (wish["name"]["status"], wish["name"]["reason"]) == ("refused", "不留联系方式")
    client.put("/v1/boards/wish", json={"away": False, "name": "【违规】"}, headers=group.bo.auth)
    deliver()
    assert group.get(group.bo, "/v1/boards/wish").json["name"]["status"] == "refused"

    shown = desk.get("/console/names?shown=1").text
    code = shown.partition('action="/console/names/')[2].partition("/down")[0]
    assert desk.post(f"/console/names/{code}/down", {}).status_code == 422
    assert desk.post(f"/console/names/{code}/down", {"reason": "冒用名称"}).status_code == 303
    assert desk.post(f"/console/names/{code}/down", {"reason": "冒用名称"}).status_code == 409
    assert group.get(person(app), "/v1/boards/groups").json["items"][0]["named"] is False
    own = group.get(group.owner, "/v1/groups").json["items"][0]["name"]
    assert (own["name"], own["status"], own["reason"]) == ("三楼", "refused", "冒用名称")


def test_friends_see_each_other_until_either_ends_it(app: Flask, client: FlaskClient, group: Group) -> None:
    ann, bo = group.owner, group.bo
    acted((ann.holder_id, 100), (bo.holder_id, 250))
    code = group.post(ann, "/v1/friends/code").json["code"]
    assert group.post(ann, "/v1/friends", code=code).json["code"] == "already_friends"
    made = group.post(bo, "/v1/friends", code=code.lower(), label="小安")
    assert (made.status_code, made.json["label"]) == (201, "小安")
    assert group.post(bo, "/v1/friends", code=code).status_code == 409
    board = group.get(bo, "/v1/boards/friends").json
    assert [(each["rank"], each["name"] == "小安", each["own"]) for each in board["items"]] == [
        (1, False, True),
        (2, True, False),
    ]
    seen = group.get(ann, "/v1/boards/friends").json["items"][0]["name"]
    assert seen == group.get(ann, "/v1/friends").json["items"][0]["name"] != "小安"
    client.put("/v1/boards/wish", json={"away": True}, headers=ann.auth)
    assert len(group.get(bo, "/v1/boards/friends").json["items"]) == 1
    [friend] = group.get(ann, "/v1/friends").json["items"]
    assert client.delete(f"/v1/friends/{friend['code']}", headers=ann.auth).status_code == 204
    assert group.get(bo, "/v1/friends").json["items"] == []
    assert db.session.scalar(text("SELECT count(*) FROM friendship")) == 0, "it is forgotten, not hidden"
    assert group.post(bo, "/v1/friends", code=code).json["code"] == "friend_code_unknown"


def test_what_cannot_be_a_board_is_refused_and_never_a_fault(app: Flask, group: Group) -> None:
    for path, status in (
        ("/v1/boards/all?season=1999-Q1", 404),
        ("/v1/boards/all?season=x", 404),
        ("/v1/boards/village", 409),
        ("/v1/boards/all?after=f_________8", 200),
        ("/v1/boards/all?after=gAAAAAAAAAA", 200),
        ("/v1/boards/nothing", 404),
        (f"/v1/boards/groups?kind=zoo&season={boards.this_season()}", 422),
    ):
        assert group.get(group.bo, path).status_code == status, path
    for code in ("", "ÄÖ", "0" * 20, "AAAAAAAAAAA"):
        assert group.post(group.bo, "/v1/groups/joined", code=code).status_code in (404, 422)
        assert group.post(group.bo, "/v1/friends", code=code).status_code in (404, 422)
    assert group.post(group.bo, "/v1/groups", kind="office", name="打 13800138000").status_code == 422


def test_a_board_goes_on_where_the_page_ends(app: Flask, group: Group) -> None:
    acted((group.owner.holder_id, 300), (group.bo.holder_id, 200), (group.cy.holder_id, 100))
    seen, after = [], ""
    while after is not None:
        page = group.get(group.cy, f"/v1/boards/all?limit=1{after}").json
        seen += [line["rank"] for line in page["items"]]
        after = page["next"] and f"&after={page['next']}"
    assert (seen, page["own"]["rank"]) == ([1, 2, 3], 3)


def test_an_act_counts_for_the_season_of_its_day_until_it_is_withdrawn(group: Group) -> None:
    at = (clock.now() - timedelta(hours=3)).isoformat(timespec="seconds")
    act = group.post(group.bo, "/v1/actions", scene="metro", started_at=at, distance_m=8000).json
    deliver()
    season = season_of(date.fromisoformat(act["occurred_on"]))
    assert known.get_score(group.bo.holder_id, season) == act["avoided_g"] > 0
    assert [proof for proof in known.prove_scores() if not proof.holds] == []
    db.session.execute(text("UPDATE season_score SET avoided_g = avoided_g + 1"))
    assert [proof.holds for proof in known.prove_scores()] == [False]
    db.session.rollback()
    group.client.delete(f"/v1/actions/{act['code']}", headers=group.bo.auth)
    deliver()
    assert known.get_score(group.bo.holder_id, season) == 0
    assert [proof for proof in known.prove_scores() if not proof.holds] == []
